"""What central's ledger takes in a second, in this process: on SQLite and on PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import msgspec
from sqlalchemy import text

from msc_console import clock, records, seal
from msc_console.central import changes, ledger, sql
from msc_console.central.db import Central
from msc_console.desk.seat import new_id
from msc_console.domain.model import Person
from msc_console.sync.wire import PAGE_ROWS, PUSH_OPS, Basis, Envelope

from .figures import Figure, missing, of, seconds
from .office import NOTES, acts, fill, office, postgres

RUNS = 7
OPS = 500
PULLED = 850
"""Tickets behind the pages that are read: with their parts 5,100 rows."""


def sealed(device: str, private: bytes, prev: str, counter: int, person: str, ops: int) -> list[Envelope]:
    """The next ops of a device's chain: new tickets with notes."""
    found = []
    for command in acts(ops // (1 + NOTES), person, clock.now()):
        counter += 1
        salt, args = seal.new_salt(), dict(command.args)
        plain = Envelope(
            op=command.id, device=device, inc="i1", counter=counter, prev=prev, actor=person, kind=command.kind, kv=1,
            target=command.target, basis=Basis(), made_at=clock.iso(command.made_at), skew=0,
            body=seal.body_hash(salt, args, {}), sig="", salt=salt, args=args,
        )  # fmt: skip
        signature = seal.sign(private, seal.signed_bytes(msgspec.to_builtins(plain)))
        one = msgspec.structs.replace(plain, sig=signature)
        prev = seal.link(msgspec.to_builtins(one))
        found.append(one)
    return found


def _person(central: Central, login: str) -> Person:
    with central.read() as conn:
        row = conn.execute(text("SELECT * FROM person WHERE login = :login"), {"login": login}).mappings().one()
    return records.from_row(Person, dict(row))


def _push(central: Central, person: Person, device: dict[str, str], ops: Sequence[Envelope]) -> None:
    for start in range(0, len(ops), PUSH_OPS):
        results = ledger.push(central, person, device, ops[start : start + PUSH_OPS], clock.now())
        assert all(result.result == "applied" for result in results), results[0]


def _read(central: Central, person: Person) -> int:
    cursor, came = "", 0
    while True:
        page = changes.read(central, person, cursor, PAGE_ROWS)
        cursor, came = page.cursor, came + len(page.lines)
        if page.up_to_date:
            return came


def on(central: Central, kind: str) -> Iterator[Figure]:
    """Push and read on one database."""
    person, private = _person(central, "rina"), seal.new_device_key()
    device = {"id": new_id(), "public_key": private[1]}
    row = {**device, "person": person.id, "code": "ACD", "state": "active", "name": "bench", "created_at": 0}
    with central.write() as conn:
        conn.execute(sql.insert("device", tuple(row)), row)
    prev, counter, pushed, read = "", 0, [], []
    for _ in range(RUNS + 1):
        ops = sealed(device["id"], private[0], prev, counter, person.id, OPS)
        prev, counter = seal.link(msgspec.to_builtins(ops[-1])), counter + len(ops)
        pushed.append(OPS / seconds(lambda ops=ops: _push(central, person, device, ops)))  # type: ignore[misc]
    fill(central, PULLED)
    for _ in range(RUNS + 1):
        came: list[int] = []
        taken = seconds(lambda came=came: came.append(_read(central, person)))  # type: ignore[misc]
        read.append(came[0] / taken)
    yield of(f"ledger push, {kind}", pushed[1:], "ops/s", f"{OPS} ops by {PUSH_OPS}, signatures checked")
    yield of(f"feed read, {kind}", read[1:], "rows/s", f"pages of {PAGE_ROWS}")


def measure() -> Iterator[Figure]:
    """Both databases, one after the other."""
    with office() as place:
        yield from on(place.central, "SQLite")
    with ExitStack() as after:
        try:
            url = after.enter_context(postgres())
        except OSError as error:
            yield missing("ledger push, PostgreSQL", str(error))
            return
        place = after.enter_context(office(url))
        yield from on(place.central, "PostgreSQL")

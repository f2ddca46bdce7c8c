"""One person of each role before the same centre: a ticket of theirs, a ticket of others, and words for few.

Each thing that must not travel bears a mark, so that any reply of any route can be searched for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from uuid_utils import uuid7

from msc_console import records
from msc_console.central import ledger, masterkey, scripts, setup, sql, tokens
from msc_console.central.centre import parse
from msc_console.central.db import Central
from msc_console.central.system import op_id
from msc_console.domain.commands import Command
from msc_console.domain.model import Person
from msc_console.domain.terms import Role
from msc_console.sync.wire import TokenAsk
from tests.central.service.conftest import Hands, Laptop, Place, running

ROLES = [role for role in Role if role is not Role.SYSTEM]

FOREIGN, NOTE, REPLY, ADDRESS, IMPORTED, WHY = (
    "tanda-antrean-lain",
    "tanda-catatan-dalam",
    "tanda-balasan",
    "tanda-alamat",
    "tanda-impor",
    "tanda-alasan-eskalasi",
)
MARKS = (FOREIGN, NOTE, REPLY, ADDRESS, IMPORTED, WHY)

CENTRE = """
[site]
name = "Pusat Uji"
zone = "Asia/Jakarta"
enrolment = "open"
[[queue]]
key = "triage"
name = "Triase"
[[queue]]
key = "khusus"
name = "Khusus"
[[service]]
key = "pos"
name = "POS"
[[person]]
login = "asing"
name = "Asing"
role = "agent"
queues = ["khusus"]
[policy]
version = 1
""" + "".join(
    f'[[person]]\nlogin = "{role.replace("_", "-")}"\nname = "{role.title()}"\nrole = "{role}"\n'
    f'tier = "{"l1" if role == Role.RESOLVER else "l0"}"\nqueues = ["triage"]\nskills = {{ voice = 2 }}\n'
    for role in ROLES
)


@dataclass
class Caller:
    """Who asks: a person on a laptop of theirs, with what their request bears."""

    role: Role
    laptop: Laptop
    session: str
    """Their good access token."""
    bears: str | None = None
    """The token that the request bears instead."""


@dataclass(frozen=True)
class Script:
    """A service token and its id."""

    id: str
    token: str


@dataclass
class Hall:
    """The centre at work."""

    place: Place
    url: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    own: str = op_id("hall own", "ticket")
    foreign: str = op_id("hall foreign", "ticket")
    contact: str = op_id("hall contact", "contact")
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    @property
    def central(self) -> Central:
        return self.place.central

    def tell(self, name: str, kind: str, actor: str, target: str, /, **args: Any) -> None:
        """An act of somebody here, on things as they are."""
        self.place.hands.move(seconds=1)
        person = self.people[actor]["id"]
        command = Command(
            id=op_id(name), kind=kind, actor=person, target=target, args=args, made_at=self.place.hands.at
        )
        (result,) = ledger.system(self.central, [command], self.place.hands.at)
        assert result.result == "applied", (name, result)

    def put_aside(self, login: str, ticket: str, body: str) -> str:
        """A note that somebody made while they might, and that arrived while their account was off; its op."""
        caller, now = self.caller(login), self.place.hands.at
        note = caller.laptop.op("entry.note", ticket, {"body": body}, now - timedelta(days=1))
        for active in (0, 1):
            with self.central.write() as conn:
                conn.execute(
                    text("UPDATE person SET active = :on WHERE login = :login"), {"on": active, "login": login}
                )
                person = records.from_row(Person, tokens.by_id(conn, "person", caller.laptop.person))
                device = tokens.by_id(conn, "device", caller.laptop.device)
            if not active:
                (result,) = ledger.push(self.central, person, device, [note], now)
                assert result.result == "quarantined", result
        return note.op

    def caller(self, login: str) -> Caller:
        """Somebody signed in a moment ago on a new laptop."""
        now, person, laptop = self.place.hands.at, self.people[login], Laptop.new()
        device = {
            "id": str(uuid7()), "person": person["id"], "public_key": laptop.public, "code": str(uuid7())[-6:].upper(),
            "state": "active", "name": "uji", "created_at": 0, "last_seen_at": 0,
        }  # fmt: skip
        laptop.device, laptop.person = device["id"], person["id"]
        with self.central.write() as conn:
            conn.execute(sql.insert("device", tuple(device)), device)
            row = tokens.by_id(conn, "device", laptop.device)
            granted = tokens.grant(conn, self.place.key, person, row, tokens.new_id(), now)
        return Caller(Role(person["role"]), laptop, granted.access, granted.access)

    def of(self, role: Role) -> Caller:
        return self.caller(role.replace("_", "-"))

    def script(self, owner: str, *scopes: str, networks: Sequence[str] = ("127.0.0.0/8",)) -> Script:
        """A service token of somebody by their id, whatever their role."""
        with self.central.read() as conn:
            person = records.from_row(Person, tokens.by_id(conn, "person", owner))
        ask = TokenAsk(name="skrip", scopes=list(scopes), networks=list(networks), days=30)
        made = scripts.create(self.central, person, ask, self.place.hands.at)
        return Script(made.info.id, made.token)

    def spoilt(self, how: str) -> Caller:
        """An agent whose request bears no token that is good for a session."""
        caller, now = self.of(Role.AGENT), self.place.hands.at
        if how == "none":
            caller.bears = None
        elif how == "wrong":
            caller.bears = "x" * 43
        elif how == "revoked":
            with self.central.write() as conn:
                tokens.end(conn, caller.laptop.person, now)
        else:
            caller.bears = tokens.new_token()
            with self.central.write() as conn:
                tokens.store(
                    conn,
                    token=caller.bears,
                    kind="access" if how == "expired" else how,
                    person=caller.laptop.person,
                    device=caller.laptop.device,
                    family="f",
                    now=now,
                    until=now + timedelta(minutes=-1 if how == "expired" else 5),
                )
        return caller


def _fill(hall: Hall) -> None:
    tell = hall.tell
    tell("contact", "contact.create", "agent", hall.contact, name="Ana",
         addresses=[{"channel": "email", "value": f"{ADDRESS}@bank.example"}])  # fmt: skip
    made = {"urgency": "high", "impact": "low", "channel": "email", "kind": "incident"}
    tell("own", "ticket.create", "agent", hall.own, subject="Meterai gagal", queue="triage", contact=hall.contact,
         take=True, **made)  # fmt: skip
    tell("note", "entry.note", "agent", hall.own, body=f"Dari dalam: {NOTE}")
    tell("reply", "entry.reply", "agent", hall.own, body=f"Yth. Ana: {REPLY}")
    tell("hop", "escalation.raise", "agent", hall.own, tier="l1", reason=f"Kami tidak tahu: {WHY}")
    tell("foreign", "ticket.create", "asing", hall.foreign, subject=f"Lain: {FOREIGN}", queue="khusus", **made)
    tell("foreign note", "entry.note", "asing", hall.foreign, body=FOREIGN)
    with hall.central.write() as conn:
        conn.execute(text("UPDATE ticket SET source = :told"), {"told": f'{{"caller":"{IMPORTED}"}}'})


@contextmanager
def open_hall(central_url: str, folder: Path) -> Iterator[Hall]:
    """The centre, served on a free port. The environment names the master key's file."""
    hands, centre = Hands(), parse(CENTRE)
    setup.init(central_url, centre, hands.at)
    central = Central.open(central_url)
    try:
        hall = Hall(Place(central_url, central, masterkey.load(folder / "central.key"), hands, centre, {}))
        with central.read() as conn:
            hall.people = {row["login"]: dict(row) for row in sql.rows(conn, text("SELECT * FROM person"))}
        _fill(hall)
        with running(hall.place, wait_seconds=0.05, describe=True) as hall.url, hall.client:
            yield hall
    finally:
        central.close()

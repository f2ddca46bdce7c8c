"""Fills a new central with the demo: customers, articles, and a day's work told afterwards through the real rules.

Nothing is written past the rules that a rule exists for: tickets and their timeline come from `ledger.system` with the
times of the story. Passwords and authenticator secrets are made here, handed to the caller and kept nowhere else.
"""

import secrets
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import text

from .. import records
from ..clock import iso
from ..demo import customers, library, stories
from ..demo.script import Act
from ..domain.commands import Command
from ..domain.model import Article, Organisation, Person
from ..domain.scope import CUSTOMERS, KNOWLEDGE
from ..domain.terms import Delivery, Op, Result
from ..errors import UsageError
from . import feed, ledger, masterkey, sql
from .db import Central
from .passwords import AT_ONCE
from .setup import Enrolment, announce, enrol, passwords_of, require_site
from .system import SYSTEM, deliver

CHUNK = 100
"""Commands per transaction."""
KNOWN_FOR = timedelta(days=200)
"""How long before the story the customers have been known."""
ON_THE_WAY = timedelta(seconds=4)
"""What a reply of the story took to be handed over."""

_SPACE = uuid.UUID("0b6f1d0a-5f0e-5c7e-9a3e-2f6f7d3c1a55")
_SYLLABLES = [a + b for a in "bdfgjklmnprstw" for b in "aeiou"]


@dataclass(frozen=True, slots=True)
class WayIn:
    """One person's credentials, shown once."""

    login: str
    password: str
    enrolment: Enrolment


@dataclass(frozen=True, slots=True)
class Seeded:
    acts: int
    refused: tuple[str, ...]
    """Acts of the story that the rules did not let pass: none, unless story and rules have come apart."""
    people: tuple[WayIn, ...]


def seed(url: str, now: datetime, number: int = 1) -> Seeded:
    """Fills the set-up central at `url`. UsageError when it holds tickets already or lacks the demo's people."""
    central = Central.open(url)
    try:
        with central.read() as conn:
            meta = require_site(conn)
            if conn.execute(text("SELECT 1 FROM ticket LIMIT 1")).scalar():
                raise UsageError("central_not_empty")
            rows = sql.rows(conn, sql.select("person", "1 = 1"))
        persons = {row["login"]: records.from_row(Person, row) for row in rows}
        organisations = _things(central, now)
        commands = [*_contacts(now, organisations), *_story(number, now, persons)]
        told = {login: _password() for login in sorted(persons)}
        # Hashing takes most of the time on purpose, and leaves Python free: it runs beside the story.
        with ThreadPoolExecutor(AT_ONCE) as beside:
            hashes = beside.map(passwords_of(meta).hash, told.values())
            refused = _apply(central, commands)
            hashed = dict(zip(told, hashes, strict=True))
        people = _people(central, url, meta, persons, told, hashed, now)
        return Seeded(acts=len(commands), refused=tuple(refused), people=people)
    finally:
        central.close()


def _id(*parts: object) -> str:
    return str(uuid.uuid5(_SPACE, "|".join(map(str, parts))))


def _things(central: Central, now: datetime) -> dict[str, Organisation]:
    """Organisations and articles, for which this version has no command. Returns the organisations by local key."""
    organisations = {
        row.key: Organisation(id=_id("organisation", row.key), ver=1, name=row.name, b2b=row.b2b, contract=row.contract)
        for row in customers.COMPANIES
    }
    things: list[tuple[str, str, Organisation | Article]] = [
        *(("organisation", CUSTOMERS, row) for row in organisations.values()),
        *(("article", KNOWLEDGE, row) for row in library.articles(now)),
    ]
    with central.write() as conn:
        for entity, _group, row in things:
            conn.execute(sql.upsert(entity), records.to_row(row))
        changes = [
            feed.Change(entity=entity, id=row.id, ver=row.ver, put_groups=frozenset({group}))
            for entity, group, row in things
        ]
        announce(conn, changes, now)
    return organisations


def _contacts(now: datetime, organisations: dict[str, Organisation]) -> Iterator[Command]:
    for customer in customers.CUSTOMERS:
        args = {
            "name": customer.name,
            "language": "id",
            "addresses": [{"channel": str(item.channel), "value": item.value} for item in customer.addresses],
        }
        if customer.organisation:
            args["organisation"] = organisations[customer.organisation].id
        yield Command(
            id=_id("contact", customer.key, "create"),
            kind=Op.CONTACT_CREATE,
            actor=SYSTEM.id,
            target=_id("contact", customer.key),
            args=args,
            made_at=now - KNOWN_FOR,
        )


def _story(number: int, now: datetime, persons: dict[str, Person]) -> Iterator[Command]:
    """The acts of the story as commands. A reply is followed by its delivery, which its clocks count from."""
    raised: dict[str, int] = {}
    for place, act in enumerate(stories.acts(number, now)):
        command = _command(number, place, act, persons, raised)
        yield command
        if act.kind == Op.ENTRY_REPLY:
            yield deliver(command.target, command.id, Delivery.SENT, act.at + ON_THE_WAY)


def _command(number: int, place: int, act: Act, persons: dict[str, Person], raised: dict[str, int]) -> Command:
    args = dict(act.args)
    if "contact" in args:
        args["contact"] = _id("contact", args["contact"])
    if "hop" in args:
        args["hop"] = _id(number, args["hop"])
    id = _id(number, "act", place)
    if act.kind == Op.ESCALATION_RAISE:
        # A hop bears the id of the op that raised it, and the story names it by its place among the ticket's own.
        raised[act.ticket] = raised.get(act.ticket, 0) + 1
        id = _id(number, f"esc:{act.ticket}:{raised[act.ticket]}")
    if act.login is not None and act.login not in persons:
        raise UsageError("person_unknown", login=act.login)
    return Command(
        id=id,
        kind=act.kind,
        actor=persons[act.login].id if act.login is not None else SYSTEM.id,
        target=_id(number, "ticket", act.ticket),
        args=args,
        made_at=act.at,
    )


def _apply(central: Central, commands: Iterable[Command]) -> list[str]:
    """Runs commands through the rules in chunks; returns those that were not applied, with the reason."""
    refused = []
    todo = iter(commands)
    while chunk := list(islice(todo, CHUNK)):
        for command, result in zip(chunk, ledger.system(central, chunk), strict=True):
            if result.result not in (Result.APPLIED, Result.MERGED):
                refused.append(f"{iso(command.made_at)} {command.kind} {result.result} {result.reason} {result.data}")
    with central.write() as conn:
        # The story's replies went out in the past: none of them may leave the house now.
        conn.execute(text("UPDATE dispatch SET state = 'sent' WHERE state = 'queued'"))
    return refused


def _people(
    central: Central,
    url: str,
    meta: dict[str, str],
    persons: dict[str, Person],
    told: dict[str, str],
    hashed: dict[str, str],
    now: datetime,
) -> tuple[WayIn, ...]:
    """Gives everybody of the set-up their password, by login in `told` and `hashed`, and a seed."""
    key = masterkey.load(masterkey.path_for(url))
    with central.write() as conn:
        return tuple(
            WayIn(login, told[login], enrol(conn, key, persons[login], hashed[login], meta["site_name"], now))
            for login in told
        )


def _password() -> str:
    """Eight syllables in four words: 49 bits, and can be typed from a screen."""
    return "-".join(secrets.choice(_SYLLABLES) + secrets.choice(_SYLLABLES) for _ in range(4))

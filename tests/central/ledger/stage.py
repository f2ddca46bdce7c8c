"""A small centre for ledger tests: people, laptops that seal ops, and a laptop's cache as the feed makes it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from uuid_utils import uuid7

from msc_console import records, seal
from msc_console.central import changes, feed, ledger, sql, standing
from msc_console.central.db import Central
from msc_console.clock import iso
from msc_console.domain.model import Person, Queue
from msc_console.domain.scope import COMMON
from msc_console.domain.terms import Role, Tier
from msc_console.sync.wire import Basis, Envelope, Line, OpResult

NOW = datetime(2026, 11, 24, 3, 0, 0, tzinfo=UTC)


def new_id() -> str:
    return str(uuid7())


def person(login: str, role: Role = Role.AGENT, queues: Iterable[str] = ("umum",), tier: Tier = Tier.L0) -> Person:
    return Person(id=new_id(), ver=1, login=login, name=login.title(), role=role, tier=tier, queues=tuple(queues))


@dataclass
class Laptop:
    """A device of a person: it seals commands into a chain and pushes them."""

    central: Central
    person: Person
    id: str = field(default_factory=new_id)
    inc: str = "i1"
    counter: int = 0
    prev: str = ""

    def __post_init__(self) -> None:
        self.private, self.public = seal.new_device_key()
        row = {
            "id": self.id, "person": self.person.id, "public_key": self.public, "code": self.id[-8:], "state": "active",
            "name": "uji", "created_at": 0,
        }  # fmt: skip
        with self.central.write() as conn:
            conn.execute(sql.insert("device", tuple(row)), row)

    @property
    def row(self) -> dict[str, Any]:
        return {"id": self.id, "public_key": self.public}

    def seal(self, kind: str, target: str, args: dict[str, Any] | None = None, /, **fields: Any) -> Envelope:
        """The next op of the chain; `fields` override any field of the envelope before it is signed."""
        self.counter += 1
        args, salt, before = args or {}, fields.pop("salt", seal.new_salt()), fields.pop("before", {})
        plain = Envelope(
            op=new_id(), device=self.id, inc=self.inc, counter=self.counter, prev=self.prev, actor=self.person.id,
            kind=kind, kv=1, target=target, basis=Basis(), made_at=iso(NOW), skew=0,
            body=seal.body_hash(salt, args, before), sig="", salt=salt, args=args, before=before,
        )  # fmt: skip
        if isinstance(fields.get("basis"), dict):
            fields["basis"] = Basis(**fields["basis"])
        plain = msgspec.structs.replace(plain, **fields)
        signature = seal.sign(self.private, seal.signed_bytes(msgspec.to_builtins(plain)))
        sealed = msgspec.structs.replace(plain, sig=signature)
        self.prev = seal.link(msgspec.to_builtins(sealed))
        return sealed

    def push(self, *envelopes: Envelope, now: datetime = NOW) -> list[OpResult]:
        return ledger.push(self.central, self.person, self.row, list(envelopes), now)

    def do(self, kind: str, target: str, args: dict[str, Any] | None = None, /, **fields: Any) -> OpResult:
        """Seals and pushes one op."""
        now = fields.pop("now", NOW)
        return self.push(self.seal(kind, target, args, **fields), now=now)[0]

    def create(self, queue: str = "umum", **args: Any) -> str:
        """A new ticket; its id."""
        ticket = new_id()
        result = self.do("ticket.create", ticket, {"subject": "Stempel gagal", "queue": queue, **args})
        assert result.result == "applied", result
        return ticket


@dataclass
class Cache:
    """What a laptop holds after reading the feed: the rules of the protocol in their shortest form."""

    central: Central
    person: Person
    cursor: str = ""
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def pull(self, limit: int = 500, now: datetime = NOW) -> list[Line]:
        """Reads to the end; all lines that came."""
        seen: list[Line] = []
        while True:
            page = changes.read(self.central, self.person, self.cursor, limit, now)
            self.cursor = page.cursor
            for line in page.lines:
                self.take(line)
            seen += page.lines
            if page.up_to_date:
                return seen

    def take(self, line: Line) -> None:
        if line.t == "put":
            assert isinstance(line.d, dict)
            self.rows[line.entity, line.id] = line.d
            return
        self.rows.pop((line.entity, line.id), None)
        if line.entity == "ticket":
            self.rows = {key: row for key, row in self.rows.items() if row.get("ticket") != line.id}

    def ids(self, entity: str) -> set[str]:
        return {id for kind, id in self.rows if kind == entity}


@dataclass
class Stage:
    """The centre: queues `umum` and `khusus`, and who works there."""

    central: Central
    rina: Person
    budi: Person
    sari: Person
    lead: Person
    engineer: Person

    def laptop(self, who: Person) -> Laptop:
        return Laptop(self.central, who)

    def change(self, who: Person, at: datetime = NOW, /, **values: Any) -> Person:
        """A person's row changed and announced, as the set-up does it."""
        changed = replace(who, ver=who.ver + 1, **values)
        with self.central.write() as conn:
            conn.execute(sql.upsert("person"), records.to_row(changed))
            standing.note(conn, changed, at)
            announced = feed.Change(entity="person", id=who.id, ver=changed.ver, put_groups=frozenset({COMMON}))
            feed.announce(conn, [announced], at=NOW)
        return changed

    def row(self, entity: str, id: str) -> dict[str, Any]:
        with self.central.read() as conn:
            return dict(sql.by_ids(conn, sql.select(entity, "id IN :ids"), [id])[0])

    def row_code(self, op: str) -> str:
        """Central's word on an op, as it stands."""
        return str(self.scalar("SELECT code FROM op WHERE op_id = :op", op=op))

    def scalar(self, statement: str, **binds: Any) -> Any:
        with self.central.read() as conn:
            return conn.execute(text(statement), binds).scalar()


def set_up(central: Central) -> Stage:
    """People and queues, announced as the set-up would."""
    stage = Stage(
        central,
        rina=person("rina"),
        budi=person("budi"),
        sari=person("sari", queues=("khusus",)),
        lead=person("lena", Role.SUPERVISOR, ("umum", "khusus")),
        engineer=person("eko", Role.RESOLVER, (), Tier.L1),
    )
    people = [stage.rina, stage.budi, stage.sari, stage.lead, stage.engineer]
    queues = [Queue(id=new_id(), ver=1, key=key, name=key) for key in ("umum", "khusus")]
    with central.write() as conn:
        sql.many(conn, sql.upsert("person"), [records.to_row(item) for item in people])
        for item in people:
            standing.note(conn, item, NOW - timedelta(days=1))
        sql.many(conn, sql.upsert("queue"), [records.to_row(item) for item in queues])
        rows = [("person", item.id) for item in people] + [("queue", item.id) for item in queues]
        announced = [feed.Change(entity=entity, id=id, ver=1, put_groups=frozenset({COMMON})) for entity, id in rows]
        feed.announce(conn, announced, at=NOW - timedelta(days=1))
    return stage

"""The real central of a simulated centre, answering HTTP requests in this process; and what befalls them on the way.

Its routes are the thinnest possible: the bodies of requests and replies are the real ones, so that the laptop's real
transport reads them.
"""

import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import msgspec
from sqlalchemy import text

from msc_console import records, seal
from msc_console.central import changes, compact, feed, ledger, masterkey, setup, sql, tick, tokens
from msc_console.central.centre import Centre, PersonSpec, parse
from msc_console.central.db import Central
from msc_console.central.passwords import TEST
from msc_console.central.problems import ProblemError
from msc_console.central.system import SYSTEM, op_id
from msc_console.clock import iso
from msc_console.domain.commands import Command
from msc_console.domain.model import Address, Contact
from msc_console.domain.scope import CUSTOMERS
from msc_console.domain.terms import Channel
from msc_console.identity.vault import Secrets
from msc_console.sync.wire import PUSH_OPS, Hello, Limits, Line, Push, PushReply, Refresh, Site, Tokens

from .chance import BEGIN, Chance
from .replies import NDJSON, json_reply, kind, newer, problem_reply, refusal

CACHE_KEY = bytes(range(32))
CENTRE = """
[site]
name = "Pusat Simulasi"
zone = "Asia/Jakarta"
[[queue]]
key = "umum"
name = "Umum"
[[queue]]
key = "khusus"
name = "Khusus"
[[queue]]
key = "triage"
name = "Triase"
[[service]]
key = "pos"
name = "POS"
[[person]]
login = "rina"
name = "Rina"
role = "agent"
queues = ["umum", "triage"]
[[person]]
login = "budi"
name = "Budi"
role = "agent"
queues = ["umum", "khusus"]
[[person]]
login = "lena"
name = "Lena"
role = "supervisor"
queues = ["umum", "khusus", "triage"]
[[person]]
login = "eko"
name = "Eko"
role = "resolver"
tier = "l1"
[[duty]]
tier = "l1"
persons = ["eko"]
[policy]
version = 1
"""
PEOPLE = ("rina", "budi", "lena", "eko")
QUEUES = ("umum", "khusus", "triage")
CONTACT = "0197c390-1111-7000-8000-0000000000c1"
CODES = {"rina": "RNA", "budi": "BDI", "lena": "LNA", "eko": "EKO"}
KEY = masterkey.MasterKey(bytes(range(32, 64)))

STATUSES = (401, 403, 409, 410, 413, 426, 429, 500, 503)
FAULTS = (
    "lost", "reply_lost", "timeout", "cut", "doubled", "late", "portal", "wrong_type", "html_503",
    "newer_fields", "newer_lines", *map(str, STATUSES),
)  # fmt: skip
"""What may befall a request. `late`: it arrives after the laptop has given up; `doubled`: it arrives twice."""
LATE_MS = 90_000


def _secret(login: str) -> bytes:
    return (login * 32).encode()[:32]


@cache
def _template() -> Path:
    """A SQLite central that was set up once, with everybody's laptop known to it."""
    path = Path(tempfile.mkdtemp(prefix="msc-sim-")) / "central.db"
    with Chance(0).in_force():
        furnish(f"sqlite:///{path}")
    return path


def furnish(url: str) -> None:
    """Set the centre up: people, queues, laptops, a contact who can be written to."""
    key_file = Path(tempfile.mkdtemp(prefix="msc-sim-")) / "central.key"
    with patch.dict("os.environ", {masterkey.VARIABLE: str(key_file)}):
        setup.init(url, parse(CENTRE), BEGIN - timedelta(days=1), TEST)
    central = Central.open(url)
    try:
        with central.write() as conn:
            for login in PEOPLE:
                person = conn.execute(text("SELECT id FROM person WHERE login = :login"), {"login": login}).scalar_one()
                row = {
                    "id": f"0197c39f-0000-7000-8000-00000000d{PEOPLE.index(login):03}", "person": person,
                    "public_key": seal.public_key(_secret(login)), "code": CODES[login], "state": "active",
                    "name": "simulasi", "created_at": 0,
                }  # fmt: skip
                conn.execute(sql.insert("device", tuple(row)), row)
            contact = Contact(
                id=CONTACT, ver=1, name="Andi Prasetyo", organisation_name="Bank Sagara", created_at=BEGIN,
                addresses=(Address(channel=Channel.EMAIL, value="andi@sagara.example"),),
            )  # fmt: skip
            conn.execute(sql.upsert("contact"), records.to_row(contact))
            told = feed.Change(entity="contact", id=CONTACT, ver=1, put_groups=frozenset({CUSTOMERS}))
            feed.announce(conn, [told], at=BEGIN)
        ledger.system(central, [_opened(n, queue) for n, queue in enumerate(("umum", "umum", "khusus", "triage"))])
    finally:
        central.close()


def _opened(number: int, queue: str) -> Command:
    """A ticket that is there from the start."""
    args = {"subject": f"Tiket {number}", "queue": queue, "contact": CONTACT, "channel": "email"}
    name = f"simulation {number}"
    return Command(
        id=op_id(name), kind="ticket.create", actor=SYSTEM.id, target=op_id(name, "ticket"), args=args, made_at=BEGIN
    )


class Office:
    """Central with its files. `limits`: device name -> most rows of a page, most ops of a push."""

    def __init__(self, chance: Chance, folder: Path, url: str | None = None) -> None:
        self.chance = chance
        self.folder = folder
        self.path: Path | None = None
        if url is None:
            self.path = folder / "central.db"
            shutil.copyfile(_template(), self.path)
            url = f"sqlite:///{self.path}"
        else:
            furnish(url)
        self.url = url
        self.central = Central.open(url)
        self.centre: Centre = parse(CENTRE)
        self.kept: list[tuple[Path, Centre, int]] = []
        self.spent = 0
        """Feed positions up to here may be gone: the feed was compacted."""
        self.post: list[tuple[int, httpx.Request]] = []
        """Requests that were given up by their laptop and still arrive: (ms, request)."""
        self.version = "1"
        self.pages: dict[str, int] = {}
        self.pushes: dict[str, int] = {}
        self.requests = 0
        self.counts: dict[str, int] = {}

    def close(self) -> None:
        self.central.close()

    # -- what befalls central itself

    def restart(self) -> None:
        """Another process on the same database."""
        self.central.close()
        self.central = Central.open(self.url)

    def keep(self) -> None:
        """A copy of its files as they are now."""
        if self.path is None:
            return
        copy = self.folder / f"kept-{len(self.kept)}.db"
        with self.central.write() as conn:  # nobody writes meanwhile
            conn.exec_driver_sql("SELECT 1")
        self.central.close()
        shutil.copyfile(self.path, copy)
        self.kept.append((copy, self.centre, self.spent))
        self.central = Central.open(self.url)

    def roll_back(self) -> bool:
        """Restored from the newest copy, under a new generation as the operator's manual says. False without one."""
        if not self.kept or self.path is None:
            return False
        self.central.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        copy, self.centre, self.spent = self.kept[-1]
        shutil.copyfile(copy, self.path)
        self.central = Central.open(self.url)
        with self.central.write() as conn:
            conn.execute(text("UPDATE feed_head SET generation = :fresh"), {"fresh": self.chance.token_hex(8)})
        return True

    def tick(self) -> None:
        """Its heartbeat."""
        tick.tick(self.central, self.chance.now())

    def compact(self, days: int) -> None:
        """The feed is compacted, as it would be so many days from now."""
        with self.central.read() as conn:
            self.spent = feed.head(conn).seq
        compact.run(self.central, self.chance.now() + timedelta(days=days))

    def people(self, login: str, **values: Any) -> None:
        """A person of the set-up file, changed."""
        persons = tuple(
            replace(person, **values) if person.login == login else person for person in self.centre.persons
        )
        self._apply(persons)

    def switch(self, login: str, *, on: bool) -> None:
        """A person leaves the set-up file, or comes back to it."""
        there = {person.login: person for person in self.centre.persons}
        if on and login not in there:
            first = {person.login: person for person in parse(CENTRE).persons}
            self._apply((*self.centre.persons, first[login]))
        elif not on and login in there:
            self._apply(tuple(person for person in self.centre.persons if person.login != login))

    def active(self, login: str) -> bool:
        return any(person.login == login for person in self.centre.persons)

    def _apply(self, persons: tuple[PersonSpec, ...]) -> None:
        logins = {person.login for person in persons}
        duty = tuple(row for row in parse(CENTRE).duty if set(row.persons) <= logins)
        self.centre = replace(self.centre, persons=persons, duty=duty)
        with self.central.write() as conn:
            setup._write(conn, self.centre, self.chance.now())

    def sign_in(self, login: str) -> Tokens:
        """A fresh session of the person on their laptop, as after password and code."""
        with self.central.write() as conn:
            person = dict(conn.execute(text("SELECT * FROM person WHERE login = :l"), {"l": login}).mappings().one())
            device = dict(
                conn.execute(text("SELECT * FROM device WHERE person = :p"), {"p": person["id"]}).mappings().one()
            )
            return tokens.grant(conn, person, device, tokens.new_id(), self.chance.now())

    def secrets(self, login: str) -> Secrets:
        """What the vault of this person's laptop holds."""
        with self.central.read() as conn:
            row = conn.execute(
                text("SELECT d.id, d.person FROM device d JOIN person p ON p.id = d.person WHERE p.login = :l"),
                {"l": login},
            ).one()
        return Secrets(data_key=CACHE_KEY, device_key=_secret(login), device=row[0], code=CODES[login], person=row[1])

    # -- requests

    def deliver_late(self) -> None:
        """Let arrive what is due."""
        due = [request for at, request in self.post if at <= self.chance.ms]
        self.post = [(at, request) for at, request in self.post if at > self.chance.ms]
        for request in due:
            with self.chance.seen_by(timedelta()):
                self._answer(request, "")

    def serve(self, laptop: str, fault: str | None, request: httpx.Request) -> httpx.Response:
        """The reply to a laptop's request, or what it looks like to the laptop when `fault` befalls it."""
        self.requests += 1
        path = request.url.path
        self.counts[path] = self.counts.get(path, 0) + 1
        with self.chance.seen_by(timedelta()):
            reply = self._serve(laptop, fault, request)
        return httpx.Response(reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content))

    def _serve(self, laptop: str, fault: str | None, request: httpx.Request) -> httpx.Response:
        match fault:
            case None:
                return self._answer(request, laptop)
            case "lost":
                raise httpx.ConnectError("no route")
            case "late":
                self.post.append((self.chance.ms + LATE_MS, request))
                raise httpx.ReadTimeout("silence")
            case "portal":
                return httpx.Response(200, html="<html>Sign in to the guest network</html>")
            case "html_503":
                return httpx.Response(503, html="<html>upstream is gone</html>", headers={"retry-after": "20"})
            case "doubled":
                self._answer(request, laptop)
                return self._answer(request, laptop)
            case "reply_lost":
                self._answer(request, laptop)
                raise httpx.RemoteProtocolError("closed")
            case "timeout":
                self._answer(request, laptop)
                raise httpx.ReadTimeout("too late")
            case "cut":
                whole = self._answer(request, laptop)
                return httpx.Response(
                    whole.status_code, content=whole.content[: len(whole.content) * 2 // 3], headers=kind(whole)
                )
            case "wrong_type":
                whole = self._answer(request, laptop)
                return httpx.Response(whole.status_code, content=whole.content, headers={"content-type": "text/plain"})
            case "newer_fields" | "newer_lines":
                return newer(self._answer(request, laptop), fault)
        return refusal(int(fault))

    def _answer(self, request: httpx.Request, laptop: str) -> httpx.Response:
        try:
            return self._route(request, laptop)
        except ProblemError as error:
            return problem_reply(error)
        except changes.CursorExpired:
            return problem_reply(ProblemError("cursor_expired"))

    def _route(self, request: httpx.Request, laptop: str) -> httpx.Response:
        now = self.chance.now()
        match request.method, request.url.path:
            case "GET", "/v1/hello":
                return json_reply(self._hello(laptop))
            case "POST", "/v1/session/refresh":
                asked = msgspec.json.decode(request.content, type=Refresh)
                return json_reply(tokens.renew(self.central, KEY, asked, now))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        session = tokens.authenticate(self.central, bearer, "access", now)
        match request.method, request.url.path:
            case "POST", "/v1/push":
                push = msgspec.json.decode(request.content, type=Push)
                if push.device != session.device["id"]:
                    raise ProblemError("forbidden")
                if len(push.ops) > self.pushes.get(laptop, PUSH_OPS):
                    raise ProblemError("too_large", ops=PUSH_OPS)
                results = ledger.push(self.central, session.person, session.device, push.ops, now)
                return json_reply(PushReply(server_time=iso(now), results=results))
            case "GET", "/v1/changes":
                limit = min(int(request.url.params["limit"]), self.pages.get(laptop, 500))
                return self._page(request.url.params.get("cursor", ""), session, limit)
        raise ProblemError("not_found")

    def _hello(self, laptop: str) -> Hello:
        with self.central.read() as conn:
            meta = {row.key: row.value for row in conn.execute(text("SELECT key, value FROM meta"))}
            generation = feed.head(conn).generation
        site = Site(meta["site_id"], meta["site_name"], meta["site_zone"])
        limits = Limits(push_ops=self.pushes.get(laptop, PUSH_OPS))
        now = iso(self.chance.now())
        return Hello("msc-console", self.version, 1, 1, 1, generation, site, now, limits)

    def _page(self, cursor: str, session: tokens.Session, limit: int) -> httpx.Response:
        now = self.chance.now()
        page = changes.read(self.central, session.person, cursor, limit, now)
        end = Line("end", cursor=page.cursor, rows=len(page.lines), up_to_date=page.up_to_date, server_time=iso(now))
        body = b"".join(msgspec.json.encode(line) + b"\n" for line in [*page.lines, end])
        return httpx.Response(200, content=body, headers={"content-type": NDJSON})

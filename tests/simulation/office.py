"""The real central of a simulated centre, and what befalls it: restarts, restores, compaction, other rights."""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import httpx
from sqlalchemy import text

from msc_console import packing
from msc_console.central import backup, compact, erasure, feed, people, restore, setup, tick, tokens
from msc_console.central.centre import Centre, PersonSpec, parse
from msc_console.central.db import Central
from msc_console.central.system import SYSTEM
from msc_console.identity.vault import Secrets
from msc_console.sync.wire import PUSH_OPS, Tokens

from .chance import Chance
from .deeds import POISON
from .replies import Reply
from .routes import SPEECHES, Routes
from .setting import CACHE_KEY, CENTRE, CODES, KEY, furnish, secret, template
from .way import Way


@dataclass(frozen=True)
class Pushed:
    """A push with its answer. `most`: how many ops it might have held; `poison`: those that central trips over."""

    ops: list[str]
    octets: int
    most: int
    answers: list[tuple[str, str | None]]
    """Op and reason."""
    poison: frozenset[str]


class Office:
    """Central with its database, its one process (`routes`) and the line to it (`way`)."""

    def __init__(self, chance: Chance, folder: Path, url: str | None = None) -> None:
        self.chance = chance
        self.folder = folder
        if url is None:
            shutil.copyfile(template(), folder / "central.db")
            url = f"sqlite:///{folder / 'central.db'}"
        else:
            furnish(url)
        self.url = url
        self.centre: Centre = parse(CENTRE)
        self.kept: list[tuple[Path, Centre, int]] = []
        """Backups, with the set-up of their time and how far the feed had been compacted."""
        self.spent = 0
        """Feed positions up to here may be gone: the feed was compacted."""
        self._places = 0
        self.central = Central.open(url)
        self.routes = Routes(self.central, chance.now, chance.monotonic)
        self.way = Way(chance, self._answer)
        self.pushed: list[Pushed] = []
        """Pushes that were answered since somebody looked."""

    def place(self, name: str) -> Path:
        """A folder that is not there yet, for another copy of a laptop's files."""
        self._places += 1
        return self.folder / f"{name}~{self._places}"

    def close(self) -> None:
        self.routes.close()
        self.central.close()

    def _answer(self, request: httpx.Request, laptop: str) -> Reply:
        reply = self.routes.answer(request, laptop)
        if request.url.path == "/v1/push":
            packed = request.headers.get("content-encoding") == packing.NAME
            content = packing.unpack(request.content, 1 << 24) if packed else request.content
            ops = json.loads(content)["ops"]
            self.pushed.append(
                Pushed(
                    [op["op"] for op in ops],
                    len(content),
                    self.routes.pushes.get(laptop, PUSH_OPS),
                    [(told["op"], told.get("reason")) for told in json.loads(reply.plain)["results"]],
                    frozenset(op["op"] for op in ops if op["args"].get("body") == POISON),
                )
            )
        return reply

    # -- what befalls central itself

    def restart(self) -> None:
        """Another process on the same database. What was being cut is lost with the old one."""
        self.close()
        self.central = Central.open(self.url)
        former, self.routes = self.routes, Routes(self.central, self.chance.now, self.chance.monotonic)
        self.routes.speech, self.routes.version = former.speech, former.version
        self.routes.pages, self.routes.pushes = former.pages, former.pushes

    def keep(self) -> None:
        """A backup, made while it works."""
        file = self.folder / f"kept-{len(self.kept)}.zst"
        backup.backup(self.url, file, self.chance.now())
        self.kept.append((file, self.centre, self.spent))

    def roll_back(self) -> bool:
        """Restored from the newest backup as the operator's manual says. False without one."""
        if not self.kept:
            return False
        self.close()
        file, self.centre, self.spent = self.kept[-1]
        restore.restore(file, self.url, self.chance.now(), replace=True)
        self.restart()
        return True

    def tick(self) -> None:
        """Its heartbeat."""
        tick.tick(self.central, self.chance.now())

    def compact(self, days: int) -> None:
        """The feed is compacted; what left a scope is forgotten so many days earlier than it would be."""
        with self.central.read() as conn:
            self.spent = feed.head(conn).seq
        with patch.object(compact, "KEEP", compact.KEEP - timedelta(days=days)):
            compact.run(self.central, self.chance.now())

    def erase(self, number: int) -> str:
        """What an answered op said is erased; its envelope stays."""
        with self.central.read() as conn:
            known = conn.execute(text("SELECT op_id FROM op_body ORDER BY op_id")).scalars().all()
        if not known:
            return "nothing"
        op = str(Random(number).choice(known))
        erasure.erase(self.central, [op], "operator", self.chance.now())
        return op

    def speak(self, how: str) -> None:
        """Central understands other protocols from now on (`routes.SPEECHES`)."""
        self.routes.speech = SPEECHES[how]
        self.routes.version = f"+{how}"

    def change(self, login: str, **values: Any) -> None:
        """A person of the set-up file, changed."""
        persons = tuple(
            replace(person, **values) if person.login == login else person for person in self.centre.persons
        )
        self._apply(persons)

    def switch(self, login: str, *, on: bool) -> None:
        """An account is switched off, or on again; its laptop stays enrolled."""
        now = self.chance.now()
        if on != self.active(login):
            with self.central.write() as conn:
                if on:
                    people.switch_on(self.central, conn, login, SYSTEM, now)
                else:
                    people.switch_off(self.central, conn, login, SYSTEM, now, offboard=False)

    def active(self, login: str) -> bool:
        with self.central.read() as conn:
            return bool(
                conn.execute(text("SELECT active FROM person WHERE login = :login"), {"login": login}).scalar_one()
            )

    def _apply(self, persons: tuple[PersonSpec, ...]) -> None:
        self.centre = replace(self.centre, persons=persons)
        with self.central.write() as conn:
            setup._write(self.central, conn, self.centre, self.chance.now())

    def sign_in(self, login: str) -> Tokens:
        """A fresh session of the person on their laptop, as after password and code."""
        with self.central.write() as conn:
            person = dict(conn.execute(text("SELECT * FROM person WHERE login = :l"), {"l": login}).mappings().one())
            device = dict(
                conn.execute(text("SELECT * FROM device WHERE person = :p"), {"p": person["id"]}).mappings().one()
            )
            return tokens.grant(conn, KEY, person, device, tokens.new_id(), self.chance.now())

    def secrets(self, login: str) -> Secrets:
        """What the vault of this person's laptop holds."""
        with self.central.read() as conn:
            row = conn.execute(
                text("SELECT d.id, d.person FROM device d JOIN person p ON p.id = d.person WHERE p.login = :l"),
                {"l": login},
            ).one()
        return Secrets(data_key=CACHE_KEY, device_key=secret(login), device=row[0], code=CODES[login], person=row[1])

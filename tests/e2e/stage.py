"""A centre in a process of its own that can be killed, and laptops that are folders: what a shift really has.

The command line runs in this process (`Laptop.msc`, as typed, with its exit code and both streams) and now and then in
a process of its own (`Laptop.spawn`), where a kill has to hit in the middle.
"""

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyotp
from uuid_utils import uuid7

from msc_console import clock, config
from msc_console.central import ledger, masterkey, setup
from msc_console.central.centre import parse
from msc_console.central.db import Central
from msc_console.central.passwords import TEST
from msc_console.central.system import SYSTEM
from msc_console.cli import front
from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.desk.opening import SigningIn, end_session, sit_down
from msc_console.domain.commands import Command

PASSWORD = "kata sandi yang panjang"
CENTRE = """
[site]
name = "Pusat Uji"
zone = "Asia/Jakarta"
enrolment = "open"
[[queue]]
key = "triage"
name = "Triase"
[[queue]]
key = "priority"
name = "Priority"
kind = "b2b"
[[service]]
key = "pos"
name = "e-meterai POS"
components = [{ key = "stamping", name = "Pembubuhan" }]
categories = [{ key = "question", name = "Pertanyaan" }]
[[person]]
login = "rina"
name = "Rina Wulandari"
role = "agent"
queues = ["triage"]
[[person]]
login = "budi"
name = "Budi Santoso"
role = "agent"
queues = ["triage"]
[[person]]
login = "sari"
name = "Sari Handayani"
role = "supervisor"
queues = ["triage", "priority"]
[[duty]]
tier = "l1"
persons = ["sari"]
[policy]
version = 1
"""
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there: the line is cut."""


def new_id() -> str:
    return str(uuid7())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Centre:
    """A set-up central at `url` and the process that serves it."""

    url: str
    folder: Path
    port: int = field(default_factory=free_port)
    secrets: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set_up(self) -> None:
        """Three people of one queue; the schema may be there already."""
        now = clock.now()
        setup.init(self.url, parse(CENTRE), now, TEST)
        for login in ("rina", "budi", "sari"):
            self.secrets[login] = setup.user_add(self.url, login, PASSWORD, now).secret

    @contextmanager
    def open(self) -> Iterator[Central]:
        """Its database, read and written beside the process."""
        central = Central.open(self.url)
        try:
            yield central
        finally:
            central.close()

    def fill(self, count: int, **fields: str) -> list[str]:
        """`count` new tickets in triage, each with a customer who can be written to; their numbers as text."""
        now, commands, targets = clock.now(), [], []
        for place in range(count):
            contact, ticket = new_id(), new_id()
            address = {"channel": "email", "value": f"pelanggan{place}@contoh.test"}
            names = {"name": fields.get("name", f"Pelanggan {place}"), "language": "id", "addresses": [address]}
            made = {
                "subject": fields.get("subject", f"Meterai gagal nomor {place}"), "contact": contact,
                "queue": "triage", "service": "pos", "urgency": "medium", "impact": "medium", "channel": "email",
                "kind": "incident", "contact_at": clock.iso(now - timedelta(minutes=5)),
                "body": fields.get("body", "Tidak bisa membubuhkan."),
            }  # fmt: skip
            commands += [
                Command(id=new_id(), kind="contact.create", actor=SYSTEM.id, target=contact, args=names, made_at=now),
                Command(id=new_id(), kind="ticket.create", actor=SYSTEM.id, target=ticket, args=made, made_at=now),
            ]
            targets.append(ticket)
        with self.open() as central:
            results = ledger.system(central, commands, now)
            assert {str(result.result) for result in results} == {"applied"}, results
            with central.read() as conn:
                numbers = dict(conn.exec_driver_sql("SELECT id, number FROM ticket").fetchall())
        return [f"MSC-{numbers[target]:06d}" for target in targets]

    def start(self) -> None:
        """Serve; returns when it answers."""
        command = [sys.executable, "-m", "msc_console", "central", "serve", "-d", self.url, "--port", str(self.port)]
        log = (self.folder / "central.log").open("ab")
        with log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "central.log").read_text()
        assert json.loads(line)["url"] == self.address

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the process: at once, or as an administrator does."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(number)
            process.wait(20)
            assert process.stdout is not None
            process.stdout.close()


@dataclass
class Said:
    """What one command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Laptop:
    """One person at one laptop."""

    home: Home
    login: str
    centre: Centre
    central: str = ""
    """The address that this laptop sees; another one than the centre's is a cut line."""

    def __post_init__(self) -> None:
        self.central = self.central or self.centre.address

    @property
    def environment(self) -> dict[str, str]:
        ours = {"MSC_HOME": str(self.home.folder), "MSC_CENTRAL": self.central, "MSC_KEYRING": "optional"}
        return ours | {"MSC_KDF": "test", "MSC_LANGUAGE": "en"}

    @property
    def settings(self) -> Settings:
        return config.load(self.home, self.environment)

    def sign_in(self) -> None:
        """Password and code at central, by the desk's own way; the session's process starts."""
        flow = SigningIn(self.home, self.settings, self.login, "laptop uji")
        flow.password(PASSWORD)
        flow.code(pyotp.TOTP(self.centre.secrets[self.login]).at(clock.now()))

    def cut(self) -> None:
        self.central = NOWHERE

    def mend(self) -> None:
        self.central = self.centre.address

    def msc(self, *words: str, stdin: str = "") -> Said:
        """A command as it would be typed, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environment),
            patch("sys.stdin", io.StringIO(stdin)),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = int(front.run(list(words)))
        return Said(code, out.getvalue(), err.getvalue())

    def do(self, *words: str) -> list[dict[str, Any]]:
        """A write; its JSON."""
        said = self.msc(*words, "--json")
        found: list[dict[str, Any]] = said.json
        return found

    def spawn(self, *words: str, **more: Any) -> "subprocess.Popen[str]":
        """A command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "msc_console", *words],
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The desk, to look into the cache."""
        desk = sit_down(self.home, self.settings, self.login)
        try:
            yield desk
        finally:
            desk.leave()

    def leave(self) -> None:
        """End the session's process."""
        end_session(self.home, self.login)


def make_centre(url: str, folder: Path) -> Centre:
    """A new centre on a migrated or empty database; its key lies in `folder`."""
    os.environ[masterkey.VARIABLE] = str(folder / "central.key")
    centre = Centre(url, folder)
    centre.set_up()
    return centre

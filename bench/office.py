"""A central to measure: set up, filled through its own rules, and served by a process of its own."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from msc_console import clock, records
from msc_console.central import centre, ledger, masterkey, setup
from msc_console.central.db import Central
from msc_console.central.passwords import TEST, Kdf, Passwords
from msc_console.central.system import SYSTEM
from msc_console.desk.seat import new_id
from msc_console.domain.commands import Command
from msc_console.domain.model import Person
from msc_console.domain.terms import Op

PASSWORD = "sandi yang panjang"
LOGINS = ("rina", "budi")
_SITE = """
[site]
name = "Pusat Ukur"
zone = "Asia/Jakarta"
enrolment = "open"
[[queue]]
key = "triage"
name = "Triase"
[policy]
version = 1
"""
_PERSON = """
[[person]]
login = "{login}"
name = "{name}"
role = "agent"
queues = ["triage"]
"""
NOTES = 4
"""Notes on each ticket that is made."""
SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
"""Where a PostgreSQL is looked for; `MSC_TEST_POSTGRES` names another."""


@dataclass(frozen=True, slots=True)
class Office:
    """A set-up central. `secrets`: login -> seed of the one-time codes."""

    url: str
    central: Central
    secrets: dict[str, str]


@contextmanager
def office(url: str | None = None, logins: Sequence[str] = LOGINS, kdf: Kdf = TEST) -> Iterator[Office]:
    """A central of agents who share a queue and a password, on a SQLite file of its own or at `url`, gone after the
    block. `kdf`: what a password costs; the laptops' own stays cheap."""
    with tempfile.TemporaryDirectory(prefix="msc-bench-", ignore_cleanup_errors=True) as folder:
        url = url or f"sqlite:///{folder}/central.db"
        before = os.environ.get(masterkey.VARIABLE)
        os.environ |= {"MSC_KDF": kdf.name, masterkey.VARIABLE: f"{folder}/central.key"}
        people = "".join(_PERSON.format(login=login, name=login.title()) for login in logins)
        setup.init(url, centre.parse(_SITE + people), clock.now(), kdf)
        central = Central.open(url)
        try:
            yield Office(url, central, _enrolled(central, url, logins, kdf))
        finally:
            central.close()
            os.environ["MSC_KDF"] = TEST.name
            if before is None:
                os.environ.pop(masterkey.VARIABLE)
            else:
                os.environ[masterkey.VARIABLE] = before


def _enrolled(central: Central, url: str, logins: Sequence[str], kdf: Kdf) -> dict[str, str]:
    """Login -> seed of the one-time codes; one hash of the one password serves all."""
    key, hashed, seeds = masterkey.load(masterkey.path_for(url)), Passwords(kdf).hash(PASSWORD), {}
    with central.write() as conn:
        for row in conn.execute(text("SELECT * FROM person")).mappings().all():
            if row["login"] in logins:
                person = records.from_row(Person, dict(row))
                seeds[person.login] = setup.enrol(conn, key, person, hashed, "Pusat Ukur", clock.now()).secret
    return seeds


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a new PostgreSQL database, dropped after the block. Raises OSError when there is no server."""
    import psycopg
    from sqlalchemy.engine import make_url

    server = make_url(os.environ.get("MSC_TEST_POSTGRES", SERVER))
    name = f"msc_bench_{secrets.token_hex(4)}"

    def run(statement: str) -> None:
        with psycopg.connect(
            host=server.host, port=server.port, user=server.username, password=server.password,
            dbname=server.database, connect_timeout=3, autocommit=True,
        ) as connection:  # fmt: skip
            connection.execute(statement.encode())

    try:
        run(f"CREATE DATABASE {name}")
    except psycopg.OperationalError as error:
        raise OSError(str(error).splitlines()[0]) from error
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        run(f"DROP DATABASE {name} WITH (FORCE)")


def acts(tickets: int, actor: str, now: datetime, notes: int = NOTES) -> Iterator[Command]:
    """New tickets with `notes` notes each, a millisecond apart up to `now`: (1 + notes) commands a ticket."""
    for n in range(tickets):
        at = now - timedelta(milliseconds=tickets - n)
        ticket = new_id()
        args = {"subject": f"Stempel gagal {n}", "queue": "triage", "channel": "phone", "urgency": "high"}
        yield Command(id=new_id(), kind=Op.TICKET_CREATE, actor=actor, target=ticket, args=args, made_at=at)
        for k in range(notes):
            body = {"body": f"Log POS: {k} kali 504, saldo dipotong dulu. Sedang dicek bersama L1."}
            yield Command(id=new_id(), kind=Op.ENTRY_NOTE, actor=actor, target=ticket, args=body, made_at=at)


def fill(central: Central, tickets: int, notes: int = NOTES) -> int:
    """Tickets with their notes through central's rules; how many rows came of it."""
    now = clock.now()
    chunk: list[Command] = []
    for command in acts(tickets, SYSTEM.id, now, notes):
        chunk.append(command)
        if len(chunk) == 500:
            ledger.system(central, chunk, now)
            chunk = []
    ledger.system(central, chunk, now)
    return tickets * (2 + notes)


@contextmanager
def served(place: Office, port: int = 0) -> Iterator[str]:
    """The address of a process that serves this central, on a free port unless told which."""
    command = [sys.executable, "-m", "msc_console", "central", "serve", "--database", place.url, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise OSError(f"central did not start: exit code {process.wait()}")
            yield str(json.loads(line)["url"])
        finally:
            process.terminate()
            process.wait(15)

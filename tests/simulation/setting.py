"""The centre that is simulated: its people, what is there from the start, and its database set up once."""

import json
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import text

from msc_console import records, seal
from msc_console.central import feed, ledger, masterkey, setup, sql
from msc_console.central.centre import parse
from msc_console.central.db import Central
from msc_console.central.passwords import TEST
from msc_console.central.system import SYSTEM, op_id
from msc_console.domain.commands import Command
from msc_console.domain.model import Address, Article, Contact, Organisation
from msc_console.domain.scope import CUSTOMERS, KNOWLEDGE
from msc_console.domain.terms import Channel

from .chance import BEGIN, Chance

CACHE_KEY = bytes(range(32))
CENTRE = """
[site]
name = "Pusat Simulasi"
zone = "Asia/Jakarta"
enrolment = "open"
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
LATER = ("ticket", "contact")
WORDS = {"x_kept": {"more": [1, "dua"]}}
"""What a later version wrote into each row of `LATER` that is there from the start."""
FIRST = tuple(op_id(f"simulation {number}", "ticket") for number in range(4))
"""The tickets that are there from the start."""


def secret(login: str) -> bytes:
    return (login * 32).encode()[:32]


@cache
def template() -> Path:
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
                    "public_key": seal.public_key(secret(login)), "code": CODES[login], "state": "active",
                    "name": "simulasi", "created_at": 0,
                }  # fmt: skip
                conn.execute(sql.insert("device", tuple(row)), row)
            contact = Contact(
                id=CONTACT, ver=1, name="Andi Prasetyo", organisation_name="Bank Sagara", created_at=BEGIN,
                addresses=(Address(channel=Channel.EMAIL, value="andi@sagara.example"),),
            )  # fmt: skip
            bank = Organisation(id=op_id("simulation", "organisation"), ver=1, name="Bank Sagara")
            article = Article(
                id=op_id("simulation", "article"),
                ver=1,
                code="PT-001",
                title="Stempel",
                body="Ulangi.",
                updated_at=BEGIN,
            )
            for entity, row, group in (
                ("contact", contact, CUSTOMERS), ("organisation", bank, CUSTOMERS), ("article", article, KNOWLEDGE)
            ):  # fmt: skip
                conn.execute(sql.upsert(entity), records.to_row(row))
                told = feed.Change(entity=entity, id=row.id, ver=1, put_groups=frozenset({group}))
                feed.announce(conn, [told], at=BEGIN)
        ledger.system(central, [_opened(n, queue) for n, queue in enumerate(("umum", "umum", "khusus", "triage"))])
        with central.write() as conn:
            for table in LATER:
                conn.execute(text(f"UPDATE {table} SET extra = :later"), {"later": json.dumps(WORDS)})
    finally:
        central.close()


def _opened(number: int, queue: str) -> Command:
    """A ticket that is there from the start."""
    args = {"subject": f"Tiket {number}", "queue": queue, "contact": CONTACT, "channel": "email"}
    name = f"simulation {number}"
    return Command(
        id=op_id(name), kind="ticket.create", actor=SYSTEM.id, target=op_id(name, "ticket"), args=args, made_at=BEGIN
    )

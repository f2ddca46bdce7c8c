"""A laptop to measure on: a home with a vault, an unlocked session and a cache of any number of tickets."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from uuid import UUID

from msc_console import clock, records, seal
from msc_console.config import Home
from msc_console.desk.seat import ME
from msc_console.domain import clocks
from msc_console.domain.model import Contact, Entry, Person, Queue, Ticket
from msc_console.domain.policy import Policy
from msc_console.domain.priority import priority
from msc_console.domain.terms import Channel, EntryKind, Level, Role, State
from msc_console.identity import vault
from msc_console.identity.launch import start_session
from msc_console.store import index, rows, settings
from msc_console.store.opening import Cache

LOGIN, PASSWORD = "rina", "sandi yang panjang"
TICKETS = 10_000
CONTACTS = 500
CHUNK = 2_000
QUEUES = ("reguler", "priority")
PORT = 9
"""Where nobody answers: the console has a central in its settings, as everywhere, and finds it gone."""
_SUBJECTS = (
    "Stempel gagal, kuota terpotong",
    "Unggah dokumen ditolak",
    "Akun POS tidak bisa masuk",
    "Saldo belum masuk",
)
_CUSTOMERS = ("Bank Sagara", "Dukcapil Bogor", "CV Karya Abadi", "Notaris Hapsari", "PT Lintas Niaga", "Koperasi Maju")


@dataclass(frozen=True, slots=True)
class Laptop:
    """A filled home. `env` is what a process on it is started with."""

    home: Home
    tickets: int
    env: Mapping[str, str]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """This process's environment with a home of our own, a known terminal, and nothing of a laptop's own settings.

    Modules may be kept compiled, as an installed package has them: compiling is not what is measured.
    """
    foreign = ("MSC_", "TEXTUAL", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "MSC_HOME": str(folder),
        "MSC_KDF": "test",
        "MSC_LANGUAGE": "id",
        "MSC_CENTRAL": f"http://127.0.0.1:{PORT}",
        "MSC_KEYRING": "optional",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "TEXTUAL_ANIMATIONS": "none",
        **more,
    }


@contextmanager
def laptop(tickets: int = TICKETS) -> Iterator[Laptop]:
    """A laptop with so many open tickets and an unlocked session, gone after the block."""
    os.environ["MSC_KDF"] = "test"
    with tempfile.TemporaryDirectory(prefix="msc-bench-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder)).make()
        person = home.person(LOGIN).make()
        now = clock.now()
        private, _public = seal.new_device_key()
        secret = vault.Secrets(secrets.token_bytes(32), private, _id(1, 1), "K7Q", _id(1, 2))
        vault.create_vault(person.vault, LOGIN, PASSWORD, secret, now)
        cache = Cache.open(person.cache, secret.data_key)
        try:
            fill(cache, secret.person, tickets, now)
        finally:
            cache.close()
        home.current.write_text(LOGIN, "utf-8")
        session = start_session(home, LOGIN, secret, now + timedelta(hours=2))
        try:
            yield Laptop(home, tickets, environment(Path(folder)))
        finally:
            session.lock()
            session.close()


def fill(cache: Cache, me: str, tickets: int, now: datetime) -> None:
    """People, queues, customers and `tickets` open tickets with a call and clocks each, written in bulk."""
    rina = Person(id=me, ver=1, login=LOGIN, name="Rina Wulandari", role=Role.AGENT, queues=QUEUES)
    bagus = Person(id=_id(1, 3), ver=1, login="bagus", name="Bagus", role=Role.AGENT, queues=QUEUES)
    customers = [
        Contact(id=_id(2, n), ver=1, name=f"Pelanggan {n}", organisation_name=_CUSTOMERS[n % 6], created_at=now)
        for n in range(CONTACTS)
    ]
    with cache.write() as conn:
        rows.put(conn, "person", [records.to_row(item) for item in (rina, bagus)])
        queues = [Queue(id=_id(3, n), ver=1, key=key, name=key.title()) for n, key in enumerate(QUEUES)]
        rows.put(conn, "queue", [records.to_row(item) for item in queues])
        rows.put(conn, "contact", [records.to_row(item) for item in customers])
        index.refresh(conn, "contact", [item.id for item in customers])
        settings.put(conn, ME, records.to_wire(rina))
    made = generated(tickets, [None, rina.id, bagus.id], customers, now)
    while chunk := list(islice(made, CHUNK)):
        with cache.write() as conn:
            rows.put(conn, "ticket", [records.to_row(ticket) for ticket, _ in chunk])
            rows.put(conn, "entry", [records.to_row(entry) for _, entry in chunk])
            index.refresh(conn, "ticket", [ticket.id for ticket, _ in chunk])


def generated(
    tickets: int, owners: list[str | None], customers: list[Contact], now: datetime
) -> Iterator[tuple[Ticket, Entry]]:
    """Open tickets, each with a call that answered the response clock; the same ones every time."""
    rng, policy = Random(7), Policy()
    for n in islice(count(1), tickets):
        created = now - timedelta(minutes=rng.randrange(10, 2000))
        urgency, impact = rng.choice(list(Level)), rng.choice(list(Level))
        contact, owner = rng.choice(customers), rng.choice(owners)
        ticket = Ticket(
            id=_id(4, n), number=n, ver=1, subject=rng.choice(_SUBJECTS), contact=contact.id, contact_name=contact.name,
            organisation_name=contact.organisation_name, queue=rng.choice(QUEUES), state=State.OPEN, urgency=urgency,
            impact=impact, priority=priority(urgency, impact), owner=owner, owner_epoch=int(owner is not None),
            channel=rng.choice(list(Channel)[:4]), contact_at=created, created_at=created, updated_at=created,
        )  # fmt: skip
        entry = Entry(
            id=_id(5, n), ticket=ticket.id, ver=1, kind=EntryKind.CALL, act="entry.call", contact=contact.id,
            body=f"{ticket.subject}. Mohon dicek, ini untuk tender siang ini. ({n})", made_at=created,
            received_at=created, at=created,
        )  # fmt: skip
        yield clocks.timed(ticket, (entry,), policy), entry


def _id(space: int, n: int) -> str:
    return str(UUID(int=(space << 96) | n))


def program() -> list[str]:
    """How `msc` is called: the installed script, so that its own cost counts too."""
    script = Path(sys.executable).with_name("msc")
    return [str(script)] if script.exists() else [sys.executable, "-m", "msc_console"]

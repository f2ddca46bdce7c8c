"""A small centre in a cache, and a console at it: what the tests of the screens play on."""

from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from msc_console import records
from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.desk.opening import sit_down_with
from msc_console.domain import clocks
from msc_console.domain.decide import decide
from msc_console.domain.model import (
    Address,
    Article,
    Contact,
    Entry,
    Hop,
    Named,
    Organisation,
    Person,
    Queue,
    Service,
    Ticket,
)
from msc_console.domain.policy import Policy
from msc_console.domain.priority import priority
from msc_console.domain.terms import (
    Channel,
    Delivery,
    EntryKind,
    HopState,
    Level,
    Role,
    State,
    Tier,
    Visibility,
    WaitingParty,
)
from msc_console.identity.vault import Secrets
from msc_console.screens.console import Console
from msc_console.store.replica import Replica
from msc_console.sync.wire import Line
from tests.support.screens import screen_text, wait_until

NOW = datetime(2026, 11, 24, 2, 12, tzinfo=UTC)
"""09:12 in Jakarta."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SIZES = ((80, 24), (120, 34), (200, 50))
SECRET = Secrets(bytes(range(32)), bytes(range(32, 64)), "device-1", "K7Q", "p-rina")

RINA = Person(id="p-rina", login="rina", name="Rina Wulandari", role=Role.AGENT, queues=("helpdesk", "triage"))
BAGUS = Person(id="p-bagus", login="bagus", name="Bagus Santoso", role=Role.AGENT, queues=("helpdesk",))
SARI = Person(id="p-sari", login="sari", name="Sari Handayani", role=Role.SUPERVISOR, queues=("helpdesk",))
HENDRA = Person(id="p-hendra", login="hendra", name="Hendra Gunawan", role=Role.RESOLVER, tier=Tier.L1)
PEOPLE = (RINA, BAGUS, SARI, HENDRA)
QUEUES = tuple(
    Queue(id=f"q-{key}", key=key, name=name)
    for key, name in (("helpdesk", "Helpdesk Reguler"), ("triage", "Triase"), ("priority", "Helpdesk Priority"))
)
POS = Service(
    id="s-pos",
    key="pos",
    name="e-meterai",
    components=(Named(key="stamping", name="Pembubuhan"), Named(key="quota", name="Kuota")),
    categories=(Named(key="failed", name="Pembubuhan gagal"),),
)
SIGN = Service(id="s-sign", key="sign", name="Peruri Sign", components=(Named(key="portal", name="Portal"),))
SAGARA = Organisation(id="o-sagara", name="Bank Sagara", b2b=True, contract="A")
ANDI = Contact(
    id="c-andi",
    name="Andi Prasetyo",
    organisation="o-sagara",
    organisation_name="Bank Sagara",
    addresses=(
        Address(channel=Channel.PHONE, value="+622100000101"),
        Address(channel=Channel.EMAIL, value="andi@sagara.example"),
    ),
    created_at=NOW,
)
BURHAN = Contact(
    id="c-burhan",
    name="Burhanuddin",
    addresses=(Address(channel=Channel.PHONE, value="+628120000011"),),
    created_at=NOW,
)
ARTICLES = tuple(
    Article(id=f"a-{n}", code=f"PT-{n:03}", title=title, body=body, service="pos", updated_at=NOW - timedelta(days=n))
    for n, (title, body) in enumerate(
        (
            (
                "Kuota terpotong saat pembubuhan gagal",
                "# Kuota\n\nBila kuota **berkurang**.\n\n1. Lihat `nomor`.\n\n> Kuota Anda sedang kami kembalikan.\n",
            ),
            ("Kode 504 pembubuh", "Tunggu lima menit, lalu coba lagi."),
        ),
        start=1,
    )
)


def ticket_id(number: int) -> str:
    """The id of ticket `number`."""
    return f"{number:08x}-0000-7000-8000-000000000000"


def a_ticket(number: int, subject: str, *, ago: timedelta, **values: Any) -> Ticket:
    """A ticket whose customer made contact `ago` before NOW, with the clocks that come of it."""
    urgency, impact = values.pop("urgency", Level.MEDIUM), values.pop("impact", Level.MEDIUM)
    answered = values.pop("answered", True)
    at = NOW - ago
    held = {"owned_at": at + MINUTE, "claim_until": NOW + 20 * MINUTE, "owner_epoch": 1} if values.get("owner") else {}
    given: dict[str, Any] = {
        "contact": ANDI.id,
        "contact_name": ANDI.name,
        "organisation": SAGARA.id,
        "organisation_name": SAGARA.name,
        "queue": "helpdesk",
        "state": State.OPEN if values.get("owner") else State.NEW,
        "service": "pos",
        "component": "stamping",
        "category": "failed",
        "urgency": urgency,
        "impact": impact,
        "priority": priority(urgency, impact),
        "contact_at": at,
        "created_at": at,
        "updated_at": at,
        **held,
    }
    ticket = Ticket(id=ticket_id(number), number=number, ver=3, subject=subject, **(given | values))
    return clocks.timed(ticket, told(ticket, answered=answered), Policy())


def opening(ticket: Ticket, body: str = "") -> Entry:
    """The entry that opened a ticket."""
    return Entry(
        id=f"{ticket.id[:8]}-0000-7000-8000-00000000e001",
        ticket=ticket.id,
        ver=1,
        kind=EntryKind.MESSAGE,
        act="ticket.create",
        contact=ticket.contact,
        author_name=ticket.contact_name,
        body=body,
        visibility=Visibility.PUBLIC,
        channel=ticket.channel,
        made_at=ticket.contact_at,
        received_at=ticket.contact_at,
        at=ticket.contact_at,
        changes={"state": [None, "new"], "priority": [None, str(ticket.priority)]},
    )


def tickets() -> list[Ticket]:
    """Eight tickets of a morning."""
    mine = {"owner": RINA.id}
    return [
        a_ticket(
            4211, "Stempel gagal, kuota terpotong", ago=7 * HOUR + 22 * MINUTE, urgency=Level.HIGH, impact=Level.HIGH
        ),
        a_ticket(4198, "Unggah dokumen ditolak", ago=8 * HOUR, impact=Level.HIGH, **mine),
        a_ticket(4205, "Sertifikat kedaluwarsa", ago=9 * HOUR, channel=Channel.EMAIL, **mine),
        a_ticket(4187, "Saldo belum masuk", ago=3 * HOUR, owner=BAGUS.id, queue="triage"),
        a_ticket(4177, "Tanya cara beli e-meterai", ago=5 * MINUTE, answered=False, urgency=Level.LOW),
        a_ticket(
            4102,
            "Hasil stempel tidak terbaca",
            ago=25 * HOUR,
            contact=BURHAN.id,
            contact_name=BURHAN.name,
            organisation=None,
            organisation_name="",
            **mine,
        ),
        a_ticket(
            4150,
            "Menunggu contoh berkas",
            ago=4 * HOUR,
            state=State.WAITING_CUSTOMER,
            waiting_party=WaitingParty.CUSTOMER,
            hold_reason="menunggu",
            **mine,
        ),
        a_ticket(
            4160,
            "Galat 504 saat pembubuhan",
            ago=2 * HOUR,
            state=State.WAITING_LEVEL,
            waiting_party=WaitingParty.L1,
            hold_reason="504",
            tier=Tier.L1,
            **mine,
        ),
    ]


def told(ticket: Ticket, *, answered: bool = True) -> list[Entry]:
    """What happened on a ticket."""
    first = opening(ticket, "Saya stempel 40 dokumen, 12 gagal tapi kuota berkurang 40. Mohon dicek.")
    call = replace(
        first,
        id=f"{ticket.id[:8]}-0000-7000-8000-00000000e004",
        kind=EntryKind.CALL,
        act="entry.call",
        author=BAGUS.id,
        author_name=BAGUS.name,
        contact=None,
        body="",
        at=ticket.contact_at + 3 * MINUTE,
        changes={},
        data={"direction": "out", "minutes": 3},
        visibility=Visibility.INTERNAL,
    )
    happened = [first, call] if answered else [first]
    if ticket.state in (State.WAITING_CUSTOMER, State.WAITING_LEVEL):
        happened.append(
            replace(
                call,
                id=f"{ticket.id[:8]}-0000-7000-8000-00000000e005",
                kind=EntryKind.CHANGE,
                act="ticket.hold",
                at=ticket.contact_at + 10 * MINUTE,
                changes={"state": ["open", str(ticket.state)], "waiting_party": [None, str(ticket.waiting_party)]},
                data={"reason": "menunggu"},
            )
        )
    if ticket.number != 4211:
        return happened
    note = replace(
        first,
        id=f"{ticket.id[:8]}-0000-7000-8000-00000000e002",
        kind=EntryKind.NOTE,
        act="entry.note",
        author=BAGUS.id,
        author_name=BAGUS.name,
        contact=None,
        body="Log POS: 12 kali 504, saldo dipotong dulu.",
        visibility=Visibility.INTERNAL,
        channel=None,
        at=ticket.contact_at + 9 * MINUTE,
        changes={},
    )
    reply = replace(
        note,
        id=f"{ticket.id[:8]}-0000-7000-8000-00000000e003",
        kind=EntryKind.REPLY,
        act="entry.reply",
        body="Pak Andi, 12 kuota sedang kami kembalikan.",
        visibility=Visibility.PUBLIC,
        channel=Channel.EMAIL,
        delivery=Delivery.SENT,
        at=ticket.contact_at + 28 * MINUTE,
    )
    return [*happened, note, reply]


def hop_of(ticket: Ticket, tier: Tier = Tier.L1, **values: Any) -> Hop:
    """An escalation of a ticket that waits."""
    return Hop(
        id=f"{ticket.id[:8]}-0000-7000-8000-00000000f001",
        ticket=ticket.id,
        ver=1,
        from_tier=Tier.L0,
        tier=tier,
        reason="504 berulang pada pembubuhan, log terlampir.",
        raised_by=RINA.id,
        raised_at=NOW - 23 * MINUTE,
        **({"asked": (HENDRA.id,), "state": HopState.OPEN} | values),
    )


def everything() -> list[tuple[str, Any]]:
    """All rows of the small centre."""
    found: list[tuple[str, Any]] = [("person", one) for one in PEOPLE]
    found += [("queue", one) for one in QUEUES]
    found += [("service", POS), ("service", SIGN), ("organisation", SAGARA), ("contact", ANDI), ("contact", BURHAN)]
    found += [("article", one) for one in ARTICLES]
    for ticket in tickets():
        found.append(("ticket", ticket))
        found += [("entry", entry) for entry in told(ticket, answered=ticket.number != 4177)]
        if ticket.state == State.WAITING_LEVEL:
            found.append(("hop", hop_of(ticket)))
    return found


def apply(desk: Desk, rows: Sequence[tuple[str, Any]]) -> None:
    """News from central: rows as they are now."""
    lines = [
        Line(t="put", entity=entity, id=row.id, seq=at, d=records.to_wire(row) | {"ver": max(row.ver, 1)})
        for at, (entity, row) in enumerate(rows, start=1)
    ]
    with desk.cache.write() as conn:
        Replica(decide, desk.context_of).apply_page(conn, lines, "cursor", NOW, up_to_date=True)
    desk.forget_world()


def set_up(desk: Desk, part: str, document: dict[str, Any]) -> None:
    """News from central: a part of the set-up that is synced whole."""
    with desk.cache.write() as conn:
        line = Line(t="put", entity=part, id=part, seq=1000, d=document)
        Replica(decide, desk.context_of).apply_page(conn, [line], "cursor", NOW, up_to_date=True)
    desk.forget_world()


def desk_at(home: Home, person: Person = RINA, **settings: Any) -> Desk:
    """The desk of a person at an empty cache."""
    people = home.make().person(person.login).make()
    return sit_down_with(people, Settings(**settings), person.login, replace(SECRET, person=person.id))


def seeded(folder: Path, person: Person = RINA) -> Desk:
    """The desk of a person with the small centre in the cache."""
    desk = desk_at(Home(folder / "msc"), person)
    apply(desk, everything())
    return desk


def console(desk: Desk) -> Console:
    """A console at a desk."""
    return Console(Home(desk.home.folder.parent.parent), desk.settings, desk)


@asynccontextmanager
async def at(desk: Desk, size: tuple[int, int] = (120, 34)) -> Any:
    """A running console with everything read: gives (app, pilot)."""
    app = console(desk)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot


async def settled(pilot: Pilot[Any]) -> None:
    """Lets threads end and what they found be painted."""
    for _round in range(3):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def until(pilot: Pilot[Any], text: str) -> None:
    """Waits until `text` is on the screen."""
    await wait_until(pilot, lambda: text in screen_text(pilot.app))


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Presses keys and lets what follows be painted."""
    await pilot.press(*keys)
    await settled(pilot)


async def until_true(pilot: Pilot[Any], predicate: Callable[[], object]) -> None:
    """Waits until something is so."""
    await wait_until(pilot, predicate)

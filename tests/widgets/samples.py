"""Frozen values for the widgets: a morning's queue, a source in memory, one ticket with its timeline."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from textual.app import App
from textual.geometry import Region
from textual.widget import Widget

from msc_console.domain.model import Address, Clock, Contact, Entry, Hop, Named, Organisation, Service, Ticket
from msc_console.domain.rows import QueueRow
from msc_console.domain.terms import (
    Channel,
    Delivery,
    EntryKind,
    HopState,
    Level,
    Metric,
    Party,
    Priority,
    State,
    Tier,
    Visibility,
    WaitingParty,
)
from msc_console.widgets.side_panel import About

WIB = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

HOSTILE = (
    "\x1b]52;c;cm0gLXJm\x07\x1b[2J",
    "\x9b31m\x85 C1",
    "\u202egnp.exe\u2066\u200f",
    "[/] [b]bold [@click=app.quit]quit[/] [red",
    "{name} {0} %s %(x)d",
    "\u30c6\u30b9\u30c8\u5165\u529b \U0001f469\u200d\U0001f469\u200d\U0001f467 \u260e\ufe0f",
    "e" + "\u0301" * 40,
    "a\r\nb\tc\x00d",
    "x" * 5000,
    "\ud800",
    "",
)


class Rows:
    """A row source in memory that counts how many rows were read."""

    def __init__(self, rows: list[QueueRow]) -> None:
        self.read = 0
        self.put(rows)

    def put(self, rows: list[QueueRow]) -> None:
        self.rows = sorted(rows, key=lambda row: row.key)
        self.keys = [row.key for row in self.rows]

    def _given(self, rows: list[QueueRow]) -> list[QueueRow]:
        self.read += len(rows)
        return rows

    def count(self) -> int:
        return len(self.rows)

    def page(self, after: tuple[int, str] | None, limit: int) -> list[QueueRow]:
        start = 0 if after is None else bisect_right(self.keys, after)
        return self._given(self.rows[start : start + limit])

    def before(self, key: tuple[int, str] | None, limit: int) -> list[QueueRow]:
        end = len(self.rows) if key is None else bisect_left(self.keys, key)
        return self._given(self.rows[max(end - limit, 0) : end])

    def around(self, id: str, limit: int) -> list[QueueRow]:
        at = next((index for index, row in enumerate(self.rows) if row.id == id), None)
        if at is None:
            return []
        start = max(at - limit // 2, 0)
        return self._given(self.rows[start : start + limit])


def queue_row(number: int = 4211, **values: Any) -> QueueRow:
    plain: dict[str, Any] = {
        "id": f"t{number:06d}",
        "label": f"MSC-{number:06d}",
        "subject": "Stempel gagal, kuota terpotong",
        "customer": "Bank Sagara",
        "priority": Priority.CRITICAL,
        "state": State.OPEN,
        "waiting_party": None,
        "owner": None,
        "owner_name": "",
        "mine": False,
        "channel": Channel.PHONE,
        "due": NOW + 38 * MINUTE,
        "target": 8 * HOUR,
        "left": None,
        "updated_at": NOW,
        "pending": 0,
        "attention": 0,
    }
    plain |= values
    return QueueRow(key=values.pop("key", (number, plain["id"])), **plain)


RINA = {"owner": "p1", "owner_name": "Rina Wulandari", "mine": True}


def morning() -> list[QueueRow]:
    high, medium, low = Priority.HIGH, Priority.MEDIUM, Priority.LOW
    rows = [
        queue_row(4211),
        queue_row(
            4198,
            priority=high,
            state=State.WAITING_LEVEL,
            waiting_party=WaitingParty.L1,
            channel=Channel.EMAIL,
            customer="Dukcapil Bogor",
            subject="Unggah dokumen tertolak",
            due=NOW + 125 * MINUTE,
            **RINA,
        ),
        queue_row(
            9001,
            label="~K7Q-14",
            priority=high,
            channel=Channel.WHATSAPP,
            customer="CV Karya Abadi",
            subject="Akun POS tidak bisa masuk",
            due=NOW + 430 * MINUTE,
            target=12 * HOUR,
            pending=2,
            **RINA,
        ),
        queue_row(
            4205,
            priority=medium,
            state=State.WAITING_VENDOR,
            waiting_party=WaitingParty.VENDOR,
            channel=Channel.SOCIAL,
            customer="Notaris Hapsari",
            subject="Sertifikat kedaluwarsa",
            due=None,
            target=24 * HOUR,
            left=15 * HOUR,
            **RINA,
        ),
        queue_row(
            4187,
            priority=medium,
            state=State.WAITING_LEVEL,
            waiting_party=WaitingParty.BUSINESS_UNIT,
            customer="PT Lintas Niaga",
            subject="Saldo belum bertambah",
            due=NOW + 17 * HOUR,
            target=24 * HOUR,
            attention=1,
            owner="p2",
            owner_name="Bagus",
        ),
        queue_row(
            4102,
            priority=medium,
            state=State.WAITING_CUSTOMER,
            waiting_party=WaitingParty.CUSTOMER,
            channel=Channel.EMAIL,
            customer="Koperasi Maju",
            subject="Hasil stempel buram",
            due=NOW - 80 * MINUTE,
            pending=1,
            owner="p3",
            owner_name="Dewi Anggraini Kusumawardhani",
        ),
        queue_row(4010, priority=low, state="frobbed", channel="fax", customer="", due=None, target=None),
    ]
    return [replace(row, key=(index, row.id)) for index, row in enumerate(rows)]


def entry(number: int, minutes: int, **values: Any) -> Entry:
    at = NOW - timedelta(minutes=minutes)
    plain: dict[str, Any] = {
        "id": f"e{number:04d}",
        "ticket": "t004211",
        "kind": EntryKind.CHANGE,
        "act": "ticket.take",
        "author": "p1",
        "author_name": "Rina Wulandari",
        "made_at": at,
        "received_at": at,
        "at": at,
    }
    return Entry(**(plain | values))


def morning_entries() -> list[Entry]:
    internal = {"visibility": Visibility.INTERNAL}
    return [
        entry(
            1,
            60 * 24,
            act="ticket.create",
            kind=EntryKind.CHANGE,
            changes={"state": (None, "new"), "priority": (None, "medium"), "queue": (None, "regular")},
        ),
        entry(
            2,
            28,
            kind=EntryKind.MESSAGE,
            act="entry.message",
            author=None,
            author_name="",
            contact="c1",
            channel=Channel.PHONE,
            visibility=Visibility.PUBLIC,
            data={"minutes": 4},
            body="Saya stempel 40 dokumen, 12 gagal tapi kuota berkurang 40. Mohon dicek, ini untuk tender siang ini.",
        ),
        entry(
            3,
            27,
            act="ticket.set",
            changes={"urgency": ("medium", "high"), "priority": ("medium", "critical"), "tags": ([], ["kuota"])},
        ),
        entry(4, 25, changes={"owner": (None, "p1"), "owner_epoch": (0, 1), "state": ("new", "open")}),
        entry(
            5, 19, kind=EntryKind.NOTE, act="entry.note", body="Log POS: 12 kali 504.", author_name="Bagus", **internal
        ),
        entry(
            6,
            18,
            kind=EntryKind.ESCALATION,
            act="escalation.raise",
            data={"tier": "l1", "reason": "504 dari layanan pembubuhan"},
            changes={"state": ("open", "waiting_level")},
        ),
        entry(
            7,
            3,
            kind=EntryKind.REPLY,
            act="entry.reply",
            channel=Channel.EMAIL,
            delivery=Delivery.SENT,
            visibility=Visibility.PUBLIC,
            body="Pak Andi, 12 kuota sedang kami kembalikan.\n\nPerkiraan selesai 10:30.",
        ),
        entry(
            8,
            1,
            kind=EntryKind.NOTE,
            act="entry.note",
            received_at=None,
            late=True,
            body="Kuota dikembalikan manual.\nTiket pemasok 88213.",
        ),
    ]


NAMES = {"p1": "Rina Wulandari", "p2": "Bagus", "c1": "Andi Prasetyo", "regular": "Helpdesk Reguler"}


def about() -> About:
    start = NOW - 30 * MINUTE

    def clock(metric: Metric, party: Party, target: timedelta, **more: Any) -> Clock:
        due = start + target
        return Clock(
            metric=metric, party=party, policy=1, started_at=start, target=target, first_due=due, due=due, **more
        )

    ticket = Ticket(
        id="t004211",
        number=4211,
        subject="Stempel gagal",
        queue="regular",
        service="emeterai",
        component="pos",
        category="bubuh",
        urgency=Level.HIGH,
        impact=Level.HIGH,
        priority=Priority.CRITICAL,
        tags=("kuota", "tender"),
        references={"jira": "PRR-881"},
        contact_at=start,
        created_at=start,
        updated_at=NOW,
        clocks=(
            clock(Metric.RESPONSE, Party.CUSTOMER, 15 * MINUTE, fulfilled_at=start + 3 * MINUTE),
            clock(Metric.RESOLUTION, Party.CUSTOMER, 8 * HOUR),
            clock(Metric.RESOLUTION, Party.PROVIDER, 8 * HOUR, paused_at=start + 12 * MINUTE, paused_for="vendor"),
        ),
    )
    return About(
        ticket=ticket,
        hops=(
            Hop(
                id="h1",
                ticket=ticket.id,
                from_tier=Tier.L0,
                tier=Tier.L1,
                state=HopState.ACKNOWLEDGED,
                reason="504 dari layanan",
                raised_by="p1",
                raised_at=start,
                acked_by="p2",
                acked_at=NOW - 16 * MINUTE,
            ),
            Hop(
                id="h2",
                ticket=ticket.id,
                from_tier=Tier.L1,
                tier=Tier.L2,
                reason="basis data",
                raised_by="p2",
                raised_at=NOW,
            ),
        ),
        contact=Contact(
            id="c1",
            name="Andi Prasetyo",
            addresses=(Address(channel=Channel.PHONE, value="+62 812 5550 4471"),),
            created_at=start,
        ),
        organisation=Organisation(id="o1", name="Bank Sagara", b2b=True, contract="A"),
        service=Service(
            id="s1",
            key="emeterai",
            name="e-meterai",
            components=(Named(key="pos", name="POS"),),
            categories=(Named(key="bubuh", name="pembubuhan gagal"),),
        ),
        names=NAMES,
    )


class Bench(App[None]):
    """An app that holds one widget and notes what it posts."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.told: list[tuple[str, str]] = []

    def compose(self) -> Iterator[Widget]:
        yield self.widget

    def on_ticket_list_opened(self, event: Any) -> None:
        self.told.append(("opened", event.ticket_id))

    def on_ticket_list_highlighted(self, event: Any) -> None:
        self.told.append(("at", event.ticket_id))


def painted(widget: Widget) -> list[str]:
    """The widget's lines as they stand on the screen."""
    region = widget.scrollable_content_region
    return [strip.text for strip in widget.render_lines(Region(0, 0, *region.size))]

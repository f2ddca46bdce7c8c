"""A timeline in lines and as a widget."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.domain.model import Entry
from msc_console.domain.terms import Channel, Delivery, EntryKind, Op, Visibility
from msc_console.text import BAD
from msc_console.widgets.act_words import parts_of
from msc_console.widgets.paint import plain, width_of
from msc_console.widgets.timeline import Timeline
from msc_console.widgets.timeline_lines import lines_of
from tests.support.golden import Golden

from .samples import HOSTILE, NAMES, NOW, WIB, Bench, entry, morning_entries, painted

SIZES = ((80, 24), (120, 34), (200, 50))


def drawn(item: Entry, width: int = 80) -> list[str]:
    return [plain(line).rstrip() for line in lines_of(item, width, WIB, NAMES)]


def bench(entries: list[Entry]) -> tuple[Bench, Timeline]:
    timeline = Timeline(zone=WIB)
    timeline.show(entries, NAMES)
    return Bench(timeline), timeline


def notes(count: int) -> list[Entry]:
    return [entry(at, 60 - at, kind=EntryKind.NOTE, act="entry.note", body=f"nomor {at}\n" * 3) for at in range(count)]


@pytest.mark.parametrize("size", SIZES)
async def test_as_drawn(size: tuple[int, int], golden: Golden) -> None:
    app, timeline = bench(morning_entries())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        golden(f"widgets/timeline_{size[0]}x{size[1]}", "\n".join(painted(timeline)))


def test_internal_and_public_differ_in_signs() -> None:
    internal = drawn(entry(1, 0, kind=EntryKind.NOTE, act="entry.note", body="satu\ndua"))
    public = drawn(entry(2, 0, kind=EntryKind.REPLY, act="entry.reply", body="satu", visibility=Visibility.PUBLIC))
    assert [line.strip() for line in internal[1:]] == ["\u250a satu", "\u250a dua"]
    assert [line.strip() for line in public[1:]] == ["\u2503 satu"]
    assert "internal note" in internal[0]


def test_the_words_that_opened_a_ticket_by_themselves_are_the_customer_s() -> None:
    opened = entry(1, 0, kind=EntryKind.CHANGE, act="ticket.create", body="Tolong.", channel=Channel.EMAIL)
    by_mail = drawn(replace(opened, author="nobody-here", author_name="Central", contact="c1"))
    assert "✉ Andi Prasetyo" in by_mail[0]
    assert "email" in by_mail[0]
    assert by_mail[1].strip() == "┃ Tolong."
    by_agent = drawn(replace(opened, author="p1", author_name="Rina Wulandari", contact="c1"))
    assert "Rina Wulandari" in by_agent[0]
    assert by_agent[1].strip() == "┊ Tolong."


def test_central_s_own_acts_are_the_system_s() -> None:
    (line,) = drawn(entry(1, 0, kind=EntryKind.CHANGE, act="system.close", author="nobody-here", author_name="Central"))
    assert " system " in line


async def test_what_is_unread_stands_below_a_line_and_comes_into_view() -> None:
    entries = notes(40)
    app, timeline = bench(entries)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        timeline.show(entries, NAMES, entries[10].id)
        await pilot.pause()
        assert "unread" in painted(timeline)[0]
        assert "nomor 10" in "\n".join(painted(timeline)[:4])
        assert not timeline.follows
        timeline.show(entries, NAMES, entries[-1].id)
        await pilot.pause()
        assert timeline.follows


def test_a_short_note_stands_on_its_own_line() -> None:
    (line,) = drawn(entry(1, 0, kind=EntryKind.NOTE, act="entry.note", body="cek log"))
    assert line.endswith("internal note \u00b7 cek log")


def test_what_waits_for_central_is_marked() -> None:
    (line,) = drawn(entry(1, 0, received_at=None))
    assert "09:40 \u2022" in line
    assert line.endswith("took the ticket \u00b7 waiting for central")
    assert "\u2022" not in drawn(entry(1, 0))[0]


def test_a_failed_reply_says_so_and_why() -> None:
    failed = entry(
        1,
        0,
        kind=EntryKind.REPLY,
        act="entry.reply",
        channel="email",
        delivery=Delivery.FAILED,
        delivery_note="bounced",
    )
    assert "reply by email \u00b7 NOT DELIVERED \u00b7 bounced" in drawn(failed, 120)[0]


@pytest.mark.parametrize("op", [op for op in Op if op.startswith(("ticket.", "entry.", "escalation.", "system."))])
def test_every_act_says_something(op: Op) -> None:
    changes: dict[str, Any] = {"subject": ("a", "b"), "owner": (None, "p2"), "queue": ("x", "regular")}
    parts = parts_of(entry(1, 0, act=op, changes=changes, data={"tier": "l1", "minutes": 5, "reason": "alasan"}), NAMES)
    assert parts[0].strip()
    assert "alasan" in parts


def test_acts_name_people_and_places() -> None:
    assert parts_of(entry(1, 0, act="ticket.assign", changes={"owner": ("p1", "p2")}), NAMES) == [
        "assigned the ticket to Bagus"
    ]
    assert parts_of(entry(1, 0, act="ticket.move", changes={"queue": ("b2b", "regular")}), NAMES) == [
        "moved the ticket to Helpdesk Reguler"
    ]
    took = entry(
        1, 0, kind=EntryKind.NOTE, act="ticket.hold", changes={"waiting_party": (None, "vendor"), "owner": (None, "p1")}
    )
    assert parts_of(took, NAMES) == ["put on hold, waiting for vendor", "took the ticket"]
    assert parts_of(entry(1, 0, act="future.act"), NAMES) == ["future.act"]


def test_a_body_is_wrapped_and_never_shortened() -> None:
    body = "kata " * 300 + "x" * 700
    text = drawn(entry(1, 0, kind=EntryKind.REPLY, act="entry.reply", body=body), 60)
    assert "".join("".join(text[1:]).replace("\u250a", "").split()) == "".join(body.split())


@given(st.text(max_size=300), st.text(max_size=40), st.integers(30, 220), st.sampled_from(EntryKind), st.booleans())
def test_every_line_is_exactly_as_wide_as_asked(
    body: str, name: str, width: int, kind: EntryKind, pending: bool
) -> None:
    changes = {"subject": (body[:50], name), "owner": (None, name)}
    item = entry(1, 0, kind=kind, act="ticket.set", body=body, author_name=name, changes=changes, delivery_note=name)
    for line in lines_of(replace(item, received_at=None if pending else NOW), width, WIB, {}):
        assert width_of(line) == width
        assert not BAD.search(plain(line))


async def test_hostile_text_reaches_no_line() -> None:
    entries = [
        entry(
            at, 0, kind=kind, act=bad or "x", body=bad, author_name=bad, data={"reason": bad}, changes={bad: (bad, bad)}
        )
        for at, bad in enumerate(HOSTILE)
        for kind in (EntryKind.NOTE, EntryKind.MESSAGE, EntryKind.CHANGE)
    ]
    app, timeline = bench(entries)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        timeline.action_ends(0)
        while True:
            assert not BAD.search("".join(painted(timeline)))
            at = timeline.scroll_offset.y
            timeline.action_turn(1.0)
            if timeline.scroll_offset.y == at:
                break
        assert at > 100


async def test_the_end_is_followed_only_by_who_reads_there() -> None:
    app, timeline = bench(items := notes(50))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "nomor 49" in painted(timeline)[-1]
        fresh = entry(99, 0, kind=EntryKind.NOTE, act="entry.note", body="baru saja")
        timeline.update_entries([*items, fresh], NAMES)
        await pilot.pause()
        assert "baru saja" in painted(timeline)[-1]
        await pilot.press("pageup")
        assert not timeline.follows
        top = painted(timeline)[0]
        timeline.update_entries([*items, fresh, entry(100, 0, body="lagi")], NAMES)
        await pilot.pause()
        assert painted(timeline)[0] == top
        await pilot.press("G")
        assert timeline.follows


async def test_a_narrower_screen_wraps_anew_and_stays_at_the_end() -> None:
    app, timeline = bench(notes(30))
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(50, 20)
        await pilot.pause()
        assert "nomor 29" in painted(timeline)[-1]


def test_days_are_told_in_the_zone_of_the_reader() -> None:
    late = entry(1, 0, at=NOW.replace(hour=17, minute=30) - timedelta(days=1))
    assert "00:30" in drawn(late)[0]

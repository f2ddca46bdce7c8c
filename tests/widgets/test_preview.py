"""What the preview below the queue tells of a ticket."""

from msc_console.domain.terms import Channel, EntryKind
from msc_console.widgets.paint import plain, width_of
from msc_console.widgets.ticket_head import render_preview

from .samples import WIB, about, entry

WORDS = "\n".join(f"baris {at}" for at in range(9))
OPENED = entry(1, 60, kind=EntryKind.CHANGE, act="ticket.create", body=WORDS, channel=Channel.EMAIL)
TAKEN = entry(2, 0, kind=EntryKind.CHANGE, act="ticket.take")


def drawn(*entries: object) -> list[str]:
    lines = render_preview(about(), "MSC-004211", entries, 80, 7, WIB)  # type: ignore[arg-type]
    assert all(width_of(line) <= 80 for line in lines)
    return [plain(line).rstrip() for line in lines]


def test_room_below_the_last_act_goes_to_what_came_before_and_says_where_it_is_cut() -> None:
    lines = drawn(OPENED, TAKEN)
    assert len(lines) == 7
    assert [line.split()[-1] for line in lines[2:5]] == ["0", "1", "2"]
    assert lines[5].endswith("baris 3 …")


def test_the_last_act_comes_first_for_room() -> None:
    lines = drawn(TAKEN, OPENED)
    assert lines[6].endswith("baris 4 …")
    assert len(lines) == 7


def test_one_line_of_an_earlier_act_is_not_worth_it() -> None:
    four = entry(3, 0, kind=EntryKind.NOTE, act="entry.note", body="a\nb\nc\nd")
    assert len(drawn(OPENED, four)) == 6

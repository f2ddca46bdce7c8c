"""The queue as a widget: the cursor stands on a ticket, and only what is seen is read and painted."""

from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from msc_console.domain.rows import QueueRow
from msc_console.text import BAD
from msc_console.widgets.ticket_list import TicketList
from tests.support.golden import Golden
from tests.support.screens import wait_until

from .samples import HOSTILE, MINUTE, NOW, Bench, Rows, morning, painted, queue_row

SIZES = ((80, 24), (120, 34), (200, 50))


def many(count: int) -> Rows:
    return Rows([queue_row(number) for number in range(count)])


def bench(rows: Rows) -> tuple[Bench, TicketList]:
    tickets = TicketList(rows, now=NOW)
    return Bench(tickets), tickets


def screen_line(tickets: TicketList) -> int:
    """Where on the screen the cursor is drawn."""
    return next(at for at, line in enumerate(painted(tickets)) if line.startswith("\u258c"))


@pytest.mark.parametrize("size", SIZES)
async def test_as_drawn(size: tuple[int, int], golden: Golden) -> None:
    app, tickets = bench(Rows(morning()))
    async with app.run_test(size=size) as pilot:
        tickets.action_mark()
        tickets.action_step(2)
        await pilot.pause()
        golden(f"widgets/ticket_list_{size[0]}x{size[1]}", "\n".join(painted(tickets)))


async def test_columns_leave_room_for_the_scroll_bar() -> None:
    app, tickets = bench(many(300))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert {len(line) for line in painted(tickets)} == {79}
        assert tickets.scrollable_content_region.width == 79


async def test_keys_move_mark_and_open() -> None:
    app, tickets = bench(many(1000))
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.press("j", "down", "space", "k", "enter")
        assert tickets.cursor == 1
        assert tickets.marked == ("t000002",)
        assert app.told == [
            ("at", "t000000"),
            ("at", "t000001"),
            ("at", "t000002"),
            ("at", "t000001"),
            ("opened", "t000001"),
        ]
        await pilot.press("G")
        assert tickets.cursor_id == "t000999"
        assert painted(tickets)[-1].startswith("\u258c")
        await pilot.press("g")
        assert tickets.cursor == 0
        assert screen_line(tickets) == 1
        await pilot.press("pagedown")
        page = tickets.cursor
        assert 15 <= page <= 19
        await pilot.press("ctrl+d", "ctrl+u", "pageup")
        assert tickets.cursor == 0


def burst(tickets: TicketList, *keys: str) -> None:
    """Keys that all wait in the list's queue before it looks at the first."""
    for key in keys:
        tickets.post_message(events.Key(key, None))


async def test_keys_that_come_together_do_what_they_do_one_by_one() -> None:
    app, tickets = bench(many(1000))
    async with app.run_test(size=(100, 20)) as pilot:
        page = tickets.size.height - 2
        burst(tickets, "down", "down", "down", "space", "pagedown", "pagedown", "up", "space", "down")
        await pilot.pause()
        await pilot.pause()
        last = 3 + 2 * page - 1
        assert tickets.marked == ("t000003", f"t{last:06}")
        assert tickets.cursor == last + 1
        assert app.told[-1] == ("at", f"t{last + 1:06}")


async def test_rows_are_there_before_a_page_asks_for_them() -> None:
    rows = many(5000)
    app, tickets = bench(rows)
    async with app.run_test(size=(100, 20)) as pilot:
        await wait_until(pilot, lambda: rows.read >= 400 and not tickets._reading_on)
        read, tickets._reading_on = rows.read, True  # nothing more is read ahead while this looks
        burst(tickets, *["pagedown"] * 10)
        await wait_until(pilot, lambda: tickets.cursor > 100)
        assert rows.read == read
        assert tickets.row == rows.rows[tickets.cursor]


async def test_a_range_is_marked_from_the_last_mark() -> None:
    app, tickets = bench(many(1000))
    async with app.run_test(size=(100, 20)):
        tickets.action_step(3)
        tickets.action_mark()
        tickets.action_jump(450)
        tickets.action_mark_range()
        assert set(tickets.targets) == {f"t{number:06d}" for number in range(3, 451)}
        tickets.clear_marks()
        assert tickets.targets == ("t000450",)


async def test_a_click_moves_and_a_double_click_opens() -> None:
    app, tickets = bench(many(50))
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.click(tickets, offset=(10, 5), times=2)
        assert tickets.cursor == 4
        assert app.told[-1] == ("opened", "t000004")


async def seen(pilot: Pilot[None], tickets: TicketList, rows: Rows, fresh: list[QueueRow], ids: list[str]) -> None:
    rows.put(fresh)
    tickets.changed(ids)
    await pilot.pause()


async def test_the_cursor_keeps_its_ticket_and_its_line_of_the_screen() -> None:
    app, tickets = bench(rows := many(1000))
    async with app.run_test(size=(100, 20)) as pilot:
        tickets.action_jump(400)
        tickets.action_step(-5)
        await pilot.pause()
        line = screen_line(tickets)
        above = replace(queue_row(1), id="new", key=(380, "new"))
        await seen(pilot, tickets, rows, [above, *rows.rows], ["new"])
        assert tickets.cursor_id == "t000395"
        assert screen_line(tickets) == line
        await seen(pilot, tickets, rows, rows.rows[7:], [row.id for row in rows.rows[:7]])
        assert tickets.cursor_id == "t000395"
        assert screen_line(tickets) == line


async def test_when_its_ticket_leaves_the_cursor_takes_the_next() -> None:
    app, tickets = bench(rows := many(30))
    async with app.run_test(size=(100, 20)) as pilot:
        tickets.action_step(4)
        tickets.action_mark()
        line = screen_line(tickets)
        await seen(pilot, tickets, rows, [row for row in rows.rows if row.id != "t000004"], ["t000004"])
        assert tickets.cursor_id == "t000005"
        assert screen_line(tickets) == line
        assert tickets.marked == ()
        tickets.action_jump(-1)
        await seen(pilot, tickets, rows, rows.rows[:-1], ["t000029"])
        assert tickets.cursor_id == "t000028"
        await seen(pilot, tickets, rows, [], [row.id for row in rows.rows])
        assert "Nothing here." in painted(tickets)[1]
        assert tickets.targets == ()


async def test_a_ticket_that_moves_far_takes_the_cursor_with_it() -> None:
    app, tickets = bench(rows := many(900))
    async with app.run_test(size=(100, 20)) as pilot:
        tickets.action_step(2)
        moved = replace(rows.rows[2], key=(700, "t000002"), subject="elsewhere")
        await seen(pilot, tickets, rows, [row for row in rows.rows if row.id != "t000002"] + [moved], ["t000002"])
        assert tickets.cursor_id == "t000002"
        assert tickets.cursor == 699
        assert "elsewhere" in painted(tickets)[screen_line(tickets)]


async def test_what_becomes_pressing_is_seen_at_the_top() -> None:
    app, tickets = bench(rows := many(40))
    async with app.run_test(size=(100, 20)) as pilot:
        urgent = replace(queue_row(1), id="urgent", label="MSC-URGENT", key=(-1, "urgent"))
        await seen(pilot, tickets, rows, [urgent, *rows.rows], ["urgent"])
        assert "MSC-URGENT" in painted(tickets)[1]
        assert tickets.cursor_id == "t000000"


async def test_a_changed_row_repaints_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    app, tickets = bench(rows := many(400))
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        lines: list[int] = []
        whole: list[Any] = []
        monkeypatch.setattr(tickets, "refresh_line", lines.append)
        monkeypatch.setattr(tickets, "refresh", lambda *regions, **_: whole.append(regions))
        rows.put([replace(row, subject="other") if row.id == "t000003" else row for row in rows.rows])
        tickets.changed(["t000003"])
        tickets.action_step(1)
        assert (lines, whole) == ([4, 1, 2], [])


async def test_the_cursor_shows_focus_and_theme() -> None:
    app, tickets = bench(many(3))
    async with app.run_test(size=(100, 20)) as pilot:

        def ground() -> object:
            style = list(tickets.render_line(1))[-1].style
            return style and style.bgcolor

        await pilot.pause()
        focused = ground()
        other = list(tickets.render_line(2))[-1].style
        assert other
        assert focused != other.bgcolor
        app.set_focus(None)
        await pilot.pause()
        blurred = ground()
        assert blurred not in (focused, other.bgcolor)
        app.theme = "textual-light"
        await pilot.pause()
        assert ground() != blurred


async def test_time_passes_on_the_rows() -> None:
    app, tickets = bench(many(3))
    async with app.run_test(size=(100, 20)) as pilot:
        assert " 38m" in painted(tickets)[1]
        tickets.tick(NOW + 10 * MINUTE)
        await pilot.pause()
        assert " 28m" in painted(tickets)[1]


async def test_another_view_keeps_the_ticket_under_the_cursor() -> None:
    app, tickets = bench(many(900))
    async with app.run_test(size=(100, 20)) as pilot:
        tickets.show(Rows([queue_row(number) for number in range(0, 900, 2)]), cursor="t000800")
        await pilot.pause()
        assert tickets.cursor_id == "t000800"
        assert screen_line(tickets)
        assert tickets.go_to("t000004")
        assert not tickets.go_to("t000005")
        assert tickets.cursor_id == "t000004"


async def test_a_narrower_screen_keeps_the_cursor_in_view() -> None:
    app, tickets = bench(many(200))
    async with app.run_test(size=(120, 40)) as pilot:
        tickets.action_step(35)
        await pilot.resize_terminal(80, 12)
        assert screen_line(tickets)
        assert {len(line) for line in painted(tickets)} == {79}


async def test_long_lists_are_read_by_page() -> None:
    app, tickets = bench(rows := many(20_000))
    async with app.run_test(size=(100, 20)) as pilot:
        tickets.action_jump(-1)
        for _page in range(20):
            tickets.action_turn(-1.0)
        await pilot.pause()
        assert tickets.cursor_id
        assert rows.read < 2000


async def test_hostile_text_reaches_no_line() -> None:
    rows = [
        queue_row(at, subject=bad, customer=bad, label=bad, owner=bad, owner_name=bad) for at, bad in enumerate(HOSTILE)
    ]
    app, tickets = bench(Rows(rows))
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause()
        for strip in tickets.render_lines(tickets.size.region):
            assert strip.cell_length == 120
            assert not BAD.search(strip.text)
            assert all(not (segment.style and segment.style.meta.get("@click")) for segment in strip)
        assert "[@click=app.quit]" in "".join(painted(tickets))

"""The side panel, the top line and the bottom line."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.text import BAD
from msc_console.widgets.hints import HintLine, render_hints
from msc_console.widgets.paint import plain, width_of
from msc_console.widgets.side_panel import SidePanel, render_panel
from msc_console.widgets.status_line import Status, StatusLine, render_status
from tests.support.golden import Golden

from .samples import HOSTILE, HOUR, MINUTE, NOW, WIB, Bench, about, painted

STATUS = Status(
    person="Rina Wulandari",
    role="agent",
    tier="l0",
    place="Helpdesk Reguler",
    count=19,
    shift="Pagi",
    shift_left=timedelta(hours=3, minutes=12),
    at_risk=3,
)
HINTS = (
    ("Enter", "open", True),
    ("t", "take", False),
    ("r", "reply", True),
    ("c", "note", True),
    ("h", "hold", True),
    ("e", "escalate", True),
    ("Space", "mark", True),
    ("s", "serve", True),
)
TAIL = (("?", "help", True), ("^p", "", True))
OFFLINE = replace(STATUS, offline_since=NOW - 58 * MINUTE, pending=6, refused=1)
WORST = replace(OFFLINE, person="Kusumawardhani Anggraini", note="cache under a password alone", place="Semua terbuka")


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50)])
async def test_frame_as_drawn(size: tuple[int, int], golden: Golden) -> None:
    width = size[0]
    lines = [plain(render_status(status, width, WIB)) for status in (STATUS, OFFLINE, WORST)]
    lines += [plain(render_hints(HINTS, width, TAIL)), plain(render_hints(HINTS, width))]
    panel = SidePanel(zone=WIB, now=NOW)
    app = Bench(panel)
    async with app.run_test(size=(37, size[1])) as pilot:
        panel.show(about())
        await pilot.pause()
        golden(f"widgets/frame_{size[0]}x{size[1]}", "\n".join([*lines, *painted(panel)]))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_console_that_looks_on_is_neither_online_nor_offline(width: int) -> None:
    text = plain(render_status(replace(STATUS, onlooker=True, offline_since=NOW), width, WIB))
    assert "look only" in text
    assert "line" not in text


def test_a_weak_vault_is_told_where_it_costs_nothing_else() -> None:
    weak = replace(OFFLINE, weak="password only")
    assert "password only" in plain(render_status(weak, 120, WIB))
    for width in range(40, 160):
        with_it, without = plain(render_status(weak, width, WIB)), plain(render_status(OFFLINE, width, WIB))
        assert with_it.replace("password only", "").split() == without.split()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 120])
@pytest.mark.parametrize("status", [OFFLINE, WORST])
def test_what_needs_a_person_is_told_at_any_width(status: Status, width: int) -> None:
    text = plain(render_status(status, width, WIB))
    assert len(text) == width
    assert "refused 1" in text
    if width >= 60:
        assert "offline 08:42" in text
        assert "SLA at risk 3" in text
        assert text.startswith((" Rina", " Kusum"))


def test_hints_are_whole_or_absent() -> None:
    known = [f"{key} {label}" for key, label, _on in HINTS]
    for width in range(10, 120):
        text = plain(render_hints(HINTS, width, TAIL))
        left = text.split("?")[0] if "? help" in text else text
        shown = [part.strip("()") for part in left.strip().split("  ") if part.strip()]
        assert shown == known[: len(shown)]


def test_a_key_that_cant_be_used_stands_in_brackets() -> None:
    assert "(t take)" in plain(render_hints(HINTS, 80))


def test_clocks_say_how_they_stand_without_colour() -> None:
    given = about()
    response, running, paused = given.ticket.clocks
    late = replace(running, due=NOW - 80 * MINUTE)
    missed = replace(response, fulfilled_at=response.due + 5 * MINUTE)
    ended = replace(running, cancelled_at=NOW)

    def text(*clocks: object) -> str:
        ticket = replace(given.ticket, clocks=clocks)  # type: ignore[arg-type]
        return "\n".join(plain(line).rstrip() for line in render_panel(replace(given, ticket=ticket), 37, NOW, WIB))

    assert "Response    \u2713 3m of 15m" in text(response)
    assert "\u2593\u2591\u2591\u2591\u2591\u2591\u2591\u2591  7h 30m / 8h" in text(running)
    assert "\u2016" + "7h 48m / 8h" in text(paused)
    assert "late 1h 20m !!" in text(late)
    assert "\u2717 20m of 15m" in text(missed)
    assert "ended with the ticket" in text(ended)
    pending = render_panel(replace(given, pending=True), 37, NOW, WIB)
    assert "7h 30m~ / 8h" in "".join(plain(line) for line in pending)


async def test_time_passes_on_the_clocks() -> None:
    panel = SidePanel(zone=WIB, now=NOW)
    async with Bench(panel).run_test(size=(37, 30)) as pilot:
        panel.show(about())
        panel.tick(NOW + HOUR)
        await pilot.pause()
        assert "6h 30m / 8h" in "\n".join(painted(panel))


@given(st.text(max_size=60), st.integers(12, 200))
def test_every_line_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    given_about = about()
    ticket = replace(
        given_about.ticket, organisation_name=text, contact_name=text, tags=(text,), references={text: text}
    )
    hops = tuple(replace(hop, reason=text, acked_by=text) for hop in given_about.hops)
    hostile = replace(given_about, ticket=ticket, hops=hops, contact=None, organisation=None, service=None, names={})
    status = replace(WORST, person=text, place=text, shift=text, note=text, role=text, tier=text)
    lines = render_panel(hostile, max(width, 24), NOW, WIB)
    assert all(width_of(line) == max(width, 24) for line in lines)
    lines += [render_status(status, width, WIB), render_hints([(text, text, True)] * 3, width, [(text, "", False)])]
    assert [width_of(line) for line in lines[-2:]] == [width, width]
    assert not any(BAD.search(plain(line)) for line in lines)


@pytest.mark.parametrize("bad", HOSTILE)
async def test_hostile_text_reaches_no_line(bad: str) -> None:
    status, hints = StatusLine(STATUS, zone=WIB), HintLine()
    async with Bench(status).run_test(size=(80, 24)) as pilot:
        await pilot.app.mount(hints)
        status.show(replace(STATUS, person=bad, place=bad))
        hints.show([(bad, bad, True)])
        await pilot.pause()
        for line in (*painted(status), *painted(hints)):
            assert not BAD.search(line)
        assert (status.size.height, hints.size.height) == (1, 1)

"""A ticket as one line of the queue."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from msc_console import i18n
from msc_console.domain.rows import QueueRow
from msc_console.text import BAD
from msc_console.widgets.paint import plain, width_of
from msc_console.widgets.queue_row import Columns, render_heads, render_row
from tests.support.golden import Golden

from .samples import HOSTILE, NOW, morning, queue_row

WIDTHS = (50, 80, 95, 120, 200)
TEXT = st.text(max_size=60)
SPAN = st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=400))


def line(row: QueueRow, width: int, **flags: bool) -> str:
    return plain(render_row(row, Columns.of(width), NOW, **flags))


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_as_drawn(width: int, golden: Golden) -> None:
    rows = morning()
    columns = Columns.of(width)
    drawn = [plain(render_row(row, columns, NOW, cursor=at == 0, marked=at in (0, 4))) for at, row in enumerate(rows)]
    golden(f"widgets/queue_row_{width}", "\n".join([plain(render_heads(columns)), *drawn]))


@pytest.mark.parametrize("width", [*range(72, 92, 4), *range(92, 240, 9)])
def test_no_column_runs_into_the_next(width: int) -> None:
    columns = Columns.of(width)
    full = queue_row(
        4211,
        label="MSC-99999999",
        state="waiting_level",
        waiting_party="business_unit",
        owner="p",
        owner_name="Wulandarisuryaningrat",
        channel="a very long channel",
        customer="C" * 80,
        priority="immediately",
        pending=1,
    )
    text = line(full, width)
    at = columns.marks + columns.number
    for cells in (columns.priority, columns.deadline, columns.state):
        assert text[at : at + columns.gap] == " " * columns.gap
        at += columns.gap + cells
    for cells in (columns.holder, columns.channel, columns.customer):
        if cells:
            assert text[at] == " "
            at += 1 + cells
    assert text[at] == " "
    assert columns.text >= 15


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "\u2593\u2593\u2593\u2593\u2593\u2593\u2593\u2591 38m "),
        ({"pending": 1}, " 38m~ "),
        ({"due": None, "left": timedelta(hours=15)}, "\u2016" + "15h"),
        ({"left": timedelta(hours=-1)}, "late 1h \u2016"),
        ({"due": None}, " \u2014 "),
        ({"target": None}, " 38m "),
    ],
)
def test_deadline(values: dict[str, Any], shown: str) -> None:
    assert shown in line(queue_row(**values), 80)


@pytest.mark.parametrize("minutes", [1, 80, 60 * 47, 60 * 24 * 99 + 60 * 5, 60 * 24 * 900])
@pytest.mark.parametrize("pending", [0, 1])
@pytest.mark.parametrize("width", WIDTHS)
def test_late_is_said_in_signs_at_every_width(minutes: int, pending: int, width: int) -> None:
    row = queue_row(due=NOW - timedelta(minutes=minutes), pending=pending)
    text = line(row, width)
    assert "!!" in text
    assert i18n.duration_short(timedelta(minutes=minutes)) in text


def test_marks_stand_apart() -> None:
    def head(**values: Any) -> str:
        flags = {name: values.pop(name, False) for name in ("cursor", "marked")}
        return line(queue_row(**values), 80, **flags)[:4]

    assert head() == "   M"
    assert head(cursor=True) == "\u258c  M"
    assert head(marked=True) == "\u2713  M"
    assert head(pending=1) == "\u2022  M"
    assert head(attention=1, pending=1) == "!  M"
    assert head(cursor=True, marked=True, attention=1) == "\u258c\u2713!M"


def test_holder_by_first_name_where_narrow() -> None:
    row = queue_row(owner="p", owner_name="Rina Wulandari")
    assert " Rina  " in line(row, 80)
    assert " Rina Wulandari " in line(row, 200)
    assert "\u2014" in line(queue_row(), 80)


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_stays_text(width: int) -> None:
    for bad in HOSTILE:
        row = queue_row(
            subject=bad, customer=bad, owner="p", owner_name=bad, label=bad, state=bad, channel=bad, priority=bad
        )
        spans = render_row(row, Columns.of(width), NOW)
        assert width_of(spans) == width
        assert not BAD.search(plain(spans))
    assert "[@click=app.quit]" in line(queue_row(customer="[@click=app.quit]x[/]"), 200)


@given(
    st.integers(20, 260),
    st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT, TEXT),
    st.tuples(SPAN, SPAN, SPAN),
    st.integers(0, 2),
    st.booleans(),
)
def test_every_row_is_exactly_as_wide_as_asked(
    width: int, texts: tuple[str, ...], spans: tuple[Any, Any, Any], count: int, flag: bool
) -> None:
    label, subject, customer, priority, state, owner = texts
    due, target, left = spans
    row = QueueRow(
        id="x",
        label=label,
        subject=subject,
        customer=customer,
        priority=priority,
        state=state,
        waiting_party=owner,
        owner=owner or None,
        owner_name=owner,
        mine=flag,
        channel=state,
        due=None if due is None else NOW + due,
        target=abs(target) if target else None,
        left=left,
        updated_at=NOW,
        pending=count,
        attention=count // 2,
        key=(0, "x"),
    )
    drawn = render_row(row, Columns.of(width), NOW, cursor=flag, marked=not flag)
    assert sum(cell_len(text) for text, _tone in drawn) == width
    assert not BAD.search(plain(drawn))
    assert "\n" not in plain(drawn)

"""The run of rows in memory against the whole list."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from msc_console.widgets.row_window import RowWindow

from .samples import Rows, queue_row


def source(count: int) -> Rows:
    return Rows([queue_row(number) for number in range(count)])


def agrees(window: RowWindow, rows: Rows) -> bool:
    """The run is a run of the list, in order and without a hole."""
    if not window.rows:
        return not rows.rows
    at = rows.keys.index(window.rows[0].key)
    return bool(window.rows == rows.rows[at : at + len(window.rows)])


def test_a_million_rows_are_never_read() -> None:
    rows = source(5000)
    window = RowWindow(rows)
    for top in (0, 300, 4950, 4700, 10):
        assert window.ensure(top, top + 50) == 0
        assert [window.row(top + at) for at in range(50)] == rows.rows[top : top + 50]
        assert len(window.rows) <= 900
    assert rows.read < 3000


def test_what_will_be_wanted_next_is_there_already() -> None:
    rows = source(5000)
    window = RowWindow(rows)
    window.ensure(2000, 2040)
    while window.behind:
        assert window.read_ahead() == 0
    read = rows.read
    assert window.ensure(2260, 2300) == window.ensure(1740, 1780) == 0
    assert rows.read == read
    assert len(window.rows) <= 900
    assert agrees(window, rows)


def test_reading_ahead_comes_to_rest_on_the_largest_screen() -> None:
    window = RowWindow(source(5000))
    window.ensure(2000, 2400)
    for _page in range(20):
        if window.behind:
            window.read_ahead()
    assert not window.behind


def test_a_change_reads_again_only_what_is_near() -> None:
    rows = source(5000)
    window = RowWindow(rows)
    window.ensure(2000, 2040)
    while window.behind:
        window.read_ahead()
    read = rows.read
    window.reload()
    assert rows.read - read <= 300
    assert [window.row(at) for at in range(2000, 2040)] == rows.rows[2000:2040]


def test_a_row_that_came_before_all_others_is_not_hidden_by_the_count() -> None:
    rows = Rows([queue_row(number * 10) for number in range(14)])
    window = RowWindow(rows, page=7, keep=15)
    window.ensure(9, 14)
    fresh = replace(queue_row(5), id="n0", key=(5, "n0"))
    rows.put([*rows.rows, fresh])
    window.reload()
    assert window.find("n0") is not None
    window.ensure(0, 1)
    while window.first:
        window.ensure(0, 1)
    assert window.row(0) == rows.rows[0]


def test_both_ends_know_their_place() -> None:
    rows = source(730)
    window = RowWindow(rows)
    window.ensure(700, 730)
    assert window.end == window.count == 730
    window.ensure(0, 30)
    assert window.first == 0
    assert window.row(0) == rows.rows[0]


def test_positions_that_drifted_are_put_right_at_an_end() -> None:
    rows = source(1000)
    window = RowWindow(rows)
    window.ensure(450, 490)
    eye = window.rows[460 - window.first]
    rows.put(rows.rows[5:])
    window.reload()
    assert window.index_of(eye.id) == 460
    top, moves = 450, []
    while top + 40 < window.count:
        top += 40
        moved = window.ensure(top, min(top + 40, window.count))
        moves.append(moved)
        top += moved
    assert sum(moves) == -5
    assert window.index_of(rows.rows[-1].id) == 994


def test_find_goes_anywhere() -> None:
    rows = source(1200)
    window = RowWindow(rows)
    for number in (1100, 3, 640, 1199, 0):
        assert window.find(f"t{number:06d}") == number
        assert agrees(window, rows)
    assert window.find("nobody") is None


def test_between_reads_beyond_the_run() -> None:
    rows = source(700)
    window = RowWindow(rows)
    ids = window.between(rows.keys[650], rows.keys[20])
    assert ids == [row.id for row in rows.rows[20:651]]


def test_an_emptied_list_is_empty() -> None:
    rows = source(500)
    window = RowWindow(rows)
    window.ensure(400, 440)
    rows.put([])
    window.reload()
    assert (window.count, window.rows, window.first) == (0, [], 0)


STEP = st.one_of(
    st.tuples(st.just("see"), st.integers(0, 90)),
    st.tuples(st.just("drop"), st.integers(0, 90)),
    st.tuples(st.just("add"), st.integers(0, 400)),
    st.tuples(st.just("find"), st.integers(0, 90)),
    st.tuples(st.just("wait"), st.integers(1, 3)),
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 90), st.lists(STEP, max_size=25))
def test_whatever_happens_the_run_is_a_run_of_the_list(start: int, steps: list[tuple[str, int]]) -> None:
    rows = Rows([queue_row(number * 10) for number in range(start)])
    window = RowWindow(rows, page=7, keep=25, ahead=5)
    for what, value in steps:
        if what == "see" and window.count:
            top = min(value, window.count - 1)
            bottom = min(top + 5, window.count)
            eye = window.row(top)
            moved = window.ensure(top, bottom)
            if eye is not None:
                assert window.index_of(eye.id) in (None, top + moved)
            assert window.first >= 0
            assert window.end <= window.count
            shown = min(bottom + moved, window.count)
            assert all(window.row(at) for at in range(max(top + moved, 0), shown))
        elif what == "wait" and window.count:
            for _page in range(value):
                seen = window.rows[0]
                was = window.index_of(seen.id)
                moved = window.read_ahead() if window.behind else 0
                assert window.index_of(seen.id) in (None, (was or 0) + moved)
        elif what == "drop" and rows.rows:
            rows.put([row for at, row in enumerate(rows.rows) if at != value % len(rows.rows)])
            window.reload()
        elif what == "add":
            fresh = replace(queue_row(value * 10 + 5), id=f"n{value}", key=(value * 10 + 5, f"n{value}"))
            rows.put([*[row for row in rows.rows if row.id != fresh.id], fresh])
            window.reload()
        elif what == "find" and rows.rows:
            row = rows.rows[value % len(rows.rows)]
            index = window.find(row.id)
            assert index is not None
            assert window.row(index) == row
        assert agrees(window, rows)
    if window.count:
        window.ensure(0, 1)
        while window.first > 0:
            window.ensure(0, 1)
        assert window.row(0) == rows.rows[0]

"""A log is read incident by incident; what is unfit is named by its line and the rest goes in."""

import tracemalloc
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from msc_console.central.imports import servicenow
from msc_console.central.imports.lines import LINE_MOST, Bad, Reason
from msc_console.central.imports.servicenow import Incident, read
from msc_console.domain.terms import State
from msc_console.errors import UsageError
from msc_console.text import BAD
from tests.central.imports.stage import HEADER, life, line, lives, log, packed


def taken(content: bytes, zone: str = "UTC") -> list[Incident | Bad]:
    return list(read(BytesIO(content), zone))


def incidents(content: bytes) -> list[Incident]:
    return [item for item in taken(content) if isinstance(item, Incident)]


def bad(content: bytes) -> list[Bad]:
    return [item for item in taken(content) if isinstance(item, Bad)]


def test_plain_or_packed_by_path_or_stream_it_is_the_same(tmp_path: Path) -> None:
    content = log(*lives(range(3)))
    plain, gz = tmp_path / "log.csv", tmp_path / "log.csv.gz"
    plain.write_bytes(content)
    gz.write_bytes(packed(content))
    expected = taken(content)
    assert [(item.number, len(item.events)) for item in expected if isinstance(item, Incident)] == [
        ("INC0", 4), ("INC1", 4), ("INC2", 4)
    ]  # fmt: skip
    assert list(read(plain)) == list(read(gz)) == taken(packed(content)) == expected


def test_what_editors_do_to_files_changes_nothing() -> None:
    content = log(*life("INC7"))
    marked = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")
    assert taken(marked) == taken(content)
    assert taken(content.replace(b"\n", b"\n\n")) == taken(content)
    assert taken(content.rstrip(b"\n")) == taken(content)
    assert taken(content.replace(b"Grup B", b'"Grup B"')) == taken(content)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (line(number="INC5") + ",x", Reason.COLUMNS),
        (line(number="INC5")[:90], Reason.COLUMNS),
        (line(number="INC5", category='"open'), Reason.COLUMNS),
        (line(number="INC5", sys_updated_at="31/2/2026 07:05"), Reason.DATE),
        (line(number="INC5", sys_updated_at="2026-03-01 07:05"), Reason.DATE),
        (line(number="INC5", sys_updated_at="1/3/2026 24:00"), Reason.DATE),
        (line(number="INC5", sys_updated_at="?"), Reason.DATE),
        (line(number="INC5", opened_at="?"), Reason.DATE),
        (line(number="INC5", closed_at="soon"), Reason.DATE),
        (line(number="INC5", resolved_at="١/٣/٢٠٢٦ ٠٧:٠٥"), Reason.DATE),
        (line(number="INC5", priority="5 - Planning"), Reason.PRIORITY),
        (line(number="INC5", priority="?"), Reason.PRIORITY),
        (line(number="INC5", urgency="?"), Reason.LEVEL),
        (line(number="INC5", impact="4 - None"), Reason.LEVEL),
        (line(number="INC5", incident_state="Asleep"), Reason.STATE),
        (line(number="INC5", reopen_count="-1"), Reason.COUNT),
        (line(number="INC5", reassignment_count="²"), Reason.COUNT),
        (line(number="?"), Reason.NUMBER),
        (line(number=""), Reason.NUMBER),
        (line(number="INC5", category="x" * LINE_MOST), Reason.TOO_LONG),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_in(row: str, reason: Reason) -> None:
    content = log(*life("INC1"), row, *life("INC2"))
    assert bad(content) == [Bad(6, reason)]
    assert [(item.number, len(item.events)) for item in incidents(content)] == [("INC1", 4), ("INC2", 4)]


def test_another_encoding_is_named() -> None:
    content = log(*life("INC1"), line(number="INC1", category="Surat é")).replace("é".encode(), b"\xe9")
    assert bad(content) == [Bad(6, Reason.ENCODING)]


def test_a_very_long_line_is_passed_over_to_its_end() -> None:
    content = log(line(number="INC1", category="x" * (3 * LINE_MOST)), line(number="INC2"))
    assert bad(content) == [Bad(2, Reason.TOO_LONG)]
    assert [item.number for item in incidents(content)] == ["INC2"]


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_cut_archive_gives_what_stood_before_the_cut(keep: float) -> None:
    rows = [line(number=f"INC{n}", caller_id=f"Pelapor {n * n}") for n in range(2_000)]
    whole = packed(log(*rows))
    found = taken(whole[: int(len(whole) * keep)])
    end = found[-2]  # the last incident is given after the line that ended the file
    assert isinstance(end, Bad)
    assert end.reason is Reason.DAMAGED
    read_rows = [item.number for item in found if isinstance(item, Incident)]
    assert 0 < len(read_rows) < len(rows)
    assert read_rows == [f"INC{n}" for n in range(len(read_rows))]
    assert end.line == len(read_rows) + 2


def test_a_damaged_archive_is_named() -> None:
    whole = bytearray(packed(log(*lives(range(50)))))
    whole[-6] ^= 0xFF  # the checksum
    assert bad(bytes(whole)) == [Bad(202, Reason.DAMAGED)]
    assert len(incidents(bytes(whole))) == 50


def test_a_cut_text_loses_its_last_row_alone() -> None:
    content = log(*life("INC1"))
    assert bad(content[:-40]) == [Bad(5, Reason.COLUMNS)]
    (incident,) = incidents(content[:-40])
    assert [event.state for event in incident.events] == [State.NEW, State.OPEN, State.RESOLVED]


def test_rows_that_stand_apart_go_on_where_the_incident_was() -> None:
    first, second = life("INC1"), life("INC2")
    parts = incidents(log(*first[:2], *second, *first[2:]))
    assert [part.number for part in parts] == ["INC1", "INC2", "INC1"]
    assert [event.place for event in parts[2].events] == [2, 3]
    assert parts[0].before is None
    before = parts[2].before
    assert before is not None
    assert (before.rows, before.state, before.group, before.reassignments) == (2, State.OPEN, "Grup B", 1)


def test_an_incident_of_many_rows_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servicenow, "PART_ROWS", 3)
    parts = incidents(log(*life("INC1")))
    assert [[event.place for event in part.events] for part in parts] == [[0, 1, 2], [3]]


def test_a_bad_row_keeps_its_place() -> None:
    rows = life("INC1")
    rows[1] = rows[1].replace("3 - Moderate", "9 - None")
    (incident,) = incidents(log(*rows))
    assert [event.place for event in incident.events] == [0, 2, 3]
    rows = [*life("INC2"), line(number="INC1", priority="?"), *life("INC2")[:1], line(number="INC1")]
    last = incidents(log(*rows))[-1]
    assert (last.number, last.events[0].place, last.before) == ("INC1", 1, None)


def test_a_state_that_says_nothing_leaves_the_state_as_it_was() -> None:
    rows = [
        line(incident_state="-100"),
        line(incident_state="Active"),
        line(incident_state="-100"),
        line(number="INC2"),
        line(incident_state="-100"),
    ]
    states = [[event.state for event in part.events] for part in incidents(log(*rows))]
    assert states == [[State.NEW, State.OPEN, State.OPEN], [State.NEW], [State.OPEN]]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", datetime(2026, 7, 1, 7, 5, tzinfo=UTC)),
        ("Asia/Jakarta", datetime(2026, 7, 1, 0, 5, tzinfo=UTC)),
        ("Europe/Lisbon", datetime(2026, 7, 1, 6, 5, tzinfo=UTC)),
    ],
)
def test_times_are_those_of_the_zone_given(zone: str, expected: datetime) -> None:
    (incident,) = taken(log(line(sys_updated_at="1/7/2026 07:05")), zone)
    assert isinstance(incident, Incident)
    at = incident.events[0].row.at
    assert (at, at.utcoffset()) == (expected, expected.utcoffset())


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "", "../etc", "Asia"])
def test_an_unknown_zone_is_refused_before_anything_is_read(zone: str) -> None:
    with pytest.raises(UsageError, match="zone_unknown"):
        read(BytesIO(b""), zone)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a,b\n1,2\n",
        log(line(), header=HEADER.replace("priority", "prio")),
        log(line() + ",?", header=HEADER + ",impact"),
        b"\xff\xfe" + HEADER.encode("utf-16-le"),
        packed(b""),
        packed(log(line()))[:20],
    ],
)
def test_another_file_is_no_log(content: bytes) -> None:
    with pytest.raises(UsageError, match="import_not_a_log"):
        taken(content)


def test_columns_may_stand_in_any_order_and_others_are_kept() -> None:
    header = ",".join(["catatan", *reversed(HEADER.split(","))])
    row = ",".join(["baru", *reversed(line(number="INC9").split(","))])
    (incident,) = incidents(log(row, header=header))
    assert (incident.number, incident.events[0].row.words["catatan"]) == ("INC9", "baru")


def test_words_of_a_log_are_cleaned() -> None:
    (incident,) = incidents(log(line(caller_id="\x1b]52;c;x\x07\u202ea", category="x" * 5_000)))
    words = incident.events[0].row.words
    assert not any(BAD.search(word) for word in words.values())
    assert max(map(len, words.values())) == 1_000


def test_memory_stays_small_however_long_the_log() -> None:
    content = packed(log(*lives(range(3_000))))
    tracemalloc.start()
    try:
        rows = sum(len(item.events) for item in read(BytesIO(content)) if isinstance(item, Incident))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == 12_000
    assert peak < 4_000_000  # all rows held take ten times that

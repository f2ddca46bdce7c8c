"""The chain of the audit trail: whatever is done to a record is found, and checkpoints find what a chain can't."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import seal, trail
from msc_console.trail import Check, Finding, Record

PRIVATE, PUBLIC = seal.new_device_key()
NAME = trail.key_name("01970000-site")


def made(count: int, start: int = 0) -> list[Record]:
    """A trail that holds; another `start` gives another one."""
    found: list[Record] = []
    for seq in range(1, count + 1):
        prev = found[-1].hash if found else trail.BEGINNING
        told = (start + seq, f"p{seq}", "ticket.take", f'{{"n":{seq}}}')
        found.append(Record(seq, *told, trail.link(prev, seq, *told)))
    return found


def signed(records: list[Record], *sizes: int) -> str:
    """Checkpoints of the trail as it was when it had so many records."""
    text, prev = "", ""
    for size in sizes:
        root = records[size - 1].hash if size else trail.BEGINNING
        note = trail.checkpoint(NAME, PRIVATE, size, root, "2026-11-24T03:00:00.000Z", prev)
        text, prev = text + note, trail.digest(note)
    return text


def found(records: list[Record], checkpoints: str = "") -> list[Finding]:
    check = Check.against(checkpoints, NAME, PUBLIC)
    check.take(records)
    return check.done()


def test_the_rule_is_the_documented_one() -> None:
    """Computed from the text of the rule by hand, so that the rule can't drift with the code."""
    import hashlib

    first = hashlib.sha256(b"msc-audit/v1").hexdigest()
    record = b'{"act":"a","actor":"b","at":7,"data":{"n":1}}'
    wanted = hashlib.sha256(b"msc-audit/v1|" + first.encode() + b"|1|" + record).hexdigest()
    assert trail.link(trail.BEGINNING, 1, 7, "b", "a", '{"n":1}') == wanted


@given(st.integers(1, 12), st.data())
def test_a_changed_record_is_found_where_it_stands(count: int, data: st.DataObject) -> None:
    records = made(count)
    assert found(records, signed(records, 0, count, count)) == []
    at = data.draw(st.integers(0, count - 1))
    field, value = data.draw(
        st.sampled_from([("at", 99), ("actor", "x"), ("act", "x"), ("data", "{}"), ("hash", "0" * 64)])
    )
    records[at] = replace(records[at], **{field: value})
    assert Finding("edited", at + 1) in found(records)


@given(st.integers(3, 12), st.data())
def test_a_missing_or_moved_record_is_found(count: int, data: st.DataObject) -> None:
    records = made(count)
    at = data.draw(st.integers(0, count - 2))
    assert Finding("missing", at + 1) in found(records[:at] + records[at + 1 :])
    swapped = [*records]
    swapped[at], swapped[at + 1] = replace(records[at + 1], seq=at + 1), replace(records[at], seq=at + 2)
    assert Finding("edited", at + 1) in found(swapped)


@given(st.integers(1, 12), st.data())
def test_cutting_and_rewriting_are_found_by_checkpoints_alone(count: int, data: st.DataObject) -> None:
    records, others = made(count), made(count, start=100)
    kept = data.draw(st.integers(0, count - 1))
    points = signed(records, kept, count)
    assert found(records[:kept]) == []
    assert found(records[:kept], points) == [Finding("truncated", count)]
    assert found(others) == []
    assert Finding("rewritten", count) in found(others, points)


def test_a_forged_or_missing_checkpoint_is_found() -> None:
    records = made(4)
    points = signed(records, 1, 2, 3)
    notes = trail.notes(points)
    assert found(records, notes[0] + notes[2]) == [Finding("checkpoint_missing", 3)]
    assert found(records, points.replace("\n3\n", "\n4\n")) == [Finding("forged", 2)]
    other, _ = seal.new_device_key()
    foreign = trail.checkpoint(NAME, other, 4, records[3].hash, "2026-11-24T03:00:00.000Z", "")
    assert found(records, foreign) == [Finding("forged", 0)]
    assert found(records, "no checkpoint at all\n") == [Finding("forged", 0)]
    elsewhere = trail.checkpoint("msc-audit/other", PRIVATE, 4, records[3].hash, "2026-11-24T03:00:00.000Z", "")
    assert found(records, elsewhere) == [Finding("forged", 0)]


def test_what_a_restore_lost_is_told_apart() -> None:
    before = made(5)
    records, points = before[:3], signed(before, 2, 5)
    told = (9, "system", trail.RESTORE, "{}")
    records.append(Record(4, *told, trail.link(records[-1].hash, 4, *told)))
    check = Check.against(points, NAME, PUBLIC)
    check.take(records)
    assert check.done() == [Finding("lost", 5)]
    assert check.restores == [4]


def test_a_note_has_the_public_form() -> None:
    """C2SP signed-note and tlog-checkpoint: origin, size, base64 root, extensions, blank line, dash and signature."""
    note = signed(made(2), 2)
    text, signature = note.split("\n\n")
    assert text.split("\n")[:2] == [NAME, "2"]
    assert len(text.split("\n")) == 5
    assert signature.startswith(f"\N{EM DASH} {NAME} ")
    assert signature.endswith("\n")
    key = trail.verifier_key(NAME, PUBLIC)
    assert trail.read_verifier_key(key) == (NAME, PUBLIC)
    with pytest.raises(ValueError, match="not a verifier key"):
        trail.read_verifier_key(key.replace("msc-audit", "msc-other"))

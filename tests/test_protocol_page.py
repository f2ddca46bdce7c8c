"""The page of the protocol and the tests behind it: each way in which they can part is found."""

from pathlib import Path

import pytest

from tools import protocol, protocol_marks
from tools.protocol_marks import Marks, Proof

PAGE = """# A protocol

## 1. Push

- **P-060** Ops come in order. [`tests/sync/test_gone.py`]
- **P-061** The reply leaves
  after the commit.
"""
ABOUT = "tests/sync/test_new.py"


def marks(*found: tuple[str, str, set[str]]) -> Marks:
    return Marks(tuple(Proof(module, name, frozenset(rules)) for module, name, rules in found))


def told(page: str, *found: tuple[str, str, set[str]]) -> list[str]:
    return list(protocol.complaints(page, marks(*found)))


GOOD = (
    ("tests/sync/test_driver.py", "test_order", {"P-060"}),
    ("tests/sync/test_engine.py", "test_commit", {"P-060", "P-061"}),
)


def test_a_page_is_filled_from_the_marks_and_is_then_fresh() -> None:
    filled = protocol.filled(PAGE, marks(*GOOD).behind)
    assert "order. [`tests/sync/test_driver.py`, `tests/sync/test_engine.py`]\n" in filled
    assert "  after the commit. [`tests/sync/test_engine.py`]\n" in filled
    assert protocol.filled(filled, marks(*GOOD).behind) == filled
    assert told(filled, *GOOD) == []


def test_long_lists_are_broken_within_the_width() -> None:
    many = [(f"tests/sync/test_with_a_long_name_{n}.py", "test_x", {"P-060"}) for n in range(7)]
    filled = protocol.filled(PAGE, marks(*many).behind)
    assert all(len(line) <= 120 for line in filled.splitlines())
    assert filled.count("tests/sync/test_with_a_long_name_") == 7


@pytest.mark.parametrize(
    ("page", "found", "complaint"),
    [
        (PAGE, GOOD, "stale"),
        (PAGE, GOOD[:1], "P-061 has no test"),
        (PAGE, (*GOOD, (ABOUT, "test_x", {"P-999"})), f"{ABOUT}::test_x names P-999, which is no rule"),
        (PAGE, (*GOOD, (ABOUT, "test_x", set())), f"{ABOUT}::test_x is about the protocol and names no rule"),
        (PAGE.replace("P-061", "P-060"), GOOD, "not unique"),
        (PAGE.replace("P-061", "P-059"), GOOD, "rising"),
        (PAGE.replace("P-061", "P-61"), GOOD, "three digits"),
        (PAGE, GOOD[:1], "no such test module: tests/sync/test_gone.py"),
    ],
)
def test_each_way_to_part_is_found(page: str, found: tuple[tuple[str, str, set[str]], ...], complaint: str) -> None:
    assert any(complaint in line for line in told(page, *found)), told(page, *found)


def test_numbers_may_begin_anew_in_another_section() -> None:
    page = PAGE.replace("P-060", "P-180").replace("- **P-061", "## 2. Pull\n\n- **P-061")
    assert not any("rising" in line for line in told(page, *GOOD))


def test_elsewhere_no_rule_has_to_be_named() -> None:
    others = ("tests/widgets/test_x.py", "test_x", set()), (next(iter(protocol_marks.NOT_ABOUT)), "test_x", set())
    assert not any("names no rule" in line for line in told(PAGE, *GOOD, *others))


def test_marks_are_read_from_function_class_and_module(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "import pytest\n"
        "pytestmark = [pytest.mark.slow, pytest.mark.protocol('P-001')]\n"
        "@pytest.mark.protocol('P-002')\n"
        "class TestPart:\n"
        "    @pytest.mark.protocol('P-003', 'P-004')\n"
        "    async def test_inner(self): ...\n"
        "@pytest.mark.parametrize('x', ['P-777'])\n"
        "def test_outer(x): ...\n"
        "def helper(): ...\n",
        encoding="utf-8",
    )
    assert {test.name: test.rules for test in protocol_marks.read(tmp_path).found} == {
        "test_inner": {"P-001", "P-002", "P-003", "P-004"},
        "test_outer": {"P-001"},
    }


def test_modules_that_are_left_out_exist() -> None:
    assert [name for name in protocol_marks.NOT_ABOUT if not (protocol.ROOT / name).exists()] == []

"""The table of threats against the tests: what tools/threats.py finds, and that the page is sound."""

from pathlib import Path

import pytest

from tools import threats

ROW = "| T-01 | a | b | c | d |\n"
TWO = ROW + "| T-02 | a | b | c | d |\n"
PROOF = "- **T-01** `tests/test_a.py::test_is`\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a test that runs and one that never does."""
    (tmp_path / "tests").mkdir()
    module = "import pytest\n\ndef helper(): ...\n\ndef test_is(): ...\n\n"
    module += "@pytest.mark.skip(reason='x')\ndef test_not(): ...\n"
    (tmp_path / "tests" / "test_a.py").write_text(module, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("", "no threats"),
        (ROW, "T-01: no test is named"),
        (ROW + "- **T-01** words alone\n", "T-01: neither a test nor why there is none"),
        (ROW + "- **T-01** Not built:\n", "T-01: neither a test nor why there is none"),
        (ROW + "- **T-01** `tests/test_a.py::test_gone`\n", "T-01: no such test: tests/test_a.py::test_gone"),
        (ROW + "- **T-01** `tests/test_b.py::test_is`\n", "T-01: no such test: tests/test_b.py::test_is"),
        (ROW + "- **T-01** `tests/test_a.py::helper`\n", "T-01: no such test: tests/test_a.py::helper"),
        (ROW + "- **T-01** `tests/test_a.py::test_not`\n", "T-01: no such test: tests/test_a.py::test_not"),
        (ROW + PROOF + "- **T-02** Not built: why.\n", "T-02: no such row"),
        (ROW + ROW + PROOF, "numbers are unique and rising"),
        (ROW + PROOF + PROOF, "what proves a threat stands once, in the order of the table"),
        (TWO + "- **T-02** Not built: why.\n" + PROOF, "what proves a threat stands once, in the order of the table"),
    ],
)
def test_each_fault_of_a_page_is_found(tree: Path, page: str, fault: str) -> None:
    assert list(threats.faults(page, tree)) == [fault]


def test_what_is_proved_and_what_is_not_is_counted(tree: Path) -> None:
    page = TWO + "| T-03 | a | b | c | d |\n" + PROOF
    page += "- **T-02** `tests/test_a.py::test_is`\n  Not built: a part.\n- **T-03** Not built: why.\n"
    assert list(threats.faults(page, tree)) == []
    assert threats.count(page) == "3 threats, 1 tests; partly built: 1 (T-02); not built: 1 (T-03)"


def test_the_page_is_sound_and_whole() -> None:
    page = (threats.ROOT / threats.PAGE).read_text("utf-8")
    assert list(threats.faults(page)) == []
    assert [proof.threat for proof in threats.proofs(page)] == [f"T-{number:02}" for number in range(1, 35)]

"""docs/security.md against the tests: each threat of the table names tests that exist, or says why it has none.

    python -m tools.threats check|count

A threat is a row `| T-nn | ...` of the page. Below the table stands what proves it, `- **T-nn** tests/x.py::test_y`,
and `Not built: why.` for what is not there. `check` fails when numbers are not unique and rising, when a row has
neither, when a line belongs to no row, and when a named test does not exist or is always skipped.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = "docs/security.md"
_ROW = re.compile(r"^\| (T-\d\d) \|", re.MULTILINE)
_PROOF = re.compile(r"^- \*\*(T-\d\d)\*\* .*(?:\n  .*)*", re.MULTILINE)
_TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
_MISSING = re.compile(r"Not built: \S")


@dataclass(frozen=True, slots=True)
class Proof:
    """What the page says about one threat. `missing`: a part of its control is not built."""

    threat: str
    tests: tuple[tuple[str, str], ...]
    missing: bool


def proofs(page: str) -> list[Proof]:
    """The lines below the table, in order."""
    return [
        Proof(found[1], tuple(_TEST.findall(found[0])), bool(_MISSING.search(found[0])))
        for found in _PROOF.finditer(page)
    ]


@cache
def tests_of(path: Path) -> frozenset[str]:
    """The names of the tests of a module that can run."""
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not any(map(_skips, node.decorator_list))
    )


def _skips(decorator: ast.expr) -> bool:
    """`@pytest.mark.skip`, called or not; `skipif` has its reasons and `tests/allowed_skips.txt`."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(target, ast.Attribute) and target.attr == "skip"


def faults(page: str, root: Path = ROOT) -> Iterator[str]:
    """What is wrong with a page, a sentence each."""
    rows, told = _ROW.findall(page), proofs(page)
    if not rows:
        yield "no threats"
    if rows != sorted(set(rows)):
        yield "numbers are unique and rising"
    named = [proof.threat for proof in told]
    if named != sorted(set(named)):
        yield "what proves a threat stands once, in the order of the table"
    for threat in sorted(set(rows) - set(named)):
        yield f"{threat}: no test is named"
    for threat in sorted(set(named) - set(rows)):
        yield f"{threat}: no such row"
    for proof in told:
        if not proof.tests and not proof.missing:
            yield f"{proof.threat}: neither a test nor why there is none"
        for path, test in proof.tests:
            if not test.startswith("test_") or test not in tests_of(root / path):
                yield f"{proof.threat}: no such test: {path}::{test}"


def count(page: str) -> str:
    """How much of the table is covered, on one line."""
    told = proofs(page)
    gaps = [proof for proof in told if proof.missing]
    none = [proof.threat for proof in gaps if not proof.tests]
    partly = [proof.threat for proof in gaps if proof.tests]
    tests = len({test for proof in told for test in proof.tests})
    return (
        f"{len(told)} threats, {tests} tests; partly built: {len(partly)} ({' '.join(partly) or '-'}); "
        f"not built: {len(none)} ({' '.join(none) or '-'})"
    )


def main(arguments: list[str]) -> int:
    if arguments not in (["check"], ["count"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    page = (ROOT / PAGE).read_text("utf-8")
    found = list(faults(page)) if arguments == ["check"] else []
    for fault in found:
        sys.stderr.write(f"{PAGE}: {fault}\n")
    sys.stdout.write(count(page) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Nothing of weight happens without a record: the list of acts is what the code tells, and each is shown by a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from msc_console import central
from msc_console.central import audit

ROOT = Path(__file__).parents[3]
TELLS = {("audit", "add"), ("tally", "add"), ("audit", "verdicts")}


def told() -> Iterator[str]:
    """The act of each place in central that tells the trail something."""
    for file in Path(central.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            place = node.func.value
            if not isinstance(place, ast.Name) or (place.id, node.func.attr) not in TELLS:
                continue
            if node.func.attr == "verdicts":
                yield audit.OP
                continue
            act = node.args[3]
            yield from _words(act, file)


def _words(act: ast.expr, file: Path) -> Iterator[str]:
    if isinstance(act, ast.Constant):
        yield str(act.value)
    elif isinstance(act, ast.IfExp):
        yield from _words(act.body, file)
        yield from _words(act.orelse, file)
    elif isinstance(act, ast.JoinedStr):
        assert isinstance(act.values[0], ast.Constant)
        yield str(act.values[0].value)
    elif file.name != "tally.py":
        raise AssertionError(f"{file.name}:{act.lineno}: an act that can't be read off")


def test_the_list_of_acts_is_what_central_tells() -> None:
    assert set(told()) - {"centre."} == audit.ACTS


def test_each_act_is_shown_by_a_test() -> None:
    ours = Path(__file__)
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("*.py") if file != ours)
    assert sorted(act for act in audit.ACTS if not re.search(f"[\"']{act}[\"']", tests)) == []

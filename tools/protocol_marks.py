"""Which tests prove which rules of docs/protocol.md: `@pytest.mark.protocol("P-060", ...)`, read without running them.

A mark stands on a test function, on its class, or in its module's `pytestmark`; the inner ones add to the outer ones.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ABOUT = (
    "tests/sync/", "tests/central/ledger/", "tests/central/service/", "tests/simulation/", "tests/store/test_fold",
    "tests/store/test_outbox", "tests/store/test_order", "tests/store/test_recovery", "tests/test_seal.py",
)  # fmt: skip
"""Where every test is about the protocol."""

NOT_ABOUT = {
    "tests/central/ledger/test_bulk.py": "how central writes many rows at once",
    "tests/central/ledger/test_schema.py": "how central keeps its tables",
    "tests/central/ledger/test_sink.py": "imports of old tickets write past the wire",
    "tests/central/service/test_admin_acts.py": "the administrator's commands",
    "tests/central/service/test_backup.py": "the administrator's backups; what laptops notice of a restore is marked",
    "tests/central/service/test_centre.py": "the file that sets a centre up",
    "tests/central/service/test_doctor.py": "the administrator's checks",
    "tests/central/service/test_gate.py": "what stands before the protocol, and readiness for the administrator",
    "tests/central/service/test_logs.py": "the administrator's log",
    "tests/central/service/test_keeping.py": "the administrator's commands",
    "tests/central/service/test_cli.py": "the administrator's commands",
    "tests/central/service/test_incident.py": "what the administrator can say of an incident",
    "tests/central/service/test_secrets.py": "how secrets are kept, not how they travel",
    "tests/central/service/test_tally.py": "how central counts in its trail",
    "tests/central/service/test_tls.py": "the administrator's certificates; whom laptops believe is in tests/sync",
    "tests/central/service/test_workers.py": "how processes share the work; what laptops notice of it is marked",
    "tests/central/service/test_setup.py": "the administrator's set-up; what laptops hear of it is marked",
}
"""Modules below `ABOUT` whose tests need no rule, each with the reason."""


@dataclass(frozen=True)
class Proof:
    """A test function and the rules it names, in its module below the root."""

    module: str
    name: str
    rules: frozenset[str]

    def __str__(self) -> str:
        return f"{self.module}::{self.name}"


@dataclass(frozen=True)
class Marks:
    """Every test of the tree."""

    found: tuple[Proof, ...]

    @cached_property
    def behind(self) -> dict[str, frozenset[str]]:
        """The test modules that name each rule."""
        modules: dict[str, set[str]] = {}
        for test in self.found:
            for rule in test.rules:
                modules.setdefault(rule, set()).add(test.module)
        return {rule: frozenset(names) for rule, names in modules.items()}

    @property
    def bare(self) -> Iterator[Proof]:
        """Tests about the protocol that name no rule."""
        return (
            test
            for test in self.found
            if not test.rules and test.module.startswith(ABOUT) and test.module not in NOT_ABOUT
        )

    @property
    def tests(self) -> int:
        """How many tests name a rule."""
        return sum(bool(test.rules) for test in self.found)

    def named(self) -> Iterator[tuple[str, Proof]]:
        """Each rule that each test names."""
        return ((rule, test) for test in self.found for rule in sorted(test.rules))


def read(root: Path) -> Marks:
    """All tests below `root / "tests"`."""
    found: list[Proof] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += _tests(path.relative_to(root).as_posix(), tree.body, _module_rules(tree))
    return Marks(tuple(found))


def _tests(module: str, body: list[ast.stmt], outer: frozenset[str]) -> Iterator[Proof]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests(module, node.body, outer | _rules(node.decorator_list))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            yield Proof(module, node.name, outer | _rules(node.decorator_list))


def _module_rules(tree: ast.Module) -> frozenset[str]:
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(name, ast.Name) and name.id == "pytestmark" for name in node.targets)
    ]
    return _rules(values)


def _rules(marks: list[ast.expr]) -> frozenset[str]:
    """The arguments of every `...protocol(...)` call in `marks`, plain texts alone."""
    calls = (node for mark in marks for node in ast.walk(mark) if isinstance(node, ast.Call))
    return frozenset(
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "protocol"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and re.match(r"P-", argument.value)
    )

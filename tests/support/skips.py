"""A skipped test proves nothing. In CI every skip that tests/allowed_skips.txt does not list fails the run.

Elsewhere the skips are printed with their reasons and nothing else happens.
"""

import os
from pathlib import Path

import pytest

ALLOWED = Path(__file__).parent.parent / "allowed_skips.txt"


def allowed(text: str) -> tuple[str, ...]:
    """Node ids, or their beginnings, of a list; comments and empty lines left out."""
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def in_ci() -> bool:
    """Whether CI is set to anything but nothing, 0 or false."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


class SkipPolicy:
    """Collects skips, also those that xdist's workers report, and judges them at the end."""

    def __init__(self, listed: tuple[str, ...]) -> None:
        self.listed = listed
        self.seen: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A skip of a test. An expected failure is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.seen[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A skip of a whole module."""
        if report.skipped:
            self.seen[report.nodeid] = _reason(report)

    def unlisted(self) -> dict[str, str]:
        """Node id -> reason of the skips that CI does not allow."""
        return {node: why for node, why in sorted(self.seen.items()) if not node.startswith(self.listed or ("\0",))}

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The run fails; a worker leaves the judgement to the controller."""
        if in_ci() and not hasattr(session.config, "workerinput") and self.unlisted():
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was skipped, and what follows from it."""
        for node, why in self.unlisted().items():
            verdict = "SKIPPED, a failure in CI:" if in_ci() else "skipped (would fail in CI):"
            terminalreporter.write_line(f"{verdict} {node}: {why}", red=in_ci(), yellow=not in_ci())


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    found = report.longrepr
    return str(found[2]) if isinstance(found, tuple) else str(found)

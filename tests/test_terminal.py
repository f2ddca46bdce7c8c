"""Sequences that say what was meant and nothing else, and the filter below every widget."""

import base64
import io
import sys
from pathlib import Path

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from msc_console import terminal
from msc_console.errors import MscError
from msc_console.terminal import Notify
from msc_console.text import BAD
from msc_console.widgets.safe import SafeFilter
from tests.support.hostile import DANGEROUS, HostileApp
from tests.support.screens import screen_text, wait_until
from tests.support.vectors import SEQUENCES

ROOT = Path(__file__).parent.parent
OURS = {"\x1b]52;c;UFdORUQ=\x1b\\", "\x1b]2;PWNED\x1b\\"}
"""Forms that this product writes itself, with payloads of its own."""


@given(st.text(), st.text(), st.sampled_from(Notify))
def test_no_payload_ends_its_sequence(heading: str, body: str, way: Notify) -> None:
    for sequence in (terminal.title(heading), terminal.notify(way, heading, body)):
        assert terminal.allowed(sequence)
        assert sequence.count("\x1b") in (0, 2)


def test_a_copy_says_what_was_copied() -> None:
    sequence = terminal.copy("MSC-004211 · é")
    assert terminal.allowed(sequence)
    assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\x1b\\")).decode() == "MSC-004211 · é"


def test_a_copy_brings_no_controls_along() -> None:
    payload = terminal.copy("a\x1b[201~b")[7:-2]
    assert base64.b64decode(payload).decode() == "a␛[201~b"


def test_too_long_a_copy_is_refused_whole() -> None:
    terminal.copy("x" * terminal.COPY_BYTES)
    with pytest.raises(MscError) as caught:
        terminal.copy("é" * terminal.COPY_BYTES)
    assert caught.value.key == "copy_too_long"


@pytest.mark.parametrize(
    ("way", "sequence"),
    [
        (Notify.OFF, ""),
        (Notify.BELL, "\x07"),
        (Notify.OSC9, "\x1b]9;P1: Stempel, gagal\x1b\\"),
        (Notify.OSC777, "\x1b]777;notify;P1;Stempel, gagal\x1b\\"),
    ],
)
def test_ways_to_call(way: Notify, sequence: str) -> None:
    assert terminal.notify(way, "P1", "Stempel; gagal") == sequence


@pytest.mark.parametrize(
    "raw",
    [
        *(vector for vector in DANGEROUS if vector not in OURS),
        "\x1b]8;;http://e.test\x1b\\",
        "x",
        "\x1b]52;c;?\x1b\\",
        "\x1b]52;p;AA==\x1b\\",
    ],
)
def test_nothing_else_is_allowed(raw: str) -> None:
    assert not terminal.allowed(raw)


def test_the_filter_keeps_what_is_good() -> None:
    good = Segment("Bank Sagara · ▓▓ 👩\u200d💻", Style(bold=True))
    plain = Segment("Bank Sagara · ▓▓ terbuka")
    bad = Segment("a\x1b[31mb", Style(bold=True))
    same, kept, cleaned = SafeFilter().apply([plain, good, bad], Color(0, 0, 0))
    assert same is plain
    assert kept == good
    assert cleaned == Segment("a[31mb", Style(bold=True))


def test_whatever_the_filter_deletes_is_found_by_its_quick_look() -> None:
    assert not [char for char in map(chr, range(sys.maxunicode + 1)) if BAD.match(char) and char.isprintable()]


@pytest.mark.parametrize("safe", [True, False])
async def test_no_painted_line_holds_a_control(safe: bool) -> None:
    """Without the filter many do, which proves that this test would see them."""
    async with HostileApp(safe).run_test(size=(80, 300), notifications=True) as pilot:
        await wait_until(pilot, lambda: "READY" in screen_text(pilot.app))
        bad = [line for line in screen_text(pilot.app).split("\n") if BAD.search(line)]
        assert bool(bad) == (not safe), bad


def written(way: str) -> bytes:
    """Everything that the hostile app writes to a real terminal, from start to a clean end."""
    log = io.BytesIO()
    child = pexpect.spawn(
        sys.executable,
        ["-m", "tests.support.hostile", way],
        cwd=str(ROOT),
        dimensions=(300, 80),
        timeout=60,
    )
    child.logfile_read = log
    child.expect("READY")
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return log.getvalue()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminal that pexpect drives")
@pytest.mark.parametrize("way", ["safe", "bare"])
def test_what_reaches_a_real_terminal(way: str) -> None:
    """No more of any sequence than for harmless text. Without the filter vectors pass: this test would see them."""
    output, calm = written(way), written("calm")
    passed = [vector for vector in SEQUENCES if output.count(vector.encode()) > calm.count(vector.encode())]
    assert bool(passed) == (way == "bare"), passed

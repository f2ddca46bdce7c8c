"""A real terminal with a console in it: keys go in, a screen and every byte come out."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pexpect
import pyte

from msc_console import clock

SECONDS = 20.0
"""How long a screen may take to show what it must, on a machine that is busy."""
QUIET = 0.2
ENTER, ESC, TAB, SPACE, BACKSPACE = "\r", "\x1b", "\t", " ", "\x7f"
UP, DOWN = "\x1b[A", "\x1b[B"


def ctrl(letter: str) -> str:
    return chr(ord(letter) - 96)


def pasted(text: str) -> str:
    """Bracketed paste, as terminals send it."""
    return f"\x1b[200~{text}\x1b[201~"


class Terminal:
    """A program on a pty. `raw` is all that it has written."""

    def __init__(self, process: "pexpect.spawn[bytes]", columns: int, rows: int) -> None:
        self.process = process
        self.raw = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        """What stands on the screen, a line a row."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def keys(self, *keys: str) -> None:
        """Types; each key on its own, as a person's hand comes down."""
        for key in keys:
            self.process.send(key.encode())
            self._read(0.02)

    def type(self, words: str) -> None:
        self.process.send(words.encode())

    def until(self, found: "str | Callable[[str], object]", seconds: float = SECONDS) -> str:
        """The screen, once it shows `found`; AssertionError with the screen otherwise."""
        shown = (lambda text: found in text) if isinstance(found, str) else found
        end = clock.monotonic() + seconds
        while not shown(self.text):
            assert clock.monotonic() < end, f"not on the screen after {seconds} s: {found}\n{self.text}"
            if not self._read(0.05) and not self.process.isalive():
                assert shown(self.text), f"the program has ended ({self.process.exitstatus}):\n{self.text}"
        return self.text

    def still(self, seconds: float = SECONDS) -> str:
        """The screen, once nothing more is painted: what has opened has also taken the focus."""
        end = clock.monotonic() + seconds
        while self._read(QUIET):
            assert clock.monotonic() < end, f"never still\n{self.text}"
        return self.text

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def ended(self, seconds: float = SECONDS) -> int:
        """The exit code, once the program is gone."""
        end = clock.monotonic() + seconds
        while self._read(0.05) or self.process.isalive():
            assert clock.monotonic() < end, f"still running after {seconds} s\n{self.text}"
        self.process.wait()
        return -(self.process.signalstatus or 0) or int(self.process.exitstatus or 0)

    def _read(self, seconds: float) -> bool:
        try:
            got = self.process.read_nonblocking(65536, seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            return False
        self.raw += got
        self._stream.feed(got)
        return True


@contextmanager
def terminal(
    *words: str, env: Mapping[str, str], columns: int = 120, rows: int = 34, program: str = sys.executable
) -> Iterator[Terminal]:
    """`python -m msc_console WORDS` on a terminal of that size; killed at the end if it has not ended by then."""
    process = pexpect.spawn(
        program,
        ["-m", "msc_console", *words],
        env={**os.environ, **env},  # type: ignore[arg-type]
        dimensions=(rows, columns),
        timeout=SECONDS,
    )
    process.delaybeforesend = None
    try:
        yield Terminal(process, columns, rows)
    finally:
        process.close(force=True)

"""A program on a real terminal (a pty), fed with keys and timed by what it writes. POSIX alone."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

PATIENCE = 30.0
"""Seconds after which a program that shows nothing has failed."""
GRACE = 3.0
SYNC_ASKED, SYNC_ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""Whether the terminal takes frames whole, and our answer: it does, as every modern one."""
FRAME_ENDS = b"\x1b[?2026l"


class Silent(RuntimeError):
    """The program did not show what was waited for. Carries the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Painted:
    """Milliseconds from a key to the end of the first frame, and to the end of the last one."""

    first: float
    last: float


class Terminal:
    """The master's end of a pty with a program on it. Times are of `time.monotonic`."""

    def __init__(self, pid: int, handle: int, begun: float) -> None:
        self.pid = pid
        self.begun = begun
        self._handle = handle
        self._tail = b""
        self._reaped = False

    def read(self, seconds: float) -> bytes:
        """What comes within `seconds`, at once when something comes; empty at the end of the program."""
        ready, _, _ = select.select([self._handle], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            piece = os.read(self._handle, 65536)
        except OSError:
            piece = b""
        if SYNC_ASKED in self._tail[-16:] + piece:
            os.write(self._handle, SYNC_ANSWER)
        self._tail = (self._tail + piece)[-4000:]
        return piece

    def wait_for(self, mark: bytes, seconds: float = PATIENCE) -> float:
        """When `mark` had been written. Raises Silent."""
        seen, end = b"", monotonic() + seconds
        while monotonic() < end:
            piece = self.read(end - monotonic())
            if piece:
                seen += piece
                if mark in seen:
                    return monotonic()
            elif self.ended():
                break
        raise Silent(repr(self._tail[-600:]))

    def settle(self, quiet: float, seconds: float = PATIENCE) -> float | None:
        """When the last byte before a pause of `quiet` seconds came; None when nothing came."""
        last, end = None, monotonic() + seconds
        while monotonic() < end:
            if not self.read(quiet):
                break
            last = monotonic()
        return last

    def type(self, keys: bytes, quiet: float) -> "Painted | None":
        """What these keys bring about, until `quiet` seconds pass without a byte; None when nothing came."""
        begun = monotonic()
        os.write(self._handle, keys)
        piece = self.read(1.0)
        if not piece:
            return None
        seen, first, last = piece, None, monotonic()
        while True:
            if first is None and FRAME_ENDS in seen:
                first = last
            piece = self.read(quiet)
            if not piece:
                return Painted(1000 * ((first or last) - begun), 1000 * (last - begun))
            seen, last = seen + piece, monotonic()

    def resident(self, word: str = "VmRSS") -> float:
        """MiB of memory that the program has in use, or by `VmHWM` had at most (Linux)."""
        for line in Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines():
            if line.startswith(f"{word}:"):
                return int(line.split()[1]) / 1024
        raise Silent(f"no {word}")

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        if not self.ended():
            os.kill(self.pid, number)

    def ended(self) -> bool:
        """Whether the program is gone."""
        if not self._reaped:
            self._reaped = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return self._reaped

    def end(self) -> None:
        """Ask the program to go, then make it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.signal(number)
            until = monotonic() + GRACE
            while not self.ended() and monotonic() < until:
                self.read(0.02)  # a program that can't write does not end
        os.close(self._handle)


@contextmanager
def terminal(command: Sequence[str], env: Mapping[str, str], columns: int = 120, lines: int = 34) -> Iterator[Terminal]:
    """`command` on a terminal of this size until the block ends."""
    begun = monotonic()
    pid, handle = pty.fork()
    if pid == 0:  # between fork and exec nothing but calls of the system
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(command[0], list(command), dict(env))
        finally:
            os._exit(127)
    screen = Terminal(pid, handle, begun)
    try:
        yield screen
    finally:
        screen.end()

"""A tmux of our own: a terminal that acts on what it is told, as an agent's does, and that can be asked about it."""

import os
import re
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msc_console import clock

SECONDS = 20.0
PAUSE = 0.05
COLUMNS, ROWS = 120, 34
MARKS = re.compile(r"\x1b\[[0-9;:]*m|[\x0e\x0f]")
"""What `capture-pane -e` writes of its own: colours, and the line-drawing set."""
TITLE, WINDOW = "tenang", "konsol"


class Tmux:
    """One pane of a server on a socket of its own; names of keys are tmux's."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._pause = threading.Event()

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One tmux command. The environment's own tmux, if any, is not asked."""
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        return subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words],
            env=environment, capture_output=True, text=True, errors="surrogateescape", timeout=SECONDS,
        )  # fmt: skip

    def tell(self, *words: str) -> str:
        """A command that has to work; what it says."""
        said = self.ask(*words)
        assert said.returncode == 0, said
        return said.stdout

    def keys(self, *keys: str) -> None:
        """Types, a key after the other; Escape gets the time that tells it from Alt."""
        for key in keys:
            self.tell("send-keys", "-t", "k", key)
            if key == "Escape":
                self.still()

    def type(self, words: str) -> None:
        self.tell("send-keys", "-t", "k", "-l", words)

    @property
    def text(self) -> str:
        return self.tell("capture-pane", "-t", "k", "-p")

    @property
    def painted(self) -> str:
        """The pane with every sequence that it takes to paint it again."""
        return self.tell("capture-pane", "-t", "k", "-p", "-e")

    def until(self, found: "str | Callable[[str], object]") -> str:
        """The pane, once it shows `found`."""
        shown = (lambda text: found in text) if isinstance(found, str) else found
        end = clock.monotonic() + SECONDS
        while not shown(text := self.text):
            assert clock.monotonic() < end, f"not in the pane after {SECONDS} s: {found}\n{text}"
            self._pause.wait(PAUSE)
        return text

    def still(self) -> str:
        """The pane, once it has stopped changing."""
        end, last = clock.monotonic() + SECONDS, ""
        while (text := self.text) != last:
            assert clock.monotonic() < end, f"never still\n{text}"
            last = text
            self._pause.wait(3 * PAUSE)
        return text

    def buffers(self) -> str:
        """What programs have put on the clipboard; empty when nothing."""
        return self.tell("list-buffers")

    def about(self) -> tuple[str, ...]:
        """Title, name of the window, alternate screen, dead: what a program can change without being seen."""
        form = "#{pane_title}\n#{window_name}\n#{alternate_on}\n#{pane_dead}"
        return tuple(self.tell("display-message", "-t", "k", "-p", form).rstrip("\n").split("\n"))


@contextmanager
def tmux(*command: str, env: Mapping[str, str] | None = None) -> Iterator[Tmux]:
    """A command in a pane of a tmux that lets programs set clipboard, title and name, as many agents' do."""
    with tempfile.TemporaryDirectory() as folder:  # a socket's path has to be short
        server = Tmux(Path(folder) / "s")
        given = [f"{name}={value}" for name, value in (env or {}).items()]
        server.tell("new-session", "-d", "-s", "k", "-n", WINDOW, "-x", str(COLUMNS), "-y", str(ROWS), "cat")
        try:
            for option, value in (("set-clipboard", "on"), ("default-terminal", "tmux-256color")):
                server.tell("set-option", "-s" if option == "set-clipboard" else "-g", option, value)
            for option in ("allow-rename", "remain-on-exit"):
                server.tell("set-option", "-w", "-t", "k", option, "on")
            server.tell("select-pane", "-t", "k", "-T", TITLE)
            server.tell("respawn-pane", "-k", "-t", "k", shlex.join(["env", *given, *command]))
            yield server
        finally:
            server.ask("kill-server")

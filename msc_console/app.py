"""The console's entry: `run`. What is slow to load waits until the first row is on the screen."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import config, i18n
from .errors import Exit, MscError
from .messages import sentence

if TYPE_CHECKING:
    from .screens.console import Console

FRAMES, FRAMES_REMOTE = 120, 30
"""Frames a second: a key is painted in 7 ms instead of 17; over SSH every frame costs the line."""
SWITCH_SECONDS = 0.001
"""How long one thread may keep another from running: keys are read in one, and the sync works in one."""
LEAVE_SECONDS = 1.0
"""How long threads may go on after the console has ended. A write cut short never happened: it is a transaction."""


def run(argv: Sequence[str] | None = None) -> int:
    """Opens the console and gives the exit code. `argv` is not read: the console has no options of its own."""
    remote = "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ
    os.environ.setdefault("TEXTUAL_FPS", str(FRAMES_REMOTE if remote else FRAMES))  # read once, by textual's import
    gc.disable()  # a tenth of the start would go into looking through what stays; the console turns it on again
    sys.setswitchinterval(SWITCH_SECONDS)
    home = config.Home.locate()
    try:
        chosen = config.load(home)
        i18n.set_language(chosen.language)
        console = open_console(home, chosen)
    except MscError as error:
        sys.stderr.write(sentence(error.key, error.data) + "\n")
        return int(error.exit)
    return _run(console)


def open_console(home: config.Home, chosen: config.Settings) -> "Console":
    """A console at the desk of the unlocked session, or at the sign-in when there is none."""
    from .desk.opening import current_login, sit_down_to_read
    from .errors import NotAllowed
    from .screens.console import Console

    try:
        desk, why = sit_down_to_read(home, chosen), None
    except NotAllowed as error:
        desk, why = None, error
    return Console(home, chosen, desk, why, current_login(home) or "")


def _run(console: "Console") -> int:
    """Runs it on a loop of our own: its end doesn't wait for threads that can't be stopped."""
    import asyncio
    import threading

    _forgive_input()
    config.private_umask()
    loop = asyncio.new_event_loop()
    try:
        code = console.run(loop=loop)
    finally:
        asyncio.set_event_loop(None)
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
    for thread in left:
        thread.join(LEAVE_SECONDS / len(left))
    result = int(code) if code is not None else int(Exit.OK if console.return_code in (0, None) else Exit.FAILED)
    if any(thread.is_alive() for thread in left):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(result)  # the interpreter would wait for them without end
    return result


def _forgive_input() -> None:
    """Bytes that are no UTF-8 (a pasted file, a broken line) must not end the thread that reads the keyboard."""
    if sys.platform == "win32":
        return  # its driver reads characters
    import codecs
    from functools import partial
    from typing import Any

    from textual.drivers import linux_driver

    def decoder(name: str) -> Any:
        return partial(codecs.getincrementaldecoder(name), errors="replace")

    vars(linux_driver)["getincrementaldecoder"] = decoder

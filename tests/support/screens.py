"""Looking at a Textual app the way a person does, and waiting for it without sleeping."""

import time
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot

POLL_SECONDS = 0.01


async def wait_until(pilot: Pilot[Any], predicate: Callable[[], object], seconds: float = 10.0) -> None:
    """Let the app work until `predicate()` is true; AssertionError with the screen after `seconds`."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {seconds} s:\n{screen_text(pilot.app)}")
        await pilot.pause(POLL_SECONDS)


def screen_text(app: App[Any]) -> str:
    """What is painted now, a line of text for each line of the terminal."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

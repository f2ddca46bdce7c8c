"""Looking at a Textual app the way a person does, and waiting for it without sleeping."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual._context import active_app
from textual.app import App
from textual.pilot import Pilot

POLL_SECONDS = 0.01
SOON = 0.06
"""What is due within so many seconds belongs to what goes on now: changes are gathered for 50 ms and then shown."""
THREADS = 0.2
"""How many seconds a thread may take, of which some tests never end."""


async def nothing_to_do(min_sleep: float = 0, max_sleep: float = 1.0) -> None:
    """Let the app work until nobody has a turn on its event loop, no timer is due soon and no thread works, for
    `max_sleep` seconds at most.

    In place of Textual's own `wait_for_idle`, which sleeps at least 20 ms and for as long as the process uses a CPU:
    twice for each key and once for each pause, most of what a test of a screen took.
    """
    loop: Any = asyncio.get_running_loop()
    begun = loop.time()
    while (now := loop.time()) < begun + max_sleep:
        await asyncio.sleep(0)
        if loop._ready:
            continue
        due = min((timer.when() for timer in loop._scheduled if not timer.cancelled()), default=begun + max_sleep)
        if due <= now + SOON:
            await asyncio.sleep(max(due - now, 0))
        elif now < begun + THREADS and any(worker.is_running for worker in active_app.get().workers):
            await asyncio.sleep(POLL_SECONDS / 5)
        else:
            return


def no_idle_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilots of this test wait for what goes on, not for the clock."""
    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", nothing_to_do)


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

"""At a locked console."""

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from msc_console.screens.console import Console
from msc_console.screens.locked import LockScreen
from tests.support.screens import screen_text

from .stage import press

PASSWORD = "kuda putih di tepi kali"


async def password(pilot: Pilot[Any], words: str) -> None:
    """Types it and presses Enter."""
    field = pilot.app.screen.query_one("#password", Input)
    field.value = words
    await press(pilot, "enter")


def hidden(app: Console) -> bool:
    """Whether the lock is all that is seen."""
    text = screen_text(app)
    return isinstance(app.screen, LockScreen) and "MSC-" not in text and "Andi" not in text

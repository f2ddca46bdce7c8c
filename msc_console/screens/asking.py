"""A box in the middle of the screen that asks for a secret: what signing in and unlocking have in common."""

from collections.abc import Callable

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from ..errors import MscError
from .base import HEIGHTS, WIDTHS
from .shell import as_error


class Asking(Screen[None]):
    """The box and its `#told` line, and work in a thread while nothing else is asked."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    DEFAULT_CSS = """
    Asking {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $primary; }
        & .part { height: auto; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input { background: $boost; }
        & #told { height: auto; margin-top: 1; min-height: 3; }
        & #code-part { display: none; }
        &.coding #code-part { display: block; }
        &.coding #password-part { display: none; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.working = False

    def start(self, work: Callable[[], None], told: str, group: str) -> None:
        """Runs `work` in a thread; its error comes to `failed`."""
        self.working = True
        self.say(told)

        def guarded() -> None:
            try:
                work()
            except Exception as error:
                self.call_later(self.failed, as_error(error))

        self.app.run_worker(guarded, thread=True, group=group, exit_on_error=False)

    def failed(self, error: MscError) -> None:
        """The work ended in an error."""
        raise NotImplementedError

    def say(self, words: str) -> None:
        """Tells it in the box."""
        self.query_one("#told", Static).update(Content(words))

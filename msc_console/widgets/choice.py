"""A choice in one line of a form: `‹ high ›`, changed with the arrows or by typing the beginning of a word."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from msc_console.i18n import N_

from .paint import Line, Tone, fit, line_of
from .painted import Painted

Option = tuple[str, str]
"""Value and the words for it (raw)."""


class Choice(Painted, can_focus=True, inherit_bindings=False):
    """One of several options; "" where nothing is chosen yet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "turn(1)", N_("Next choice"), show=False, id="choice.next"),
        Binding("left", "turn(-1)", N_("Previous choice"), show=False, id="choice.previous"),
    ]

    DEFAULT_CSS = "Choice { height: 1; overflow: hidden; }"

    class Changed(Message):
        """Another option was chosen."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> "Choice":
            """The field it happened in."""
            return self.choice

    def __init__(self, options: Sequence[Option], value: str = "", **widget: Any) -> None:
        super().__init__(**widget)
        self._options = list(options)
        self._at = self._index(value)
        self._typed = ""

    @property
    def value(self) -> str:
        """The chosen value."""
        return self._options[self._at][0] if self._options else ""

    def offer(self, options: Sequence[Option], value: str = "") -> None:
        """Offers other options."""
        self._options = list(options)
        self._at = self._index(value)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The painted line."""
        width, focused = self.size.width, self.has_focus
        text = line_of(self._options[self._at][1] if self._options else "—", max(width - 14, 6))
        tone = Tone.ACCENT if focused else Tone.DIM
        place = f"  {self._at + 1}/{len(self._options)}" if len(self._options) > 1 else ""
        line: Line = [("‹ ", tone), (text, Tone.STRONG if focused else Tone.PLAIN), (" ›", tone), (place, Tone.DIM)]
        return self.strip(fit(line, width), width, cursor=focused)

    def on_focus(self) -> None:
        """Typing starts anew."""
        self._typed = ""
        self.refresh()

    def on_blur(self) -> None:
        """Loses the mark of focus."""
        self.refresh()

    def on_click(self) -> None:
        """A click goes on to the next option."""
        self.action_turn(1)

    def on_key(self, event: events.Key) -> None:
        """Letters jump to the first option that begins with what was typed."""
        letter = event.character or ""
        if len(letter) != 1 or not letter.isalnum():
            return
        event.stop()
        event.prevent_default()
        for typed in (self._typed + letter.casefold(), letter.casefold()):
            found = next((at for at, (_v, word) in enumerate(self._options) if word.casefold().startswith(typed)), None)
            if found is not None:
                self._typed = typed
                self._choose(found)
                return

    def action_turn(self, steps: int) -> None:
        """Chooses the next or the previous option, round and round."""
        if self._options:
            self._typed = ""
            self._choose((self._at + steps) % len(self._options))

    def _index(self, value: str) -> int:
        return next((at for at, (known, _word) in enumerate(self._options) if known == value), 0)

    def _choose(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self.refresh()
            self.post_message(self.Changed(self))

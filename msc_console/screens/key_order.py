"""Keys one after the other: the next is looked at when everything that the one before set off has happened.

Textual hands a key to the widget that has the focus at that moment, and a key that comes while another one still
moves the focus, opens a form or sends a text is judged by a state that is about to end: fast typing would end up in
the wrong field, and `ctrl+s` would send a text without its last letters. Here a key waits until the one before has
gone all the way from its widget up to the app, until what it set off has gone that way too, and until the screen that
it opened is there.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

PATIENCE_SECONDS = 1.0
"""Longest that a key waits for the one before it: a widget that went away meanwhile gives no answer."""
_LAPS = 2
"""Once for the key itself, once for the messages that it set off."""


class KeyOrder(App[int]):
    """An app that takes keys and pastes strictly in turn.

    Keys that a widget names in `MOVES` only move within it: nothing has to wait for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._turn = 0
        """Number of the key that is on its way; what reports for another one comes too late."""
        self._on_its_way = False
        self._watched = 0
        """The turn that is given up when it takes too long."""
        self._work = 0
        """Work in threads that the next key has to wait for."""

    def keys_wait(self) -> None:
        """What the person asked for is done in a thread; each call needs its `keys_go_on`."""
        self._work += 1

    def keys_go_on(self) -> None:
        """That work is done and shown."""
        self._work = max(self._work - 1, 0)
        if not self._work:
            self._over(self._turn)

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes in turn, everything else as it comes."""
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            self._typed.append(event)
            if self._on_its_way:
                self._watch()
            elif isinstance(event, events.Key) and event.key in getattr(self.focused, "MOVES", ()):
                await super().on_event(self._typed.popleft())  # the focus stays: whatever follows goes the same way
            else:
                await self._next()
            return
        await super().on_event(event)

    async def _next(self) -> None:
        """Lets the next one go, in the app's own turn."""
        self._turn += 1
        self._on_its_way = bool(self._typed)
        if not self._typed:
            return
        if not self.screen.is_mounted:
            self.screen.call_later(self._over, self._turn)
            self._watch()
            return
        path = [node for node in (self.focused or self.screen).ancestors_with_self if node is not self]
        await super().on_event(self._typed.popleft())
        self._follow(self._turn, [*path, self] * _LAPS)
        if self._typed:
            self._watch()

    def _watch(self) -> None:
        """Somebody waits for the turn that is on its way: it doesn't take for ever."""
        if self._watched != self._turn:
            self._watched = self._turn
            asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._give_up, self._turn)

    def _follow(self, turn: int, path: Sequence[MessagePump]) -> None:
        """Goes the way that the key goes: each stop answers when it has dealt with what came before."""
        for place, pump in enumerate(path, start=1):
            if pump.call_later(self._follow, turn, path[place:]):
                return
        # The screen that is on top now sets its focus when it is there, by way of the app: after that the key is over.
        if turn == self._turn and not self.screen.call_later(self._over, turn):
            self._over(turn)

    def _give_up(self, turn: int) -> None:
        if turn == self._turn:
            self._work = 0
            self._over(turn)

    def _over(self, turn: int) -> None:
        if turn == self._turn and self._on_its_way and not self._work:
            self.call_later(self._next_after, turn)

    async def _next_after(self, turn: int) -> None:
        if turn == self._turn:
            await self._next()

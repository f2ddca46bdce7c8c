"""A console runs round the clock: what was shown is let go."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from msc_console.desk import Desk
from msc_console.screens.classify import ClassifyForm
from msc_console.screens.confirm import Confirm
from msc_console.screens.escalations import EscalationsScreen
from msc_console.screens.forms import HoldForm, ResolveForm
from msc_console.screens.jump import Jump
from msc_console.screens.knowledge import KnowledgePick, KnowledgeScreen
from msc_console.screens.lists import PickModal
from msc_console.screens.new_ticket import NewTicketForm
from msc_console.screens.palette import Help, Palette
from msc_console.screens.queue import QueueScreen
from msc_console.screens.sync import SyncScreen
from msc_console.screens.ticket import TicketScreen

from .stage import POS, QUEUES, at, settled, tickets

TIMES = 5
MAKERS: dict[str, Callable[[], Screen[Any]]] = {
    "queue": QueueScreen,
    "ticket": TicketScreen,
    "knowledge": KnowledgeScreen,
    "escalations": EscalationsScreen,
    "sync": SyncScreen,
    "knowledge pick": lambda: KnowledgePick(tickets()[0]),
    "jump": Jump,
    "hold": lambda: HoldForm("x"),
    "resolve": lambda: ResolveForm("x"),
    "classify": lambda: ClassifyForm("x", tickets()[0], [POS]),
    "new ticket": lambda: NewTicketForm([POS], QUEUES, {}),
    "confirm": lambda: Confirm("x", "y", key="y", yes="z", no="n"),
    "palette": lambda: Palette([], {}, {}),
    "help": lambda: Help("x", [], [], {}),
    "pick": lambda: PickModal("x", []),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKERS)
async def test_a_screen_that_was_left_is_gone(desk: Desk, name: str) -> None:
    seen: list[weakref.ref[Screen[Any]]] = []
    async with at(desk, (80, 24)) as (app, pilot):
        app.open_ticket_id = tickets()[0].id
        for _time in range(TIMES):
            screen = MAKERS[name]()
            seen.append(weakref.ref(screen))
            await app.push_screen(screen)
            await pilot.pause()
            await app.pop_screen()
            del screen
        await settled(pilot)
        gc.collect()
        alive = sum(ref() is not None for ref in seen)
        assert alive == 0, f"{alive} of {TIMES} are still alive"

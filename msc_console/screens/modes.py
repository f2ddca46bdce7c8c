"""The main screens by the name of their mode; a screen's module is loaded when it is first shown."""

from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from ..config import Home, Settings
from ..errors import MscError
from .queue import QueueScreen

Maker = Callable[[], Screen[Any]]


def makers(
    home: Home, chosen: Settings, login: str, why: MscError | None, other: Callable[[], str]
) -> dict[str, Maker]:
    """Mode -> what makes its screen. `login` and `why` are for the sign-in, `other` says who has the console."""
    return {
        "queue": QueueScreen,
        "ticket": _ticket,
        "knowledge": _knowledge,
        "escalations": _escalations,
        "sync": _sync,
        "sign_in": lambda: _sign_in(home, chosen, login, why),
        "locked": _locked,
        "occupied": lambda: _occupied(other()),
    }


def _ticket() -> Screen[Any]:
    from .ticket import TicketScreen

    return TicketScreen()


def _knowledge() -> Screen[Any]:
    from .knowledge import KnowledgeScreen

    return KnowledgeScreen()


def _escalations() -> Screen[Any]:
    from .escalations import EscalationsScreen

    return EscalationsScreen()


def _sync() -> Screen[Any]:
    from .sync import SyncScreen

    return SyncScreen()


def _sign_in(home: Home, chosen: Settings, login: str, why: MscError | None) -> Screen[Any]:
    from .sign_in import SignInScreen

    return SignInScreen(home, chosen, login, why)


def _locked() -> Screen[Any]:
    from .locked import LockScreen

    return LockScreen()


def _occupied(who: str) -> Screen[Any]:
    from .occupied import OccupiedScreen

    return OccupiedScreen(who)

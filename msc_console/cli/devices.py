"""`msc device`: laptops of those whom one looks after."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..clock import parse
from ..i18n import _, when
from . import seats
from .manner import manner
from .output import Column, emit, plain, rehearsed

if TYPE_CHECKING:
    from ..desk.seat import Seat


def list_() -> None:
    """Laptops of those whom you look after, good and revoked ones."""
    from ..desk import people

    desk = seats.acting()
    emit(people.devices(desk), columns(desk), plain, lambda one: one.code, _("No laptop."))


def revoke(
    code: Annotated[str, typer.Argument(help=_("The three letters of the laptop"), show_default=False)],
) -> None:
    """A lost laptop: nothing of it counts any more, and at its next contact it wipes itself."""
    from ..desk import people

    desk = seats.acting()
    done = people.revoke(desk, code, dry_run=manner().dry_run)
    emit([done], columns(desk), plain, lambda one: one.code)
    rehearsed()


def columns(desk: "Seat") -> list[Column]:
    """How laptops are shown."""
    zone = desk.settings.zone
    vaults = {"keyring": _("keyring"), "password": _("password")}
    return [
        Column(_("Laptop"), lambda one: one.code),
        Column(_("Login"), lambda one: one.login),
        Column(_("State"), lambda one: state_word(one.state)),
        Column(_("Keys by"), lambda one: vaults.get(one.vault, one.vault or "-"), optional=True),
        Column(_("Last seen"), lambda one: when(parse(one.last_seen), zone) if one.last_seen else "-"),
        Column(_("Name"), lambda one: one.name, cuts=True),
    ]


def state_word(state: str) -> str:
    """A laptop's state in a word."""
    return {"active": _("good"), "revoked": _("revoked")}.get(state, state)

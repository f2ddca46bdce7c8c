"""`msc token`: tokens with which scripts read from central. One is shown once, at its making."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..clock import parse
from ..i18n import _, when
from . import seats
from .manner import manner
from .output import Column, emit, emit_one, pairs, plain, rehearsed
from .talk import say

if TYPE_CHECKING:
    from ..sync.wire import ServiceToken


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("What it is for"), show_default=False)],
    network: Annotated[
        list[str],
        typer.Option("--network", help=_("Address range it may call from, like 10.0.0.0/24; several times")),
    ],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help=_("changes, internal, customers; several times"))
    ] = None,
    days: Annotated[int, typer.Option("--days", help=_("Good for so many days, 90 at most"))] = 30,
) -> None:
    """Make a token. It is shown this once: keep it in a file of mode 0600."""
    from ..desk import people

    desk = seats.acting()
    made = people.make_token(desk, name, scope or ["changes"], network, days, dry_run=manner().dry_run)
    rows = [*_facts(made.info, desk.settings.zone), (_("Token"), made.token)]
    emit_one(plain(made.info) | {"token": made.token}, made.token, lambda: pairs(rows))
    if rehearsed():
        return
    say(_("It is not shown again. A script takes it from --token-file, standard input or MSC_TOKEN: msc api."))


def list_() -> None:
    """Your tokens, living and dead."""
    from ..desk import people

    desk = seats.acting()
    zone = desk.settings.zone
    emit(
        people.tokens(desk),
        [
            Column(_("Token"), lambda one: one.id),
            Column(_("Name"), lambda one: one.name, cuts=True),
            Column(_("May"), lambda one: ", ".join(one.scopes)),
            Column(_("From"), lambda one: ", ".join(one.networks), cuts=True),
            Column(_("Good until"), lambda one: _until(one, zone)),
            Column(_("Last used"), lambda one: when(parse(one.last_used_at), zone) if one.last_used_at else "-"),
        ],
        plain,
        lambda one: one.id,
        _("You have no token."),
    )


def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help=_("Its short name in the list"), show_default=False)],
) -> None:
    """End a token for good; what it has under way ends too."""
    from ..desk import people

    people.end_token(seats.acting(), token, dry_run=manner().dry_run)
    if not rehearsed():
        say(_("Ended: {token}").format(token=token))


def _facts(info: "ServiceToken", zone: str) -> list[tuple[str, str]]:
    return [
        (_("Name"), info.name),
        (_("May"), ", ".join(info.scopes)),
        (_("From"), ", ".join(info.networks)),
        (_("Good until"), _until(info, zone)),
    ]


def _until(info: "ServiceToken", zone: str) -> str:
    if info.revoked_at:
        return _("ended")
    return when(parse(info.expires_at), zone)

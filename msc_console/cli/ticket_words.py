"""`msc ticket note|reply|call|time|resolve`: acts on one ticket that carry words."""

from pathlib import Path
from typing import Annotated

import typer

from ..domain.terms import Channel
from ..errors import UsageError
from ..i18n import _
from .acting import act_on
from .texts import Body, File, Ticket, body_of

Minutes = Annotated[int, typer.Option("--minutes", min=0, help=_("How long it took"), show_default=False)]


def note(ticket: Ticket, text: Body = None, file: File = None) -> None:
    """An internal note."""
    body = body_of(text, file)
    act_on([ticket], lambda desk, ref, dry: desk.note(ref, body, dry_run=dry))


def reply(
    ticket: Ticket,
    text: Body = None,
    file: File = None,
    channel: Annotated[
        Channel | None, typer.Option(help=_("The way out; the ticket's own by default"), show_default=False)
    ] = None,
) -> None:
    """A public reply."""
    body, way = body_of(text, file), channel.value if channel else None
    act_on([ticket], lambda desk, ref, dry: desk.reply(ref, body, way, dry_run=dry))


def resolve(ticket: Ticket, text: Body = None, file: File = None) -> None:
    """Resolve with the solution."""
    solution = body_of(text, file)
    act_on([ticket], lambda desk, ref, dry: desk.resolve(ref, solution, dry_run=dry))


def call(
    ticket: Ticket,
    minutes: Minutes,
    text: Body = None,
    file: File = None,
    incoming: Annotated[bool, typer.Option("--in", help=_("The customer called"))] = False,
    outgoing: Annotated[bool, typer.Option("--out", help=_("You called"))] = False,
) -> None:
    """A telephone call; the text is optional."""
    if incoming == outgoing:
        raise UsageError("call_direction")
    body = _optional(text, file)
    direction = "in" if incoming else "out"
    act_on([ticket], lambda desk, ref, dry: desk.call(ref, direction, minutes, body, dry_run=dry))


def time(ticket: Ticket, minutes: Minutes, text: Body = None, file: File = None) -> None:
    """Minutes of work; the text is optional."""
    body = _optional(text, file)
    act_on([ticket], lambda desk, ref, dry: desk.time(ref, minutes, body, dry_run=dry))


def _optional(text: str | None, file: Path | None) -> str:
    return "" if text is None and file is None else body_of(text, file)

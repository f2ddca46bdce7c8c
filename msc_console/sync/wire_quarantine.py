"""The messages about acts that central has put aside, for those who settle them. As in `wire`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from .wire_people import Rehearsal as Again

__all__ = ["Again", "Dismissal", "Held", "HeldPage", "Settled"]

REASON_LENGTH = 500
"""Most characters of the reason of a dismissal."""


class Held(Struct, frozen=True, omit_defaults=True):
    """An act in quarantine. `laptop`: its letters; `queue`: of its ticket, or that the ticket was made for; `number`:
    of a ticket that there is; `reference`: into central's log.

    `words` says how it is with `args` and `before`: `shown`, `hidden` (not the reader's) or `erased`.
    """

    op: str
    kind: str
    target: str
    author: str
    author_name: str
    made_at: str
    received_at: str
    reason: str
    words: str
    laptop: str = ""
    number: str = ""
    queue: str = ""
    reference: str = ""
    args: dict[str, Any] = {}
    before: dict[str, Any] = {}


class HeldPage(Struct, frozen=True):
    """`GET /v1/quarantine`, the longest waiting first. `more`: what to name as `after` for the next page; empty = the
    end."""

    acts: list[Held]
    more: str = ""


class Dismissal(Struct, frozen=True):
    """`POST /v1/quarantine/{op}/dismiss`. The author is told the reason."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_LENGTH)]
    dry_run: bool = False


class Settled(Struct, frozen=True, omit_defaults=True):
    """What the act's answer is now. `result` `quarantined`: it was tried and stays where it was."""

    op: str
    result: str
    reason: str = ""
    number: str = ""
    data: dict[str, Any] = {}

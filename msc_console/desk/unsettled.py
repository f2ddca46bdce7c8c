"""What is not settled between this person and central: own acts, and colleagues' proposals that this person may end.

Screens and command line show the same rows and ask the same question: may this be chosen for that, and why not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

from .. import clock
from ..domain.acting import plain
from ..domain.rights import Right, has
from ..domain.terms import ConflictKind, Result
from ..errors import ConflictError, MscError, NotAllowed, NotFound, UsageError
from ..store.outbox import OpState

if TYPE_CHECKING:
    from ..domain.model import Conflict, Person
    from ..store.outbox import OutboxOp
    from . import Desk
    from .reading import Reading

Settling = Literal["mine", "theirs", "note", "withdraw"]
"""The choices that central hears of."""
SETTLING: tuple[Settling, ...] = ("mine", "theirs", "note", "withdraw")
CHOICES = (*SETTLING, "offer")
"""What a person may choose for an act that central could not apply."""

MARK, ENDING = "c-", 4
"""How a reference to a conflict begins that has no own act here, and how much of the id's end follows at least."""


class Standing(IntEnum):
    """Where an act stands, what needs a person first."""

    YOURS = 0
    """An own act that central could not apply: this person decides."""
    PROPOSAL = 1
    """A colleague's such act, on a ticket that this person holds or may put in order."""
    OFFERED = 2
    """An own one that is left to whoever holds the ticket."""
    WITHDRAWING = 3
    """Being taken back: central has not answered yet."""
    WAITING = 4
    """Central has not answered it."""
    CONFIRMED = 5
    """Central has applied it; its rows are on their way here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """One act with where it stands. `id` is that of the act, and of its conflict where it has one."""

    id: str
    standing: Standing
    label: str
    title: str
    act: "OutboxOp | None" = None
    """The own act; None for a colleague's, and for an own one that has ended here."""
    conflict: "Conflict | None" = None
    holder: str = ""
    """Name of who holds the ticket now; empty when nobody or unknown."""
    holder_id: str | None = None
    ways: tuple[str, ...] = ()
    """Which of `CHOICES` are open; empty where nobody asked (`with_ways`)."""
    now: Mapping[str, Any] = field(default_factory=dict)
    """Field -> what the ticket says now, in plain types; empty where it isn't here."""

    @property
    def kind(self) -> str:
        """The op kind."""
        return self.act.kind if self.act else self.conflict.act if self.conflict else ""

    @property
    def target(self) -> str:
        """Id of the ticket or contact it is on."""
        return self.act.target if self.act else self.conflict.ticket if self.conflict else ""

    @property
    def made_at(self) -> datetime | None:
        """When its author made it."""
        return self.act.command.made_at if self.act else self.conflict.made_at if self.conflict else None

    @property
    def args(self) -> Mapping[str, Any]:
        """What it said."""
        return self.act.command.args if self.act else self.conflict.args if self.conflict else {}

    @property
    def author(self) -> str:
        """Name of a colleague whose act it is; empty for an own one."""
        return self.conflict.author_name if self.standing is Standing.PROPOSAL and self.conflict else ""

    @property
    def answer(self) -> Mapping[str, Any]:
        """Central's answer: `result`, `reason`, `data`. Of a colleague's act the kind of conflict alone is known."""
        if self.act is not None and self.act.result is not None:
            return self.act.result
        if self.conflict is None:
            return {}
        words = {ConflictKind.FENCED: Result.FENCED, ConflictKind.SAME_FIELD: Result.CONFLICT}
        return {"result": str(words.get(self.conflict.kind, Result.INVALID)), "reason": str(self.conflict.kind)}

    @property
    def data(self) -> Mapping[str, Any]:
        """What fills the sentence of central's answer."""
        return dict(self.answer.get("data") or {})

    @property
    def fields(self) -> dict[str, tuple[Any, Any, Any]]:
        """Field -> (what its author saw, what they wanted, what is there now)."""
        found = self.conflict.fields if self.conflict else self.data.get("fields")
        if not isinstance(found, Mapping):
            return {}
        kept = {
            name: (*values, None, None, None)[:3] for name, values in found.items() if isinstance(values, (list, tuple))
        }
        return {name: (base, mine, self.now.get(name, theirs)) for name, (base, mine, theirs) in kept.items()}

    @property
    def changed_since(self) -> bool:
        """The ticket says something else by now than when central answered."""
        found = self.conflict.fields if self.conflict else self.data.get("fields") or {}
        return any(
            name in self.now and self.now[name] != values[2] for name, values in found.items() if len(values) > 2
        )

    @property
    def untouched(self) -> bool:
        """Nobody has changed what the act was about: what stands in its way is who holds the ticket, or its state."""
        return all(base == theirs for base, _mine, theirs in self.fields.values())

    @property
    def theirs_by(self) -> str:
        """Name of who changed it meanwhile, or holds the ticket; empty when unknown."""
        return str((self.conflict.theirs_by if self.conflict else "") or self.data.get("by") or "")

    @property
    def theirs_at(self) -> datetime | None:
        """When that was."""
        if self.conflict is not None and self.conflict.theirs_at is not None:
            return self.conflict.theirs_at
        at = self.data.get("at")
        return clock.parse(str(at)) if at else None


def unsettled(desk: "Reading") -> list[Unsettled]:
    """Everything that is not settled, what needs a person first, else in the order it was made."""
    withdrawing = desk.withdrawing()
    conflicts = {conflict.id: (conflict, label, title) for conflict, label, title in desk.conflicts()}
    rows = []
    for act, label, title in desk.outbox():
        kept = conflicts.pop(act.id, None)
        rows.append(_row(desk, act.id, _own(act, withdrawing), label, title, act, kept[0] if kept else None))
    for conflict, label, title in conflicts.values():
        me = desk.person
        if conflict.author == me.id:
            rows.append(_row(desk, conflict.id, Standing.OFFERED, label, title, None, conflict))
            continue
        row = _row(desk, conflict.id, Standing.PROPOSAL, label, title, None, conflict)
        if row.holder_id == me.id or has(me.role, Right.ASSIGN):
            rows.append(row)
    return sorted(rows, key=lambda row: row.standing)


def _own(act: "OutboxOp", withdrawing: frozenset[str]) -> Standing:
    if act.state is OpState.ATTENTION:
        return Standing.YOURS
    if act.id in withdrawing:
        return Standing.WITHDRAWING
    return Standing.CONFIRMED if act.state is OpState.ACKED else Standing.WAITING


def _row(
    desk: "Reading", id: str, standing: Standing, label: str, title: str, act: "OutboxOp | None",
    conflict: "Conflict | None",
) -> Unsettled:  # fmt: skip
    plain_row = Unsettled(id=id, standing=standing, label=label, title=title, act=act, conflict=conflict)
    if standing > Standing.OFFERED:
        return plain_row
    try:
        ticket = desk.find_ticket(plain_row.target)
    except (NotFound, UsageError):
        return plain_row
    holder = desk.world.persons.get(ticket.owner or "")
    return Unsettled(
        id=id,
        standing=standing,
        label=label,
        title=title,
        act=act,
        conflict=conflict,
        holder=holder.name if holder else "",
        holder_id=ticket.owner,
        now={name: plain(getattr(ticket, name)) for name in plain_row.fields if hasattr(ticket, name)},
    )


def refs(rows: Iterable[Unsettled]) -> dict[str, str]:
    """Id -> what a person calls it: an own act by its number, any other by `c-` and the end of its id, as much of it
    as tells it from all others of `rows` (ids made in the same minute begin alike)."""
    rows = list(rows)
    found = {row.id: str(row.act.n) for row in rows if row.act is not None}
    others = [row.id for row in rows if row.act is None]
    for id in others:
        size = ENDING
        while size < len(id) and sum(other.endswith(id[-size:]) for other in others) > 1:
            size += 1
        found[id] = f"{MARK}{id[-size:]}"
    return found


def find(rows: Iterable[Unsettled], ref: str) -> Unsettled:
    """One of `rows` by its number, by `c-` and the end of its id (`refs`), or by the start of it.

    NotFound `op_unknown`, UsageError `op_ambiguous` (data `hits`: references that tell them apart).
    """
    rows, told = list(rows), ref.strip().lower()
    found = [row for row in rows if row.act is not None and str(row.act.n) == told]
    if not found and told.startswith(MARK) and len(told) >= len(MARK) + ENDING:
        found = [row for row in rows if row.id.endswith(told.removeprefix(MARK))]
    found = found or [row for row in rows if told and row.id.startswith(told)]
    if not found:
        raise NotFound("op_unknown", op=ref)
    if len(found) > 1:
        names = refs(rows)
        raise UsageError("op_ambiguous", ref=ref, hits=[names[row.id] for row in found])
    return found[0]


def why_not(row: Unsettled, choice: str, me: "Person") -> MscError | None:
    """Why `choice` can't be made for an act; None when it can. The rules of the ticket remain the last word."""
    if row.standing > Standing.OFFERED:
        return ConflictError("op_not_refused")
    if row.standing is Standing.PROPOSAL:
        return _proposal(row, choice, me)
    if choice == "offer":
        if row.standing is Standing.OFFERED:
            return ConflictError("offered_already")
        if row.conflict is None or row.conflict.kind is not ConflictKind.FENCED:
            return ConflictError("offer_not_fenced")
        return None if row.holder_id not in (None, me.id) else ConflictError("offer_no_holder")
    return None


def _proposal(row: Unsettled, choice: str, me: "Person") -> MscError | None:
    if choice in ("offer", "withdraw"):
        return NotAllowed("not_your_act", author_name=row.author)
    if choice == "mine" and row.holder_id != me.id:
        return NotAllowed("not_your_conflict", author_name=row.author)
    return None


def ways(desk: "Desk", row: Unsettled) -> dict[str, MscError | None]:
    """Choice -> why it can't be made now, None when it can: what `why_not` says, and the rules on what is so now.

    Nothing is written. Central, which knows more, may still answer otherwise.
    """
    found = {choice: why_not(row, choice, desk.person) for choice in CHOICES}
    for choice in SETTLING:
        if found[choice] is None:
            try:
                desk.settle(row.id, choice, dry_run=True)
            except MscError as error:
                found[choice] = error
    return found


def with_ways(desk: "Desk", rows: Iterable[Unsettled]) -> list[Unsettled]:
    """The rows with the ways that are open for each."""
    return [replace(row, ways=tuple(choice for choice, why in ways(desk, row).items() if why is None)) for row in rows]


def take_back(desk: "Desk", row: Unsettled) -> str | None:
    """Take an own act back, by where it stands: one that waits is withdrawn, one in conflict settled. Returns the op
    that settles it. ConflictError `op_refused_withdraw` for one that central refused, and as `Desk.withdraw`."""
    if row.conflict is not None:
        return desk.settle(row.id, "withdraw").op
    if row.standing is Standing.YOURS:
        raise ConflictError("op_refused_withdraw")
    desk.withdraw(row.id)
    return None


def offer(desk: "Desk", row: Unsettled) -> None:
    """Leave an own fenced act to whoever holds the ticket: it ends here, and stays open for them to adopt or decline.

    Its author may still settle it by its id. Raises as `why_not` says.
    """
    if (why := why_not(row, "offer", desk.person)) is not None:
        raise why
    desk.dismiss(row.id)

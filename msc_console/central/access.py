"""The one place where central is asked who may: `authorize` for requests, `scoped_query` for rows, `shown` for fields.

All of them read the table of roles (`domain.rights`) and a person's row as it is at this request. What the table does
not name is denied; what lies outside a reader's groups answers as if it were not there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, String, TextClause, bindparam, text

from .. import clock, records
from ..domain.model import Person
from ..domain.rights import SCOPE_RIGHTS, Right, Sight, granted, has
from ..domain.scope import KEEP_CLOSED, groups_of_person, own_group, queue_group, tier_group
from ..domain.terms import HopState, Visibility
from .problems import ProblemError
from .scope import FIXED
from .tokens import Session

OF_TICKET = ("hop", "entry", "conflict")
"""Entities that come and go with their ticket."""


def authorize(session: Session, right: Right | None) -> None:
    """Lets a caller pass who holds `right` now. ProblemError `forbidden` (`data.right`), also for a route that names
    no right."""
    if right is None or not has(session.person.role, right):
        raise ProblemError("forbidden", reason="no_right", right=str(right or ""))
    if session.scopes is not None and not any(right in SCOPE_RIGHTS.get(scope, ()) for scope in session.scopes):
        raise ProblemError("forbidden", reason="token_scope", right=str(right))


@dataclass(frozen=True, slots=True)
class View:
    """What readers of one kind have in common: their groups as of now, and what of a row they may see."""

    groups: frozenset[str]
    sight: Sight

    def named(self, group: str) -> list[str]:
        """The names within the groups that begin like `group` (`queue:`)."""
        return sorted(item.removeprefix(group) for item in self.groups if item.startswith(group))

    def fixed(self, entity: str) -> bool:
        """Whether the reader receives the rows of an entity whose groups don't depend on the row."""
        return not self.groups.isdisjoint(FIXED.get(entity, frozenset()))


@dataclass(frozen=True, slots=True)
class Reader(View):
    """One person who reads."""

    person: Person

    @classmethod
    def of(cls, person: Person, sight: Sight | None = None) -> "Reader":
        """The view of a person's role, or a narrower `sight`."""
        seen = sight or granted(person.role).sight
        return cls(groups_of_person(person, seen), seen, person)


_LISTS = {"queues": queue_group(""), "owners": own_group(""), "tiers": tier_group("")}


def _mine(ticket: str) -> str:
    """`domain.scope.groups_of_ticket` as a condition on a ticket of that alias."""
    return (
        f"({ticket}.closed_at IS NULL OR {ticket}.closed_at >= :since) AND ({ticket}.queue IN :queues "
        f"OR {ticket}.owner IN :owners OR EXISTS (SELECT 1 FROM hop h WHERE h.ticket = {ticket}.id "
        f"AND h.state <> '{HopState.RETURNED}' AND h.tier IN :tiers))"
    )


def scoped_query(
    conn: Connection,
    view: View,
    entity: str,
    columns: str,
    now: datetime,
    where: str = "",
    tail: str = "",
    **binds: Any,
) -> CursorResult[Any]:
    """The rows `r` of an entity that are the reader's at `now`; `t` is the ticket of a part of one.

    `where` narrows it further by `binds`; one named `ids` takes a list. An entity that is nobody's has no rows.
    """
    told: dict[str, Any] = {name: view.named(group) for name, group in _LISTS.items()}
    told |= {"since": clock.to_ms(now - KEEP_CLOSED)}
    return conn.execute(_scoped(entity, view.sight.internal, view.fixed(entity), columns, where, tail), told | binds)


@cache
def _scoped(entity: str, internal: bool, fixed: bool, columns: str, where: str, tail: str) -> TextClause:
    source, condition = f'"{entity}" r', "1 = 1" if fixed else "1 = 0"
    if entity == "ticket":
        condition = _mine("r")
    elif entity in OF_TICKET:
        source += " JOIN ticket t ON t.id = r.ticket"
        if internal or entity == "entry":
            condition = _mine("t") + ("" if internal else f" AND r.visibility = '{Visibility.PUBLIC}'")
    if where:
        condition += f" AND {where}"
    statement = f"SELECT {columns} FROM {source} WHERE {condition}{tail}"
    lists = [name for name in (*_LISTS, "ids") if f":{name}" in statement]
    return text(statement).bindparams(*(bindparam(name, expanding=True, type_=String()) for name in lists))


@cache
def _allowed(entity: str, hidden: frozenset[str]) -> frozenset[str]:
    return frozenset(records.columns(records.ENTITIES[entity])) - hidden - {records.EXTRA}


def shown(sight: Sight, entity: str, document: dict[str, Any]) -> dict[str, Any]:
    """A document with the fields that the reader may see. Where some are hidden, fields of a newer peer are too."""
    hidden = sight.hidden.get(entity)
    if not hidden:
        return document
    allowed = _allowed(entity, hidden)
    return {name: value for name, value in document.items() if name in allowed}


def sees(view: View, entity: str, row: Mapping[str, Any], visible: Iterable[str]) -> bool:
    """Whether a stored row is the reader's; `visible` are those of the tickets concerned that are."""
    if entity == "ticket":
        return row["id"] in visible
    if entity not in OF_TICKET:
        return view.fixed(entity)
    told = view.sight.internal or (entity == "entry" and row["visibility"] == Visibility.PUBLIC)
    return told and row["ticket"] in visible

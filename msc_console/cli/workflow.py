"""`msc workflow`: the states a ticket moves between, by which act, who may, and which waits stop which clock."""

from typing import Any

from ..domain.policy import Policy
from ..domain.rights import OP_RIGHT, may
from ..domain.terms import Party, Role, State
from ..domain.workflow import TRANSITIONS, Transition
from ..i18n import _
from .manner import Form, manner
from .output import Column, cells, emit, pairs, table, terminal_width
from .talk import out


def workflow() -> None:
    """The whole table; it needs no sign-in."""
    from ..widgets.op_words import op_word
    from ..widgets.words import role_word, state_word

    def states(found: list[State]) -> str:
        return ", ".join(map(state_word, found))

    columns = [
        Column(_("Act"), lambda row: op_word(row.act)),
        Column(_("From"), lambda row: states(_ordered(row.sources))),
        Column(_("Leads to"), lambda row: states(_ordered(row.targets))),
        Column(_("Who may"), lambda row: ", ".join(map(role_word, _roles(row)))),
        Column(_("Stops the customer's clock"), lambda row: states(_pausing(row, Party.CUSTOMER)) or "-"),
        Column(_("Stops our clock"), lambda row: states(_pausing(row, Party.PROVIDER)) or "-"),
    ]
    width = terminal_width()
    if manner().form is Form.TABLE and width is not None and max(map(cells, table(TRANSITIONS, columns, None))) > width:
        out("\n\n".join(pairs((column.heading, column.text(row)) for column in columns) for row in TRANSITIONS))
        return
    emit(TRANSITIONS, columns, _document, lambda row: row.act.value)


def _document(row: Transition) -> dict[str, Any]:
    return {
        "act": row.act.value,
        "from": [state.value for state in _ordered(row.sources)],
        "to": [state.value for state in _ordered(row.targets)],
        "rights": sorted(OP_RIGHT[row.act]),
        "roles": [role.value for role in _roles(row)],
        "pauses": {party.value: [state.value for state in _pausing(row, party)] for party in Party},
    }


def _ordered(states: frozenset[State]) -> list[State]:
    return [state for state in State if state in states]


def _roles(row: Transition) -> list[Role]:
    return [role for role in Role if role is not Role.SYSTEM and may(role, row.act)]


def _pausing(row: Transition, party: Party) -> list[State]:
    return [state for state in _ordered(row.targets) if state in Policy().pauses[party]]

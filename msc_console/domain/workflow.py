"""Which states a ticket may move between, by which act. Contract R9; shown by `msc workflow`."""

from dataclasses import dataclass

from .terms import Op, State, WaitingParty

WAITING = frozenset({State.WAITING_CUSTOMER, State.WAITING_VENDOR, State.WAITING_LEVEL, State.SCHEDULED})
ACTIVE = frozenset({State.NEW, State.OPEN}) | WAITING
"""States in which somebody still has work to do."""
HELD = frozenset({State.WAITING_CUSTOMER, State.WAITING_VENDOR, State.SCHEDULED})
"""States that `ticket.hold` may lead to; an escalation alone leads to `waiting_level`."""

HOLD_PARTY: dict[State, WaitingParty] = {
    State.WAITING_CUSTOMER: WaitingParty.CUSTOMER,
    State.WAITING_VENDOR: WaitingParty.VENDOR,
    State.SCHEDULED: WaitingParty.SCHEDULE,
}
"""Whom each held state waits for."""


@dataclass(frozen=True, slots=True)
class Transition:
    """An act that moves a ticket from one state to another."""

    act: Op
    sources: frozenset[State]
    targets: frozenset[State]


def _row(act: Op, sources: frozenset[State], *targets: State) -> Transition:
    return Transition(act, sources, frozenset(targets))


TRANSITIONS = (
    _row(Op.TICKET_TAKE, frozenset({State.NEW}), State.OPEN),
    _row(Op.TICKET_HOLD, ACTIVE, *HELD),
    _row(Op.TICKET_RESUME, WAITING, State.OPEN),
    _row(Op.ESCALATION_RAISE, ACTIVE, State.WAITING_LEVEL),
    _row(Op.ESCALATION_RETURN, frozenset({State.WAITING_LEVEL}), State.OPEN),
    _row(Op.TICKET_RESOLVE, ACTIVE, State.RESOLVED),
    _row(Op.TICKET_CLOSE, frozenset({State.RESOLVED}), State.CLOSED),
    _row(Op.TICKET_REOPEN, frozenset({State.RESOLVED, State.CLOSED}), State.OPEN),
    _row(Op.TICKET_CANCEL, ACTIVE, State.CANCELLED),
)
"""The whole workflow, one row an act. Rights stand in `rights.OP_RIGHT`, pauses in `policy.Policy.pauses`."""

_BY_ACT = {row.act: row for row in TRANSITIONS}


def allows(act: Op, source: State, target: State) -> bool:
    """Whether `act` may bring a ticket from `source` to `target`."""
    row = _BY_ACT[act]
    return source in row.sources and target in row.targets

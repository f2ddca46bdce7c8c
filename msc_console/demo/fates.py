"""What becomes of the demo's tickets: which stand free, wait, run late or are done, and by which steps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..domain.terms import Tier
from .script import Script

Step = Callable[[Script, datetime], None]


class Age(StrEnum):
    """How long ago a ticket's customer made contact."""

    FRESH = "fresh"
    """Minutes ago, inside the response target."""
    UNANSWERED = "unanswered"
    """Past the response target, well inside the resolution target."""
    USUAL = "usual"
    """Well inside the resolution target."""
    LONG = "long"
    """Several hours at least, and still well inside."""
    PRESSING = "pressing"
    """Due within the hour."""
    OVERDUE = "overdue"
    """Past the resolution target."""
    DONE = "done"
    """Solved today, inside the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One kind of course. `queues` are dealt in turn: h helpdesk, p priority, m monitoring, t triage."""

    name: str
    number: int
    """How many of a hundred and twenty tickets take it."""
    queues: str
    age: Age
    held: bool = True
    answered: bool = True
    classified: bool = True
    """False: intake left the component open."""
    steps: tuple[Step, ...] = ()
    closed: bool = False


def _raise(tier: Tier, heading: str | None = None) -> Step:
    return lambda script, at: script.escalate(at, tier, heading)


def _ack(tier: Tier) -> Step:
    return lambda script, at: script.acknowledge(at, tier)


def _note_of(tier: Tier) -> Step:
    return lambda script, at: script.resolver_note(at, tier)


def _back(tier: Tier, heading: str | None = None) -> Step:
    return lambda script, at: script.give_back(at, tier, heading)


_TO_L2: tuple[Step, ...] = (
    Script.finding,
    _raise(Tier.L1),
    _ack(Tier.L1),
    _note_of(Tier.L1),
    _back(Tier.L1, "outcomes_up"),
    _raise(Tier.L2, "reasons_up"),
)
_TO_PRINCIPAL: tuple[Step, ...] = (
    *_TO_L2,
    _ack(Tier.L2),
    _note_of(Tier.L2),
    _back(Tier.L2, "outcomes_principal"),
    Script.update,
    _raise(Tier.PRINCIPAL, "reasons_principal"),
)
_THROUGH_L1: tuple[Step, ...] = (Script.finding, _raise(Tier.L1), _ack(Tier.L1), _note_of(Tier.L1), _back(Tier.L1))

FATES: tuple[Fate, ...] = (
    Fate(name="fresh", number=6, queues="hthpmh", age=Age.FRESH, held=False, answered=False),
    Fate(name="unanswered", number=4, queues="htph", age=Age.UNANSWERED, held=False, answered=False),
    Fate(name="queued", number=15, queues="hhphmhthphhphth", age=Age.USUAL, held=False),
    Fate(name="overdue", number=4, queues="hphh", age=Age.OVERDUE, steps=(Script.finding, Script.reply, Script.note)),
    Fate(name="pressing", number=4, queues="phhm", age=Age.PRESSING, steps=(Script.finding, Script.update)),
    Fate(name="asked", number=5, queues="hphth", age=Age.USUAL, steps=(Script.finding, Script.ask)),
    Fate(
        name="asked twice",
        number=1,
        queues="h",
        age=Age.LONG,
        steps=(Script.finding, Script.ask, Script.answered, Script.resume, Script.note, Script.ask),
    ),
    Fate(name="vendor", number=4, queues="hmpm", age=Age.USUAL, steps=(Script.finding, Script.wait_vendor)),
    Fate(name="scheduled", number=2, queues="pm", age=Age.USUAL, steps=(Script.finding, Script.note, Script.schedule)),
    Fate(name="l1 asked", number=3, queues="hpm", age=Age.USUAL, steps=(Script.finding, _raise(Tier.L1))),
    Fate(
        name="l1 at work",
        number=3,
        queues="hph",
        age=Age.LONG,
        steps=(Script.finding, _raise(Tier.L1), _ack(Tier.L1), _note_of(Tier.L1), Script.update),
    ),
    Fate(name="l2 asked", number=1, queues="p", age=Age.LONG, steps=_TO_L2),
    Fate(name="l2 at work", number=2, queues="hp", age=Age.LONG, steps=(*_TO_L2, _ack(Tier.L2), _note_of(Tier.L2))),
    Fate(name="principal asked", number=1, queues="p", age=Age.LONG, steps=_TO_PRINCIPAL),
    Fate(
        name="busy",
        number=5,
        queues="hphph",
        age=Age.LONG,
        steps=(
            Script.finding,
            Script.reply,
            Script.call,
            Script.note,
            Script.ask,
            Script.answered,
            Script.resume,
            Script.note,
            Script.update,
        ),
    ),
    Fate(
        name="busy with l1",
        number=5,
        queues="phmhp",
        age=Age.LONG,
        classified=False,
        steps=(Script.classify, *_THROUGH_L1, Script.reply, Script.call, Script.note, Script.update),
    ),
    Fate(name="taken", number=8, queues="hphhphmh", age=Age.USUAL),
    Fate(name="looked at", number=11, queues="hhphmhphhph", age=Age.USUAL, steps=(Script.finding,)),
    Fate(
        name="sorted out",
        number=8,
        queues="hphhmphh",
        age=Age.USUAL,
        classified=False,
        steps=(Script.classify, Script.finding, Script.note),
    ),
    Fate(name="answered", number=9, queues="hphhphpth", age=Age.USUAL, steps=(Script.finding, Script.reply)),
    Fate(
        name="followed up",
        number=5,
        queues="hphhp",
        age=Age.LONG,
        steps=(Script.finding, Script.reply, Script.call, Script.update),
    ),
    Fate(name="solved", number=6, queues="hphmht", age=Age.DONE, steps=(Script.finding, Script.reply)),
    Fate(name="solved by l1", number=2, queues="ph", age=Age.DONE, steps=(*_THROUGH_L1, Script.reply)),
    Fate(name="closed", number=6, queues="hphmph", age=Age.DONE, steps=(Script.reply, Script.note), closed=True),
)
"""The courses of a hundred and twenty tickets."""

ESCALATES = frozenset(
    {fate.name for fate in FATES if "l1" in fate.name or "l2" in fate.name or "principal" in fate.name}
)
"""Fates that ask a higher tier, and so want a matter that says what to ask."""
QUEUES = {"h": "helpdesk", "p": "priority", "m": "monitoring", "t": "triage"}

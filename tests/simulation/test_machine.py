"""Any shift of four people that Hypothesis can think of: the promises hold after each step and when all is at rest."""

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from .deeds import CLASHES, DEEDS, WAYS_OUT
from .laptop import DISK
from .routes import SPEECHES
from .setting import PEOPLE
from .way import FAULTS
from .world import Action, world

who = st.sampled_from(PEOPLE)
number = st.integers(0, 1 << 16)
steps = st.sampled_from([1, 2, 3, 5, 60])
DAY = 24 * 3600


class Shift(RuleBasedStateMachine):
    """Each rule is one action of the world."""

    @initialize(seed=st.integers(0, 1 << 16), full=st.booleans())
    def begin(self, seed: int, full: bool) -> None:
        self.stack = ExitStack()
        self.world = self.stack.enter_context(world(seed))
        if full:
            self._do("begin")

    def _do(self, *action: object) -> None:
        words: Action = list(action)
        self.world.do(words)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.settle()
        finally:
            self.stack.close()

    @rule(who=who, deed=st.sampled_from(sorted(DEEDS)), number=number)
    def acts(self, who: str, deed: str, number: int) -> None:
        self._do("act", who, deed, number)

    @rule(who=who, number=number, deed=st.sampled_from(["create", "take", "set", "note", "resolve", "assign"]))
    def acts_and_talks(self, who: str, deed: str, number: int) -> None:
        self._do("act", who, deed, number)
        self._do("talk", who, 60)

    @rule(who=who, steps=steps)
    def talks(self, who: str, steps: int) -> None:
        self._do("talk", who, steps)

    @rule(
        field=st.sampled_from(sorted(CLASHES)),
        people=st.lists(st.sampled_from(PEOPLE[:3]), min_size=2, max_size=3, unique=True),
        number=number,
    )
    def contradict_each_other(self, field: str, people: list[str], number: int) -> None:
        for place, name in enumerate(people):
            self._do("clash", name, field, number + place)
        for name in people:
            self._do("talk", name, 60)

    @rule(who=who, how=st.sampled_from(["edit", "withdraw"]), number=number)
    def tidies(self, who: str, how: str, number: int) -> None:
        self._do("tidy", who, how, number)

    @rule(who=who, kind=st.sampled_from(FAULTS), after=st.integers(0, 2))
    def fault(self, who: str, kind: str, after: int) -> None:
        self._do("fault", who, kind, after)

    @rule(who=who, kind=st.sampled_from(DISK), after=st.integers(0, 5))
    def disk(self, who: str, kind: str, after: int) -> None:
        self._do("disk", who, kind, after)

    @rule(who=who, up=st.booleans())
    def line(self, who: str, up: bool) -> None:
        self._do("line", who, up)

    @rule(seconds=st.sampled_from([1, 20, 400, 3000]))
    def waits(self, seconds: int) -> None:
        self._do("wait", seconds)

    @rule(who=who, seconds=st.sampled_from([-DAY, -60, 3600, DAY]))
    def clock_jumps(self, who: str, seconds: int) -> None:
        self._do("jump", who, seconds)

    @rule(who=who, verb=st.sampled_from(["crash", "backup", "put_back", "lose", "verify", "sign_in"]))
    def laptop(self, who: str, verb: str) -> None:
        self._do(verb, who)

    @rule(who=who, whole=st.booleans())
    def clone(self, who: str, whole: bool) -> None:
        self._do("clone", who, whole)

    @rule(verb=st.sampled_from(["restart", "keep", "roll_back", "tick", "cut"]))
    def central(self, verb: str) -> None:
        self._do(verb)

    @rule(days=st.sampled_from([0, 100]))
    def compact(self, days: int) -> None:
        self._do("compact", days)

    @rule(who=who, way_out=st.sampled_from(WAYS_OUT), number=number)
    def settles(self, who: str, way_out: str, number: int) -> None:
        self._do("settle", who, way_out, number)

    @rule(who=who, verb=st.sampled_from(["open_ticket", "later_act"]), number=number)
    def looks_or_is_ahead(self, who: str, verb: str, number: int) -> None:
        self._do(verb, who, number)

    @rule(number=number)
    def erases(self, number: int) -> None:
        self._do("erase", number)

    @rule(how=st.sampled_from(sorted(SPEECHES)))
    def speaks(self, how: str) -> None:
        self._do("speak", how)

    @rule(who=who, number=number)
    def queues(self, who: str, number: int) -> None:
        self._do("queues", who, number)

    @rule(who=who, on=st.booleans())
    def switch(self, who: str, on: bool) -> None:
        self._do("switch", who, on)

    @rule(who=who, page=st.sampled_from([1, 2, 7, 500]), push=st.sampled_from([1, 2, 100]))
    def sizes(self, who: str, page: int, push: int) -> None:
        self._do("sizes", who, page, push)


def _play(examples: int, steps: int) -> None:
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Shift,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=health
        ),
    )


@pytest.mark.slow
@pytest.mark.protocol("P-047", "P-062", "P-070", "P-071", "P-080", "P-087", "P-088", "P-092", "P-102")
def test_any_shift() -> None:
    _play(10, 25)


@pytest.mark.deep
@pytest.mark.protocol("P-047", "P-062", "P-070", "P-071", "P-080", "P-087", "P-088", "P-092", "P-102")
def test_any_long_shift() -> None:
    _play(150, 60)

"""One centre with its laptops, played by a list of actions (`verbs`). Each action is JSON and holds all its own chance.

The same seed and the same actions give the same history: every id, time and delay comes from `Chance`.
"""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import text

from msc_console.central import cutting
from msc_console.domain import decide
from msc_console.domain.commands import Command, Context, Outcome, Situation
from msc_console.domain.terms import Op
from msc_console.errors import MscError
from msc_console.sync import snapshots
from msc_console.sync.moves import Source

from . import deeds, promises, rest
from .chance import Chance
from .cutter import stepwise
from .laptop import Killed, Laptop
from .office import Office
from .setting import PEOPLE

Action = list[Any]
"""`[verb, arguments ...]`, as `verbs.VERBS` has them."""
SHARED = Path("/dev/shm")
ROUNDS = 60
"""Rounds within which everything must have come to rest once faults have stopped."""
ROUND_SECONDS = 20
MOST_STEPS = 400
PART_ROWS = 6
PIECE = 1500
"""Rows of a part of a snapshot, and bytes of it that a laptop takes in at a time: small, so that there are several."""


class World:
    """The simulation. `offsets`: login -> how wrong that laptop's wall clock is from the start."""

    def __init__(
        self, chance: Chance, folder: Path, url: str | None = None, offsets: dict[str, int] | None = None
    ) -> None:
        self.folder = folder
        self.chance = chance
        self.office = Office(chance, folder, url)
        self.laptops: dict[str, Laptop] = {}
        self.memory = promises.Memory()
        self.tally: Counter[str] = Counter()
        self.trace = hashlib.sha256()
        for login in PEOPLE:
            laptop = Laptop.new(login, login, folder / login, self.chance, self.office)
            laptop.skew = timedelta(seconds=(offsets or {}).get(login, 0))
            self.laptops[login] = laptop

    def close(self) -> None:
        for laptop in self.laptops.values():
            laptop.close()
        self.office.close()

    # -- actions

    def do(self, action: Action) -> None:
        """One action, and the promises that must hold after each."""
        verb, *details = action
        self.chance.ms += 211
        self.office.way.deliver_late()
        told = self._do(verb, details)
        self.tally[f"action.{verb}"] += 1
        self.trace.update(f"{json.dumps(action)} {told}\n".encode())
        self._look()

    def _do(self, verb: str, details: Sequence[Any]) -> object:
        from .verbs import VERBS

        who = self.laptops.get(details[0]) if details and isinstance(details[0], str) else None
        try:
            return VERBS[verb](self, *details)
        except Killed:
            assert who is not None
            self.tally["killed"] += 1
            who.die()
            return "killed"

    def _look(self) -> None:
        promises.feed_is_dense(self.office)
        promises.poison_alone(self.office)
        for laptop in self.laptops.values():
            if laptop.written():
                promises.after_each_step(laptop, self.memory)

    def at_desk(self, laptop: Laptop, work: Callable[[], object]) -> str:
        """Something that a person does, or why it could not be done."""
        with laptop.seen():
            try:
                work()
            except (MscError, OSError) as error:
                self.tally["refused here"] += 1
                return str(getattr(error, "key", type(error).__name__))
        laptop.poke()
        return "done"

    # -- the end

    def settle(self) -> None:
        """Faults stop; within a bound everything comes to rest, and then all promises are looked at."""
        for login in PEOPLE:
            self.office.switch(login, on=True)
        self.office.speak("ours")
        for laptop in self.laptops.values():
            laptop.faults.clear()
            laptop.cache.plan.clear()
            laptop.online = True
            laptop.poke(Source.WAKE)
        asked = self.office.way.requests
        for _ in range(ROUNDS):
            if self._round():
                break
        else:
            laptops = list(self.laptops.values())
            starved = any(promises.starves(laptop) for laptop in laptops)
            raise promises.Violation("P19" if starved else "P16", "no rest: " + promises.standing(laptops))
        laptops = list(self.laptops.values())
        rest.at_rest(self.office, laptops, self.memory, self.office.way.requests - asked)
        rest.checks_itself(self.office, laptops, MOST_STEPS)
        self.trace.update(rest.digest(self.office, laptops).encode())

    def _round(self) -> bool:
        """Everybody talks until they rest. True when nobody had anything left to do."""
        self.chance.ms += ROUND_SECONDS * 1000
        self.office.way.deliver_late()
        with self.chance.seen_by(timedelta()):
            self.office.tick()
        before = promises.head(self.office)
        for laptop in self.laptops.values():
            if laptop.out:
                laptop.sign_in()
            laptop.poke(Source.CENTRAL)
            if laptop.talk(MOST_STEPS) == MOST_STEPS:
                raise promises.Violation("P16", f"{laptop.name} goes round and round")
        quiet = all(laptop.engine.quiet for laptop in self.laptops.values())
        return (
            quiet
            and not self.office.way.post
            and before == promises.head(self.office)
            and all(promises.nothing_waits(laptop) for laptop in self.laptops.values())
        )

    def result(self) -> dict[str, int]:
        """What the history held: `ops`, `action.<verb>`, `fault.<kind>`, `answer.<word>`, `settled.<way out>`."""
        with self.office.central.read() as conn:
            for row in conn.execute(text("SELECT code, count(*) FROM op GROUP BY code")):
                self.tally[f"answer.{row[0]}"] = row[1]
            for author, changes in conn.execute(text("SELECT author, changes FROM entry")):
                owner = json.loads(changes).get("owner", [None])[0]
                self.tally["fault.taken_over"] += owner not in (None, author)
        faults = Counter({f"fault.{kind}": count for kind, count in self.office.way.struck.items()})
        for laptop in self.laptops.values():
            faults.update({f"fault.disk_{kind}": count for kind, count in laptop.disk_struck.items()})
        return dict(self.tally + faults)


@contextmanager
def world(seed: int, url: str | None = None, offsets: dict[str, int] | None = None) -> Iterator[World]:
    """A centre that is gone with its files when the block ends."""
    base = tempfile.mkdtemp(prefix="msc-sim-", dir=SHARED if SHARED.is_dir() else None)
    chance = Chance(seed)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, base, ignore_errors=True)
        stack.enter_context(patch.dict(decide.RULES, {Op.ENTRY_CALL: _tripping(decide.RULES[Op.ENTRY_CALL])}))
        stack.enter_context(patch.object(cutting, "PART_ROWS", PART_ROWS))
        stack.enter_context(patch.object(snapshots, "PIECE", PIECE))
        stack.enter_context(stepwise())
        stack.enter_context(chance.in_force())
        here = World(chance, Path(base), url, offsets)
        stack.callback(here.close)
        yield here


def _tripping(rule: decide.Rule) -> decide.Rule:
    """The rule of calls with a fault that shows at central alone."""

    def tripping(command: Command, situation: Situation, context: Context) -> Outcome:
        if context.final and command.args.get("body") == deeds.POISON:
            raise ArithmeticError("a rule that trips")
        return rule(command, situation, context)

    return tripping

"""One centre with its laptops, played by a list of actions. Each action is JSON and holds all its own chance.

The same seed and the same actions give the same history: every id, time and delay comes from `Chance`.
"""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal
from unittest.mock import patch

from sqlalchemy import text

from msc_console.domain import decide
from msc_console.domain.commands import Command, Context, Outcome, Situation
from msc_console.domain.terms import Op
from msc_console.errors import MscError
from msc_console.store import outbox
from msc_console.sync.moves import Source

from . import deeds, promises
from .chance import Chance
from .laptop import Killed, Laptop
from .office import PEOPLE, QUEUES, Office

Action = list[Any]
"""`[verb, arguments ...]`, as `World.VERBS` has them."""
SHARED = Path("/dev/shm")
ROUNDS = 60
"""Rounds within which everything must have come to rest once faults have stopped."""
ROUND_SECONDS = 20
MOST_STEPS = 400


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
        self._copies = 0
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
        self.office.deliver_late()
        told = self._do(verb, details)
        self.tally[f"action.{verb}"] += 1
        self.trace.update(f"{json.dumps(action)} {told}\n".encode())
        self._look(verb, details)

    def _do(self, verb: str, details: Sequence[Any]) -> object:
        who = self.laptops.get(details[0]) if details and isinstance(details[0], str) else None
        try:
            return VERBS[verb](self, *details)
        except Killed:
            assert who is not None
            self.tally["killed"] += 1
            who.die()
            return "killed"

    def _look(self, verb: str, details: Sequence[Any]) -> None:
        promises.feed_is_dense(self.office)
        for laptop in self.laptops.values():
            if not details or laptop.name == details[0] or verb in ("wait", "tick"):
                promises.after_each_step(laptop, self.memory)

    def begin(self) -> None:
        """Everybody has what central holds for them."""
        for laptop in self.laptops.values():
            laptop.talk(MOST_STEPS)

    def act(self, who: str, deed: str, number: int) -> str:
        """A deed on one of the tickets that the person sees."""
        laptop, dice = self.laptops[who], Random(number)
        with laptop.seen():
            tickets = [row[0] for row in laptop.rows("SELECT id FROM ticket ORDER BY n")]
            if not tickets and deed not in ("create", "contact"):
                return "nothing"
            try:
                deeds.DEEDS[deed](laptop.desk, dice.choice(tickets) if tickets else "", dice)
            except (MscError, OSError) as error:
                self.tally["refused here"] += 1
                return str(getattr(error, "key", type(error).__name__))
        laptop.poke()
        self.tally["ops"] += 1
        return "done"

    def tidy(self, who: str, how: str, number: int) -> str:
        """Edit, withdraw, try again or let go one of the acts of the outbox."""
        laptop, dice = self.laptops[who], Random(number)
        states = {"edit": "open", "withdraw": dice.choice(["open", "sealed"])}
        state = states.get(how, "attention")
        with laptop.seen():
            ids = [row[0] for row in laptop.rows("SELECT id FROM outbox WHERE state = ? ORDER BY n", state)]
            if not ids:
                return "nothing"
            op = dice.choice(ids)
            try:
                if how == "edit":
                    self._edit(laptop, op, dice)
                elif how == "withdraw":
                    laptop.desk.withdraw(op)
                elif how == "retry":
                    laptop.desk.retry(op)
                else:
                    laptop.desk.dismiss(op)
            except (MscError, OSError) as error:
                return str(getattr(error, "key", type(error).__name__))
        laptop.poke()
        return "done"

    def _edit(self, laptop: Laptop, op: str, dice: Random) -> None:
        with laptop.cache.write() as conn:
            act = outbox.get(conn, op)
            if "body" in act.command.args:
                args = {**act.command.args, "body": f"Diubah {dice.randrange(99)}"}
                laptop.desk.replica.edit(conn, op, args, act.hold_until)

    def talk(self, who: str, steps: int) -> int:
        """Some steps of the conversation, which may end in the middle of it."""
        return self.laptops[who].talk(steps)

    def fault(self, who: str, kind: str, after: int) -> None:
        """A coming request meets a fault, after some that go well."""
        laptop = self.laptops[who]
        laptop.faults += [None] * after + [kind]  # type: ignore[list-item]

    def disk(self, who: str, kind: str, after: int) -> None:
        """A coming commit meets a fault."""
        laptop = self.laptops[who]
        laptop.cache.plan += [None] * after + [kind]
        self.tally[f"disk.{kind}"] += 1

    def line(self, who: str, up: bool) -> None:
        self.laptops[who].online = up
        if up:
            self.laptops[who].poke(Source.WAKE)

    def wait(self, seconds: int) -> None:
        self.chance.ms += seconds * 1000

    def sleep(self, who: str, seconds: int) -> None:
        """The laptop is shut for a while: its wall clock goes on, and it finds itself awake."""
        self.wait(seconds)
        self.laptops[who].poke(Source.WAKE)

    def jump(self, who: str, seconds: int) -> None:
        """The wall clock of a laptop is set."""
        self.laptops[who].pending_jump += timedelta(seconds=seconds)
        self.laptops[who].step()

    def crash(self, who: str) -> None:
        self.laptops[who].die()

    def clone(self, who: str, whole: bool) -> str:
        """A second copy of the laptop's files goes to work; `whole`: the nonce that lies beside the cache too."""
        name = f"{who}+{self._copies}"
        if len(self.laptops) >= len(PEOPLE) + 2:
            return "enough"
        self._copies += 1
        first = self.laptops[who]
        twin = Laptop(name, first.login, self.folder / name, self.chance, self.office)
        first.copy_to(twin.folder)
        if not whole:
            (twin.folder / "incarnation").unlink(missing_ok=True)
        twin.skew = first.skew
        twin.start()
        twin.sign_in()
        self.laptops[name] = twin
        self.memory.copied(who, name)
        return name

    def backup(self, who: str) -> None:
        """Keep a copy of the laptop's cache, as a disk image would."""
        laptop = self.laptops[who]
        self._copies += 1
        folder = self.folder / f"{who}-kept{self._copies}"
        laptop.copy_to(folder)
        laptop.copies.append(folder)
        self.memory.copied(who, folder.name)

    def put_back(self, who: str) -> str:
        """The laptop's cache is put back from the newest copy; the nonce outside it stays as it is."""
        laptop = self.laptops[who]
        if not laptop.copies:
            return "nothing"
        kept = laptop.copies[-1]
        laptop.close()
        self._copies += 1
        fresh = self.folder / f"{who}~back{self._copies}"
        shutil.copytree(kept, fresh)
        (fresh / "incarnation").unlink(missing_ok=True)
        if (laptop.folder / "incarnation").exists():
            shutil.copyfile(laptop.folder / "incarnation", fresh / "incarnation")
        laptop.folder = fresh
        self.memory.copied(kept.name, who)
        laptop.start()
        laptop.sign_in()
        return "back"

    def queues(self, login: str, number: int) -> None:
        """A person gets other queues."""
        if self.office.active(login):
            dice = Random(number)
            self.office.people(login, queues=tuple(sorted(dice.sample(QUEUES, dice.randrange(1, 4)))))

    def switch(self, login: str, on: bool) -> None:
        """A person is switched off, or on again."""
        self.office.switch(login, on=on)

    def restart(self) -> None:
        self.office.restart()

    def keep(self) -> None:
        self.office.keep()

    def roll_back(self) -> bool:
        """Central is restored to its newest copy."""
        done = self.office.roll_back()
        if done:
            self.memory.central_restored()
        return done

    def tick(self) -> None:
        self.office.tick()

    def compact(self, days: int) -> None:
        self.office.compact(days)

    def settle_conflict(self, who: str, number: int) -> str:
        """A person settles one of the conflicts that they see."""
        laptop, dice = self.laptops[who], Random(number)
        with laptop.seen():
            ids = [row[0] for row in laptop.rows("SELECT id FROM outbox WHERE state = 'attention' ORDER BY n")]
            ids += [row[0] for row in laptop.rows("SELECT id FROM conflict ORDER BY id")]
            if not ids:
                return "nothing"
            choices: list[Literal["mine", "theirs", "note", "withdraw"]] = ["mine", "theirs", "note", "withdraw"]
            try:
                laptop.desk.settle(dice.choice(ids), dice.choice(choices))
            except (MscError, OSError) as error:
                return str(getattr(error, "key", type(error).__name__))
        laptop.poke()
        return "done"

    def sizes(self, who: str, page: int, push: int) -> None:
        """From now on this laptop gets pages and may send pushes of this size."""
        self.office.pages[who], self.office.pushes[who] = page, push

    def upgrade(self, version: str) -> None:
        """Central is another version."""
        self.office.version = version

    def sign_in(self, who: str) -> str:
        try:
            self.laptops[who].sign_in()
        except (MscError, OSError) as error:
            return type(error).__name__
        return "in"

    # -- the end

    def settle(self) -> None:
        """Faults stop; within a bound everything comes to rest, and then all promises are looked at."""
        for login in PEOPLE:
            self.office.switch(login, on=True)
        self.office.version += " and mended"  # whoever was refused for their version asks again
        for laptop in self.laptops.values():
            laptop.faults.clear()
            laptop.cache.plan.clear()
            laptop.online = True
            laptop.poke(Source.WAKE)
        asked = self.office.requests
        for _ in range(ROUNDS):
            if self._round():
                break
        else:
            raise promises.Violation("P16", "nothing came to rest: " + promises.standing(self.laptops.values()))
        promises.at_rest(self.office, list(self.laptops.values()), self.memory, self.office.requests - asked)
        self.trace.update(promises.digest(self.office, list(self.laptops.values())).encode())

    def _round(self) -> bool:
        """Everybody talks until they rest. True when nobody had anything left to do."""
        self.chance.ms += ROUND_SECONDS * 1000
        self.office.deliver_late()
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
            and not self.office.post
            and before == promises.head(self.office)
            and all(promises.nothing_waits(laptop) for laptop in self.laptops.values())
        )

    def result(self) -> dict[str, int]:
        """What the history held."""
        with self.office.central.read() as conn:
            for row in conn.execute(text("SELECT code, count(*) FROM op GROUP BY code")):
                self.tally[f"answer.{row[0]}"] = row[1]
        faults: Counter[str] = Counter()
        for laptop in self.laptops.values():
            faults.update({f"fault.{kind}": count for kind, count in laptop.struck.items()})
        return dict(self.tally + faults)


VERBS: dict[str, Callable[..., object]] = {
    "begin": World.begin,
    "act": World.act,
    "tidy": World.tidy,
    "talk": World.talk,
    "fault": World.fault,
    "disk": World.disk,
    "line": World.line,
    "wait": World.wait,
    "sleep": World.sleep,
    "jump": World.jump,
    "crash": World.crash,
    "clone": World.clone,
    "backup": World.backup,
    "put_back": World.put_back,
    "queues": World.queues,
    "switch": World.switch,
    "restart": World.restart,
    "keep": World.keep,
    "roll_back": World.roll_back,
    "tick": World.tick,
    "compact": World.compact,
    "settle": World.settle_conflict,
    "sizes": World.sizes,
    "upgrade": World.upgrade,
    "sign_in": World.sign_in,
}


@contextmanager
def world(seed: int, url: str | None = None, offsets: dict[str, int] | None = None) -> Iterator[World]:
    """A centre that is gone with its files when the block ends."""
    base = tempfile.mkdtemp(prefix="msc-sim-", dir=SHARED if SHARED.is_dir() else None)
    tripping = {Op.ENTRY_CALL: _tripping(decide.RULES[Op.ENTRY_CALL])}
    chance = Chance(seed)
    try:
        with patch.dict(decide.RULES, tripping), chance.in_force():
            here = World(chance, Path(base), url, offsets)
            try:
                yield here
            finally:
                here.close()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _tripping(rule: decide.Rule) -> decide.Rule:
    """The rule of calls with a fault that shows at central alone."""

    def tripping(command: Command, situation: Situation, context: Context) -> Outcome:
        if context.final and command.args.get("body") == deeds.POISON:
            raise ArithmeticError("a rule that trips")
        return rule(command, situation, context)

    return tripping

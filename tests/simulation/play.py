"""Histories: made from a seed, played, kept as JSON, and made shorter while they still break a promise."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from . import deeds
from .laptop import DISK
from .office import FAULTS, PEOPLE
from .world import Action, world

TRACES = Path(__file__).parent / "traces"
DAY = 24 * 3600


def actions(seed: int, length: int) -> list[Action]:
    """A random history."""
    dice = Random(f"history {seed}")
    first: list[Action] = [["begin"]] if dice.random() < 0.8 else []
    return first + [_action(dice) for _ in range(length)]


def _action(dice: Random) -> Action:
    who, number = dice.choice(PEOPLE), dice.randrange(1 << 16)
    makers, weights = zip(*_choices(who, number, dice), strict=True)
    made: Callable[[], Action] = dice.choices(makers, weights)[0]
    return made()


def _choices(who: str, number: int, dice: Random) -> list[tuple[Callable[[], Action], int]]:
    """Every verb with its weight."""
    return [
        (lambda: ["act", who, deeds.pick(dice), number], 40),
        (lambda: ["talk", who, dice.choice([1, 2, 3, 5, 30, 60])], 36),
        (lambda: ["tidy", who, dice.choice(["edit", "withdraw", "retry", "dismiss"]), number], 8),
        (lambda: ["fault", who, dice.choice(FAULTS), dice.randrange(3)], 10),
        (lambda: ["disk", who, dice.choice(DISK), dice.randrange(6)], 6),
        (lambda: ["line", who, dice.random() < 0.6], 4),
        (lambda: ["wait", dice.choice([1, 5, 20, 70, 400, 3000])], 8),
        (lambda: ["sleep", who, dice.choice([60, 900, DAY // 3])], 2),
        (lambda: ["jump", who, dice.choice([-DAY, -3600, -60, 60, 3600, DAY])], 3),
        (lambda: ["crash", who], 3),
        (lambda: ["clone", who, dice.random() < 0.5], 1),
        (lambda: ["backup", who], 2),
        (lambda: ["put_back", who], 2),
        (lambda: ["queues", who, number], 3),
        (lambda: ["switch", who, dice.random() < 0.7], 2),
        (lambda: ["restart"], 1),
        (lambda: ["keep"], 2),
        (lambda: ["roll_back"], 1),
        (lambda: ["tick"], 3),
        (lambda: ["settle", who, number], 4),
        (lambda: ["compact", dice.choice([0, 0, 100])], 2),
        (lambda: ["sizes", who, dice.choice([1, 2, 7, 50, 500]), dice.choice([1, 2, 10, 100])], 3),
        (lambda: ["upgrade", str(number)], 1),
        (lambda: ["sign_in", who], 2),
    ]


@dataclass
class Played:
    """What a history came to. `broken`: the violation or error, None when all promises held."""

    seed: int
    done: int
    trace: str
    tally: dict[str, int] = field(default_factory=dict)
    broken: Exception | None = None


def play(seed: int, history: Sequence[Action], **around: Any) -> Played:
    """Play it to the end, or to the first broken promise."""
    with world(seed, **around) as here:
        done = 0
        try:
            for action in history:
                here.do(action)
                done += 1
            here.settle()
        except Exception as error:  # an error of the product is as good as a broken promise
            return Played(seed, done, here.trace.hexdigest(), here.result(), error)
        return Played(seed, done, here.trace.hexdigest(), here.result())


def shrink(seed: int, history: Sequence[Action], broken: Exception, tries: int = 200) -> list[Action]:
    """A shorter history with the same kind of end: pieces are left out, ever smaller ones."""
    kind = _kind(broken)
    kept, size = list(history), max(1, len(history) // 2)
    while size and tries > 0:
        place, smaller = 0, False
        while place < len(kept) and tries > 0:
            tries -= 1
            attempt = kept[:place] + kept[place + size :]
            played = play(seed, attempt)
            if played.broken is not None and _kind(played.broken) == kind:
                kept, smaller = attempt, True
            else:
                place += size
        size = size // 2 if not smaller or size > 1 else size
        if size == 1 and not smaller:
            break
    return kept


def _kind(error: Exception) -> str:
    return str(getattr(error, "promise", type(error).__name__))


def keep(folder: Path, seed: int, history: Sequence[Action], broken: Exception) -> Path:
    """Write a history down."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_kind(broken).lower()}-{seed}.json"
    document = {"seed": seed, "broke": str(broken)[:500], "actions": list(history)}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> tuple[int, list[Action]]:
    """(seed, actions) of a history that was written down."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return int(document["seed"]), list(document["actions"])

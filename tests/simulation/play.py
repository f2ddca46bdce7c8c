"""Histories: made from a seed, played, kept as JSON, and made shorter while they still break a promise."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from . import deeds
from .laptop import DISK
from .routes import SPEECHES
from .setting import PEOPLE
from .way import FAULTS
from .world import Action, world

TRACES = Path(__file__).parent / "traces"
DAY = 24 * 3600


def actions(seed: int, length: int) -> list[Action]:
    """A random history."""
    dice = Random(f"history {seed}")
    made: list[Action] = [["begin"]] if dice.random() < 0.6 else []
    decks = Decks(dice)
    while len(made) < length:
        made += _some(dice, decks)
    return made[:length]


class Decks:
    """Faults, ways out and fields come as cards off a shuffled deck: in a long history each has its turn."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._decks: dict[tuple[str, ...], list[str]] = {}

    def draw(self, cards: Iterable[str]) -> str:
        kinds = tuple(cards)
        deck = self._decks.setdefault(kinds, [])
        if not deck:
            deck += self._dice.sample(kinds, len(kinds))
        return deck.pop()


def _some(dice: Random, decks: Decks) -> list[Action]:
    """The next action, or a few that belong together."""
    who, number = dice.choice(PEOPLE), dice.randrange(1 << 16)
    makers, weights = zip(*_choices(who, number, dice, decks), strict=True)
    made: Callable[[], list[Action]] = dice.choices(makers, weights)[0]
    return made()


def _choices(who: str, number: int, dice: Random, decks: Decks) -> list[tuple[Callable[[], list[Action]], int]]:
    """Every verb with its weight."""
    return [
        (lambda: [["act", who, deeds.pick(dice), number]], 40),
        (lambda: [["talk", who, dice.choice([1, 2, 3, 5, 30, 60])]], 36),
        (lambda: _contradict(dice, decks), 6),
        (lambda: [["tidy", who, dice.choice(["edit", "withdraw"]), number]], 4),
        (lambda: [["settle", who, decks.draw(deeds.WAYS_OUT), number]], 12),
        (lambda: [["fault", who, decks.draw(FAULTS), dice.randrange(3)]], 12),
        (lambda: [["disk", who, decks.draw(DISK), dice.randrange(6)]], 6),
        (lambda: [["line", who, dice.random() < 0.6]], 4),
        (lambda: [["wait", dice.choice([1, 5, 20, 70, 400, 3000])]], 8),
        (lambda: [["sleep", who, dice.choice([60, 900, DAY // 3])]], 2),
        (lambda: [["jump", who, dice.choice([-DAY, -3600, -60, 60, 3600, DAY])]], 3),
        (lambda: [["crash", who]], 3),
        (lambda: [["clone", who, dice.random() < 0.5]], 1),
        (lambda: [["backup", who]], 2),
        (lambda: [["put_back", who]], 2),
        (lambda: [["lose", who], ["talk", who, dice.choice([2, 5, 9])]], 2),
        (lambda: [["open_ticket", who, number]], 3),
        (lambda: [["later_act", who, number]], 1),
        (lambda: [["verify", who]], 2),
        (lambda: [["queues", who, number]], 3),
        (lambda: [["switch", who, dice.random() < 0.7]], 2),
        (lambda: [["restart"]], 1),
        (lambda: [["keep"]], 2),
        (lambda: [["roll_back"]], 1),
        (lambda: [["tick"]], 3),
        (lambda: [["cut"]], 2),
        (lambda: [["erase", number]], 2),
        (lambda: [["compact", dice.choice([0, 0, 100])]], 2),
        (lambda: [["sizes", who, dice.choice([1, 2, 7, 50, 500]), dice.choice([1, 2, 10, 100])]], 3),
        (lambda: [["speak", decks.draw([*SPEECHES, "ours", "ours"])]], 2),
        (lambda: [["sign_in", who]], 2),
    ]


def _contradict(dice: Random, decks: Decks) -> list[Action]:
    """The same field of the same ticket gets several values, unseen by each other: from two or three people while
    nobody or one of them holds it, or from its holder before and after the laptop is put back."""
    field, number = decks.draw([*deeds.CLASHES, "queue"]), 3 * dice.randrange(1 << 14)
    people, how = dice.sample(PEOPLE[:3], dice.choice([2, 2, 3])), decks.draw(["common", "held", "put_back"])
    first = people[0]
    begun = [["ready", first], ["act", first, "common" if how == "common" else "held", 0]]
    if how == "put_back":
        acts = [["clash", first, field, number], ["talk", first, 60], [how, first], ["clash", first, field, number + 1]]
        return [*begun, ["ready", first], ["backup", first], *acts, ["talk", first, 60]]
    acts = [["clash", name, field, number + place] for place, name in enumerate(people)]
    told = [["talk", name, 60] for name in dice.sample(people, len(people))]
    return [*begun, *(["ready", name] for name in people), *acts, *told]


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

"""What a measurement says: a figure with its spread, a ratio to another figure of the same run, and a gate on that.

Absolute times of a shared machine mean little; a ratio of medians whose runs were interleaved means much.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from time import perf_counter

RUNS = 9
"""Runs of each variant; an odd number, so that the median is one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the output. `gate` is the most that `ratio` may be; `ok` is None where nothing is gated."""

    name: str
    value: float | None
    unit: str
    ratio_to: str | None = None
    ratio: float | None = None
    gate: float | None = None
    ok: bool | None = None
    n: int = 1
    min: float | None = None
    median: float | None = None
    max: float | None = None
    note: str = ""

    def line(self) -> str:
        """The figure as one line of JSON."""
        return json.dumps({name: _short(value) for name, value in asdict(self).items()}, ensure_ascii=True)

    def words(self) -> str:
        """The figure for people."""
        value = "-" if self.value is None else f"{self.value:.4g}"
        ratio = "" if self.ratio is None else f"  {self.ratio:.2f} x {self.ratio_to}"
        gate = "" if self.gate is None else f" (gate {self.gate:g} x)"
        verdict = {True: "  ok", False: "  MISSED", None: ""}[self.ok]
        return f"{self.name:<34} {value:>10} {self.unit:<8}{ratio}{gate}{verdict}  {self.note}".rstrip()


def _short(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def of(name: str, values: Sequence[float], unit: str, note: str = "") -> Figure:
    """The median of `values`."""
    return Figure(
        name=name, value=median(values), unit=unit, n=len(values), min=min(values), median=median(values),
        max=max(values), note=note,
    )  # fmt: skip


def against(
    name: str,
    values: Sequence[float],
    base_name: str,
    base: Sequence[float],
    unit: str,
    gate: float | None = None,
    *,
    pick: Callable[[Sequence[float]], float] = median,
    note: str = "",
) -> Figure:
    """`pick` of `values` with its ratio to `pick` of `base`, both of this run."""
    value, ratio = pick(values), pick(values) / pick(base)
    return Figure(
        name=name, value=value, unit=unit, ratio_to=base_name, ratio=ratio, gate=gate,
        ok=None if gate is None else ratio <= gate, n=len(values), min=min(values), median=median(values),
        max=max(values), note=note,
    )  # fmt: skip


def fact(name: str, holds: bool, note: str = "") -> Figure:
    """Something that is so or isn't, in the same form: 1 or 0, ok or missed."""
    return Figure(name=name, value=float(holds), unit="holds", ok=holds, note=note)


def missing(name: str, why: str) -> Figure:
    """A figure that could not be taken."""
    return Figure(name=name, value=None, unit="", note=f"not measured: {why}")


def percentile(share: float) -> Callable[[Sequence[float]], float]:
    """The nearest-rank percentile, for `pick`."""

    def pick(values: Sequence[float]) -> float:
        return sorted(values)[max(0, ceil(share * len(values)) - 1)]

    return pick


def interleaved(variants: Mapping[str, Callable[[], float]], runs: int = RUNS) -> dict[str, list[float]]:
    """Each variant once, `runs` times over, after one round that does not count. Every other round goes backwards,
    so that what slowly changes on the machine falls on all alike."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    for measure in variants.values():
        measure()
    for turn in range(runs):
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(variants[name]())
    return found


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def summary(figures: Iterable[Figure]) -> int:
    """Every figure for people, on standard error; how many gates were missed."""
    figures = list(figures)
    missed = sum(figure.ok is False for figure in figures)
    print("\n".join(figure.words() for figure in figures), file=sys.stderr)
    gated = sum(figure.ok is not None for figure in figures)
    print(f"{gated - missed} of {gated} gates kept", file=sys.stderr)
    return missed

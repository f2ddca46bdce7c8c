"""How much each workload does: a smoke run, a run for every day, and the one that the targets speak of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`runs` of each timed step; seconds where it says so."""

    name: str
    runs: int
    bootstrap: tuple[int, ...]
    """W1: tickets, three rows each."""
    changed: int
    """W2: tickets that changed, two rows each."""
    ops: int
    """W3: ops that were made offline."""
    rounds: int
    """W4: rounds without news."""
    consoles: int
    """W5: persons who log in."""
    arrival: float
    """W5: seconds over which they come."""
    reconnects: int
    """W6: consoles that lost their central."""
    screens: int
    """W7: consoles that are open."""
    writes: int
    """W7: acts that are timed."""
    conflicts: int
    """W8: tickets that two people edited."""
    stored: int
    """W10: tickets of the large central, ten feed rows each."""


SIZES = {
    size.name: size
    for size in (
        Size(
            name="quick", runs=1, bootstrap=(60,), changed=40, ops=100, rounds=10, consoles=4, arrival=1.0,
            reconnects=6, screens=2, writes=6, conflicts=6, stored=2_000,
        ),
        Size(
            name="small", runs=3, bootstrap=(5_000,), changed=2_500, ops=2_000, rounds=100, consoles=30, arrival=18.0,
            reconnects=100, screens=10, writes=60, conflicts=100, stored=50_000,
        ),
        Size(
            name="full", runs=5, bootstrap=(10_000, 100_000), changed=5_000, ops=2_000, rounds=200, consoles=100,
            arrival=50.0, reconnects=300, screens=20, writes=200, conflicts=200, stored=1_000_000,
        ),
    )
}  # fmt: skip

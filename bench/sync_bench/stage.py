"""What the workloads share: the databases, the peer, one run's size, and figures of time per unit."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from msc_console import records
from msc_console.central.db import Central
from msc_console.central.passwords import TEST, Kdf
from msc_console.central.sql import rows
from msc_console.domain.model import Person

from ..figures import Figure, against, of
from ..office import LOGINS, Office, office, postgres
from .peer import Peer
from .sizes import Size

BARE = "a bare SQLite upsert"
POUCH = "PouchDB"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the workloads. `peer` is None where there is no PouchDB, `kinds` are the databases to be measured."""

    size: Size
    peer: Peer | None
    kinds: Sequence[str]

    @contextmanager
    def central(self, kind: str, logins: Sequence[str] = LOGINS, kdf: Kdf = TEST) -> Iterator[tuple[Office, Path]]:
        """A new central on that kind of database, and a folder; both gone after the block."""
        with ExitStack() as after:
            url = after.enter_context(postgres()) if kind == "PostgreSQL" else None
            folder = after.enter_context(TemporaryDirectory(prefix="msc-bench-", ignore_cleanup_errors=True))
            yield after.enter_context(office(url, logins, kdf)), Path(folder)


def per(
    name: str, values: Sequence[float], base: Sequence[float] | None, unit: str, *, to: str = POUCH,
    gate: float | None = None, note: str = "",
) -> Figure:  # fmt: skip
    """Time per unit, beside that of the other where there is one: less is better, and so is a small ratio."""
    return of(name, values, unit, note) if not base else against(name, values, to, base, unit, gate, note=note)


def none(name: str, count: int, note: str = "") -> Figure:
    """A count that has to be 0."""
    return Figure(name=name, value=float(count), unit="count", ok=count == 0, note=note)


def person(central: Central, login: str) -> Person:
    """Who that is."""
    with central.read() as conn:
        found = rows(conn, text("SELECT * FROM person WHERE login = :login"), login=login)
    return records.from_row(Person, found[0])

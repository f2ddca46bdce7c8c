"""What people leave unsent on a shared laptop: sealed to central at their sign-out, brought by whoever is here next.

A file holds a push (device and sealed acts) under age, to the recipient that central's signed pass names. Its name
tells when it was written, how many acts are in it, and a mark by which the same acts are not written twice; nothing
about whose they are. The acts stay in their author's outbox as well: acts have ids, so whichever copy comes second is
a duplicate, and the spool may lose a file, keep one too long or bring one twice.
"""

import base64
import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .. import clock, escrow
from ..config import Home, private_folder
from ..errors import MscError
from ..identity import files
from ..store import sealing, settings
from ..sync.faults import Declined
from . import offline
from .seat import INCARNATION, Seat

if TYPE_CHECKING:
    from ..sync.wire import SpoolReply

log = logging.getLogger("msc.desk")

FOLDER, ASIDE = "spool", "aside"
FILE_ACTS, FILE_BYTES = 100, 256 * 1024
"""Most acts of a file, and bytes of them: a push."""
SEALED_BYTES = 300 * 1024
"""Most bytes of a file; a larger one is none of ours."""
MOST_FILES = 500
LONGEST = timedelta(days=30)
"""An older file is set aside unsent: its author has long been back, or the laptop has stood in a cupboard."""
LEFTOVER = timedelta(hours=1)
"""A half-written file of that age was left by a program that was killed."""
UNSENDABLE = frozenset({400, 413})
SECONDS = 5.0
"""Longest that central is waited for with one file."""

_NAME = re.compile(r"(\d{15})-(\d{3})-(\d{1,3})-([0-9a-f]{16})\.age")


class Way(Protocol):
    """Central, as `sync.transport.HttpTransport`."""

    def bring(self, sealed: str, timeout: float | None = None, /) -> "SpoolReply": ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in the spool: files, the acts in them, files that were set aside."""

    files: int
    acts: int
    aside: int


def of(desk: Seat) -> Home:
    """The laptop at which a desk stands."""
    return Home(desk.home.folder.parent.parent)


def folder(home: Home) -> Path:
    """Where the files lie."""
    return home.laptop / FOLDER


def waiting(home: Home) -> Waiting:
    """What lies there now, by the names alone."""
    found = [int(name[3]) for name in _names(folder(home))]
    return Waiting(len(found), sum(found), sum(1 for _ in _names(folder(home) / ASIDE, strict=False)))


def _names(place: Path, *, strict: bool = True) -> Iterator[re.Match[str]]:
    """The names of the files in `place`, the oldest first; without `strict` whatever they are called."""
    with suppress(FileNotFoundError):
        for path in sorted(place.iterdir()):
            name = _NAME.fullmatch(path.name) or (None if strict else re.fullmatch(r"[^.].*", path.name))
            if name is not None and not path.is_dir():
                yield name


def write(desk: Seat, now: datetime) -> int:
    """Seal what central has not answered into the spool. How many acts lie there because of that, or already did; 0
    where central named no key (one of an older version) or the spool is full."""
    given = offline.kept_or_none(desk.cache)
    if given is None or not escrow.is_recipient(given.spool):
        return 0
    home, device = of(desk), desk.unlocked.device
    with desk.cache.read() as conn:
        acts = sealing.sealed_unanswered(conn, device, settings.get(conn, INCARNATION) or "")
    marks = {name[4] for name in _names(folder(home))}
    room, done = MOST_FILES - len(marks), 0
    for n, batch in enumerate(_batches(acts)):
        mark = hashlib.sha256("".join(act["op"] for act in batch).encode()).hexdigest()[:16]
        if mark not in marks:
            if n >= min(room, 1000):
                break
            content = escrow.seal_to(given.spool, {"device": device, "ops": list(batch)})
            name = f"{clock.to_ms(now):015d}-{n:03d}-{len(batch)}-{mark}.age"
            files.write_private(folder(home) / name, content)
        done += len(batch)
    return done


def _batches(acts: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    import msgspec

    batch: list[dict[str, Any]] = []
    size = 0
    for act in acts:
        more = len(msgspec.json.encode(act))
        if batch and (len(batch) == FILE_ACTS or size + more > FILE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(act)
        size += more
    if batch:
        yield batch


def bring(home: Home, way: Way, now: datetime) -> int:
    """Hand the files on, the oldest first; how many acts central took. Ends at the first trouble: the rest stays for
    the next time. What central can't read, and what is too old or too large, is set aside."""
    place, taken = folder(home), 0
    _tidy(place, now)
    for name in list(_names(place)):
        path = place / name[0]
        try:
            if now - clock.from_ms(int(name[1])) > LONGEST or path.stat().st_size > SEALED_BYTES:
                _set_aside(path)
                continue
            sealed = base64.b64encode(path.read_bytes()).decode("ascii")
            taken += way.bring(sealed, SECONDS).count
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process has just brought it
        except Declined as refused:
            if refused.problem.status not in UNSENDABLE:
                break
            _set_aside(path)
        except (MscError, OSError) as error:
            log.warning("the spool stays: %s", type(error).__name__)
            break
    return taken


def _set_aside(path: Path) -> None:
    log.error("a file of the spool was set aside")
    with suppress(OSError):
        path.replace(private_folder(path.parent / ASIDE) / path.name)


def _tidy(place: Path, now: datetime) -> None:
    """Half-written files of killed programs go."""
    with suppress(OSError):
        for path in place.glob(".*"):
            if clock.to_ms(now - LEFTOVER) > path.stat().st_mtime * 1000:
                path.unlink(missing_ok=True)

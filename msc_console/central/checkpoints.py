"""Hourly checkpoints of the audit trail, signed and kept where whoever can write the database can't: in a file, by a
command, on another host. Also when nothing happened, so that silence shows.

The key is Ed25519, derived from the master key, which lies in no database and no backup.
"""

import logging
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from .. import clock, seal, trail
from ..errors import MscError, UsageError
from . import audit, outgoing
from .db import Central
from .masterkey import MasterKey

log = logging.getLogger("msc.central")

EVERY = timedelta(hours=1)
RETRY = timedelta(minutes=5)
"""Wait before a checkpoint that could not be delivered is tried again."""
COMMAND_SECONDS = 30
KIND = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Anchors:
    """Where checkpoints go; each that is named gets all of them."""

    file: Path | None = None
    """They are added to its end."""
    command: tuple[str, ...] = ()
    """Started without a shell; the checkpoint is its standard input."""
    url: str | None = None
    """Gets a POST of each."""
    ca: Path | None = None
    """The CA that the other host is believed under."""

    def check(self) -> None:
        """UsageError for a place that can't be one."""
        if self.url is not None:
            outgoing.check(self.url, self.ca)
        if self.file is not None and not self.file.parent.is_dir():
            raise UsageError("checkpoint_folder", path=str(self.file))

    def last(self) -> str:
        """The digest of the newest checkpoint in the file, empty when there is none."""
        found = trail.notes(self.file.read_text("utf-8")) if self.file is not None and self.file.exists() else []
        return trail.digest(found[-1]) if found else ""

    def keep(self, note: str) -> None:
        """Delivers a checkpoint everywhere. What fails is tried to its end everywhere, then raised (OSError, MscError,
        subprocess.SubprocessError)."""
        ways: list[Callable[[str], None]] = []
        if self.file is not None:
            ways.append(self._append)
        if self.command:
            ways.append(self._start)
        if self.url is not None:
            ways.append(self._post)
        errors = []
        for way in ways:
            try:
                way(note)
            except (OSError, MscError, subprocess.SubprocessError) as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _append(self, note: str) -> None:
        assert self.file is not None
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        handle = os.open(self.file, flags, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(note.encode())
            file.flush()
            os.fsync(file.fileno())

    def _start(self, note: str) -> None:
        subprocess.run(
            self.command, input=note.encode(), timeout=COMMAND_SECONDS, check=True, stdout=subprocess.DEVNULL
        )

    def _post(self, note: str) -> None:
        assert self.url is not None
        assert self.ca is not None
        outgoing.post(self.url, note.encode(), KIND, self.ca)


NOWHERE = Anchors()


def beside(key_file: Path) -> Anchors:
    """A file next to the master key: apart from the database, though on the same machine."""
    return Anchors(file=key_file.with_name(key_file.name + ".checkpoints"))


def private_key(key: MasterKey) -> bytes:
    """What checkpoints are signed with."""
    return key.derive("audit-checkpoint")


def verifier_key(central: Central, key: MasterKey) -> str:
    """What auditors are given to check signatures."""
    return trail.verifier_key(_name(central), seal.public_key(private_key(key)))


def _name(central: Central) -> str:
    with central.read() as conn:
        return trail.key_name(str(conn.execute(text("SELECT value FROM meta WHERE key = 'site_id'")).scalar_one()))


def make(central: Central, key: MasterKey, now: datetime, prev: str) -> str:
    """A checkpoint of the trail as it is; `prev` is the digest of the one before."""
    with central.read() as conn:
        size, root = audit.head(conn)
    return trail.checkpoint(_name(central), private_key(key), size, root, clock.iso(now), prev)


@dataclass
class Keeper:
    """Makes and delivers a checkpoint when one is due; `step` belongs to one thread."""

    anchors: Anchors
    key: MasterKey
    _due: datetime | None = field(default=None, init=False)
    _prev: str | None = field(default=None, init=False)

    def step(self, central: Central, now: datetime) -> None:
        """At the start and every hour. A delivery that fails is logged, and tried anew a little later."""
        if self.anchors == NOWHERE or (self._due is not None and now < self._due):
            return
        self._due = now + RETRY
        try:
            if self._prev is None:
                self._prev = self.anchors.last()
            note = make(central, self.key, now, self._prev)
            self.anchors.keep(note)
        except (OSError, MscError, subprocess.SubprocessError) as error:
            log.error("checkpoint not delivered", extra={"error": type(error).__name__})
            return
        self._prev, self._due = trail.digest(note), now + EVERY


def verify(central: Central, checkpoints: str, key: str) -> trail.Check:
    """Goes through the whole trail, and compares it with `checkpoints` signed under the verifier key `key`.

    UsageError `verifier_key_wrong`.
    """
    check = checker(checkpoints, key)
    with central.read() as conn:
        check.take(audit.every(conn))
    check.done()
    return check


def checker(checkpoints: str, key: str) -> trail.Check:
    """A check against these checkpoints, none without any. UsageError `verifier_key_wrong`."""
    if not checkpoints:
        return trail.Check()
    try:
        return trail.Check.against(checkpoints, *trail.read_verifier_key(key))
    except ValueError:
        raise UsageError("verifier_key_wrong") from None

"""Where the demo lies and what is kept of it: `$MSC_DEMO`, else `msc-console-demo` in the platform's place for data.

    demo.json            0600: when it was made, central's port, everybody's way in
    central/             central.db with its key, its log, `serving` (locked by the central that runs)
    sent/<channel>/      Maildirs: what went out to customers
    laptops/<login>/     one MSC_HOME for each person: two people are two laptops
    consoles/            a locked file for each open console

Never the person's own `MSC_HOME`: the demo may be thrown away at any time.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from .. import clock
from ..config import Home, private_folder
from ..errors import MscError, NotFound
from ..identity.files import write_private

VARIABLE = "MSC_DEMO"
STALE = timedelta(hours=12)
"""After a shift every deadline of the story has passed: a new one is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """How a person of the demo signs in. `secret` is the base32 seed of their authenticator."""

    login: str
    password: str
    secret: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What `demo.json` holds. Its presence says that the demo is whole: it is written last."""

    made_at: str
    port: int
    people: tuple[WayIn, ...]

    def way(self, login: str) -> WayIn:
        """NotFound `person_unknown`."""
        for way in self.people:
            if way.login == login:
                return way
        raise NotFound("person_unknown", login=login)

    def stale(self, now: datetime) -> bool:
        """Whether the story is so old that nothing in it is due any more."""
        return now - clock.parse(self.made_at) > STALE


@dataclass(frozen=True, slots=True)
class Demo:
    """The paths of the demo."""

    folder: Path

    @classmethod
    def locate(cls, env: Mapping[str, str] = os.environ) -> "Demo":
        """Where the demo is, or would be. Creates nothing."""
        if chosen := env.get(VARIABLE):
            return cls(Path(chosen).expanduser().absolute())
        from platformdirs import user_data_path

        return cls(user_data_path("msc-console-demo", appauthor=False))

    @property
    def central(self) -> Path:
        return self.folder / "central"

    @property
    def database(self) -> str:
        """Address of central's database."""
        return f"sqlite:///{self.central / 'central.db'}"

    @property
    def serving(self) -> Path:
        """Locked by the central that runs; holds its process id."""
        return self.central / "serving"

    @property
    def log(self) -> Path:
        return self.central / "central.log"

    @property
    def cut(self) -> Path:
        """There while central was stopped on purpose, so that nobody's console starts it again."""
        return self.central / "cut"

    @property
    def sent(self) -> Path:
        return self.folder / "sent"

    @property
    def consoles(self) -> Path:
        return self.folder / "consoles"

    @property
    def making(self) -> Path:
        """Locked while the demo is made or thrown away."""
        return self.folder / "making"

    def laptop(self, login: str) -> Home:
        """The laptop of a person."""
        return Home(self.folder / "laptops" / login)

    def make(self) -> "Demo":
        """Create the folder, for its owner alone."""
        private_folder(self.folder)
        return self

    @property
    def _record(self) -> Path:
        return self.folder / "demo.json"

    def load(self) -> Record | None:
        """What was made here; None when nothing was, or not to the end. MscError `demo_damaged`."""
        try:
            held = json.loads(self._record.read_bytes())
            people = tuple(WayIn(**way) for way in held["people"])
            record = Record(made_at=held["made_at"], port=int(held["port"]), people=people)
            clock.parse(record.made_at)
            return record
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise MscError("demo_damaged", path=str(self._record)) from error

    def save(self, record: Record) -> None:
        """Keep `record`, for this user alone."""
        write_private(self._record, json.dumps(asdict(record), indent=1).encode("ascii"))

    def move(self, record: Record, port: int) -> Record:
        """Keep that central answers at another port from now on."""
        moved = replace(record, port=port)
        self.save(moved)
        return moved

    def clear(self) -> None:
        """Delete what the demo has made, and nothing else that may lie in the folder."""
        self._record.unlink(missing_ok=True)  # first: what is left after a crash counts as never made
        for part in (self.central, self.sent, self.consoles, self.folder / "laptops"):
            shutil.rmtree(part, ignore_errors=True)


def address(port: int) -> str:
    """Where the demo's central answers."""
    return f"http://127.0.0.1:{port}"

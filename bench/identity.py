"""Opening the keys: unlocking without central with and without a keyring, and the laptop's share of a sign-in.

Figures are wall time at production cost (argon2id), with the load of the machine and the CPU seconds of all lanes
beside them: the targets, 0.6 s with a keyring, 1.5 s with the password alone, 1 s of a sign-in besides the typing, are
for a laptop at rest.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

from msc_console import clock
from msc_console.config import PersonHome
from msc_console.identity.custody import Custody
from msc_console.identity.os_keyring import OsKeyring
from msc_console.identity.vault import Secrets

from .figures import Figure, against, interleaved, of, seconds

LOGIN, PASSWORD = "rina", "kata sandi untuk bench"
RUNS = 5
LIMITS = {"unlock, keyring": 0.6, "unlock, password alone": 1.5}
"""Seconds, on a laptop at rest."""


class _Memory:
    """A keyring of this process: the figure is that of the keys, not of a desktop."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get_password(self, service: str, _username: str, /) -> str | None:
        return self.kept.get(service)

    def set_password(self, service: str, _username: str, password: str, /) -> None:
        self.kept[service] = password

    def delete_password(self, service: str, _username: str, /) -> None:
        del self.kept[service]


def measure() -> Iterator[Figure]:
    """Both modes in turn, and a vault written anew (a changed password, a sign-in on a known laptop)."""
    os.environ.pop("MSC_KDF", None)
    backend = _Memory()
    secret = Secrets(bytes(32), bytes(32), "device", "K7Q", "person")
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for mode, name in (("keyring", "unlock, keyring"), ("password", "unlock, password alone")):
            people = PersonHome(Path(folder) / mode).make()
            keys = Custody(people, LOGIN, keyring=OsKeyring(people.folder, LOGIN, lambda: backend))
            keys.make(PASSWORD, secret, clock.now(), mode)
            made[name] = keys
        works: dict[str, Callable[[], object]] = {name: partial(keys.open, PASSWORD) for name, keys in made.items()}
        works["sign-in, the laptop's share"] = partial(made["unlock, keyring"].rewrap, PASSWORD, PASSWORD)
        spent: dict[str, list[float]] = {name: [] for name in works}
        found = interleaved({name: partial(_timed, work, spent[name]) for name, work in works.items()}, RUNS)
    base = found.pop("unlock, keyring")
    yield of("unlock, keyring", base, "s", _note("unlock, keyring", spent))
    for name, values in found.items():
        yield against(name, values, "unlock, keyring", base, "s", note=_note(name, spent))


def _timed(work: Callable[[], object], spent: list[float]) -> float:
    """How long `work` takes; the CPU seconds go to `spent`."""
    begun = process_time()
    took = seconds(work)
    spent.append(process_time() - begun)
    return took


def _note(name: str, spent: Mapping[str, Sequence[float]]) -> str:
    cpu, limit = median(spent[name]), LIMITS.get(name, 1.0)
    return f"CPU {cpu:.2f} s; load {os.getloadavg()[0]:.1f}; target {limit} s at rest"

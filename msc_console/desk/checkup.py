"""`msc doctor` on a laptop. Needs no session: a laptop that nobody can sign in on is the one to look at."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from .. import checkup, clock
from ..checkup import Check, State
from ..config import Home, KeyringPolicy, PersonHome, Settings
from ..errors import MscError
from ..identity.custody import permitted
from ..identity.errors import KeyringUnavailable
from ..identity.os_keyring import OsKeyring
from ..identity.vault import MODE_PASSWORD, mode_of
from ..store import opening
from ..sync.lines import trust
from .conversing import NoTokens, transport

SKEW = timedelta(seconds=60)
"""From here on a clock is complained about: one-time codes are good for a minute and a half."""
SECONDS = 5.0


def laptop(home: Home, chosen: Settings, login: str) -> Iterator[Check]:
    """Every check in order, each as soon as it is done. `login`: whose item of the keyring is looked for."""
    yield checkup.program()
    yield checkup.parts()
    yield checkup.inside("cipher", "sqlcipher3", opening.versions())
    yield checkup.private(_kept(home))
    yield _keyring(home, chosen, login)
    yield _ca(chosen)
    yield from _central(chosen)
    yield checkup.disk(next(path for path in (home.folder, *home.folder.parents) if path.exists()))


def _kept(home: Home) -> Iterator[Path]:
    """Every file and folder of a home."""
    if home.folder.exists():
        yield home.folder
        yield from home.folder.rglob("*")


def _keyring(home: Home, chosen: Settings, login: str) -> Check:
    """Whether the keyring answers. Without it a vault that the password alone opens still does."""
    people = home.person(login) if login else PersonHome(home.folder)
    policy = permitted(chosen.keyring, "")
    try:
        OsKeyring(people.folder, login).read()
    except KeyringUnavailable as away:
        alone = policy is KeyringPolicy.OPTIONAL or mode_of(people.vault) == MODE_PASSWORD
        return Check("keyring", State.WARN if alone else State.FAIL, str(policy), away.key)
    return Check("keyring", State.OK, str(policy))


def _ca(chosen: Settings) -> Check:
    """The CA that ends first; a laptop that talks to its own machine alone needs none."""
    needed = (chosen.central or "").startswith("https")
    try:
        held = trust(chosen.ca_file).get_ca_certs()
        ends = min(ssl.cert_time_to_seconds(str(one["notAfter"])) for one in held)
    except (MscError, ValueError):
        state = State.FAIL if needed else State.OK
        return Check("ca", state, str(chosen.ca_file) if needed else "-", "ca_unusable" if needed else "")
    return checkup.certificate("ca", chosen.ca_file, clock.from_ms(ends * 1000), clock.now())


def _central(chosen: Settings) -> Iterator[Check]:
    """Whether central answers, and how far the clock here is from its own."""
    try:
        way = transport(chosen, NoTokens())
    except MscError as unset:
        yield Check("central", State.WARN, "", unset.key, unset.data)
        return
    try:
        before = clock.now()
        theirs = clock.parse(way.hello(SECONDS).server_time)
        after = clock.now()
    except (MscError, ValueError) as away:
        key = away.key if isinstance(away, MscError) else "not_ours"
        yield Check("central", State.WARN, chosen.central or "", key)
        return
    finally:
        way.close()
    yield Check("central", State.OK, chosen.central or "")
    offset = (before + (after - before) / 2 - theirs).total_seconds()
    far = abs(offset) >= SKEW.total_seconds()
    yield Check("clock", State.WARN if far else State.OK, f"{offset:+.1f} s", "clock_far" if far else "")

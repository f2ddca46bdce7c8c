"""The keys of this laptop while they are kept: another mode, another password, another key of the cache, recovery."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from .. import clock, config
from ..config import Home, PersonHome
from ..errors import NotAllowed, UsageError
from ..identity import recovery, vault
from ..identity.custody import Custody, permitted
from ..identity.launch import start_session
from ..identity.offline_pass import Pass
from ..identity.vault import MODE_PASSWORD, Secrets
from ..locking import held
from ..store import opening as store
from ..store.failures import CacheError
from ..store.opening import Cache
from . import offline
from .seat import Seat


@dataclass(frozen=True, slots=True)
class Standing:
    """How the keys of this laptop are kept; `given` is the pass, None without one; `recoverable`: unsent work would
    outlive the loss of password or keyring."""

    mode: str
    given: Pass | None
    until: datetime | None
    recoverable: bool


def standing(home: Home, login: str, cache: Cache) -> Standing:
    """What `msc vault status` says, from the cache of an open desk."""
    people = home.person(login)
    given = offline.kept_or_none(cache)
    mode = vault.mode_of(people.vault) or ""
    sealed = recovery.sealed_to(people)
    recoverable = given is not None and sealed is not None and sealed.get("recipient") == given.recovery
    return Standing(mode, given, given.ends(mode) if given else None, recoverable)


def settle(people: PersonHome, keys: Custody, password: str, secret: Secrets) -> Secrets:
    """`secret` with the one key that opens the cache. A change of that key that was cut off leaves both in the vault;
    the one that opens nothing is dropped. Where neither opens, both stay and CacheError says why."""
    if not secret.former_key:
        return secret
    found = next((key for key in (secret.data_key, secret.former_key) if _opens(people.cache, key)), None)
    if found is None:
        raise CacheError("cache_key", path=str(people.cache))
    settled = replace(secret, data_key=found, former_key=b"")
    keys.rewrap(password, password, settled)
    return settled


def _opens(path: Path, key: bytes) -> bool:
    if not path.exists():
        return True
    try:
        store.connect(path, key).close()
    except CacheError as error:
        if error.key != "cache_key":
            raise
        return False
    return True


def change_key(home: Home, login: str, password: str, keys: Custody | None = None) -> None:
    """Give the cache another key. Both keys are in the vault before the cache is touched, and the old one goes after
    it: killed at any moment, the next unlocking finds the one that opens. Nobody may have the cache open meanwhile:
    the session ends, and NotAllowed `vault_in_use` while a console or a sync is at work."""
    from .opening import end_session

    people = home.person(login)
    keys = keys or Custody(people, login)
    with _nobody_else(people):
        secret = settle(people, keys, password, keys.open(password))
        end_session(home, login)
        given = _pass(people, secret)
        recipient = given.recovery if given else ""
        changing = replace(secret, data_key=vault.new_data_key(), former_key=secret.data_key)
        keys.rewrap(password, password, changing)
        recovery.seal(people, login, changing, recipient, clock.now())
        try:
            store.change_key(people.cache, secret.data_key, changing.data_key)
        finally:
            settled = settle(people, keys, password, changing)
            recovery.seal(people, login, settled, recipient, clock.now())


@contextmanager
def _nobody_else(people: PersonHome) -> Iterator[None]:
    with ExitStack() as stack:
        for name in ("sync.lock", "console.lock"):
            if not stack.enter_context(held(people.folder / name, "vault")):
                raise NotAllowed("vault_in_use")
        yield


def _pass(people: PersonHome, secret: Secrets) -> Pass | None:
    cache = Cache.open(people.cache, secret.data_key)
    try:
        return offline.kept_or_none(cache)
    finally:
        cache.close()


def prove(desk: Seat, password: str) -> None:
    """That the password is the one of this laptop. Raises what `Custody.open` raises."""
    Custody(desk.home, desk.unlocked.login).open(password)


def change_password(desk: Seat, old: str, new: str, keys: Custody | None = None) -> None:
    """A new password at central and for this laptop's vault. Central's word comes first: cut off after it, the vault
    opens with the old one, which the next sign-in asks for. Raises what `Custody.open` raises and what central does."""
    from ..sync.wire import PasswordChange
    from .accounts import line

    keys = keys or Custody(desk.home, desk.unlocked.login)
    keys.open(old)
    with line(desk) as way:
        way.change_password(PasswordChange(old, new))
    keys.rewrap(old, new)


def to_keyring(home: Home, login: str, password: str, keys: Custody | None = None) -> None:
    """From the password alone to password and keyring. Raises as `Custody.to_keyring`."""
    (keys or Custody(home.person(login), login)).to_keyring(password)


def to_password(home: Home, login: str, password: str, keys: Custody | None = None) -> None:
    """From password and keyring to the password alone, where laptop and central permit it. The pass is worth half from
    now on, and so is a session that is unlocked. Raises as `Custody.to_password`."""
    from .opening import end_session, session_until

    people = home.person(login)
    keys = keys or Custody(people, login)
    secret = settle(people, keys, password, keys.open(password))
    given = _pass(people, secret)
    central = given.keyring if given else ""
    keys.to_password(password, permitted(config.load(home).keyring, central))
    if end_session(home, login):
        cache = Cache.open(people.cache, secret.data_key)
        try:
            until = session_until(cache, MODE_PASSWORD)
        finally:
            cache.close()
        start_session(home, login, secret, until).close()


def ask_recovery(home: Home, login: str, file: Path) -> None:
    """Write this laptop's request to the holders of the recovery key into a new file."""
    content = recovery.ask(home.person(login), login)
    try:
        with file.open("xb") as out:
            out.write(content)
    except FileExistsError:
        raise UsageError("file_exists", path=str(file)) from None


def recovered(home: Home, login: str, file: Path) -> recovery.Recovered:
    """The cache's key in the holders' answer; proven against the cache. UsageError, or CacheError `cache_key`."""
    people = home.person(login)
    try:
        answer = file.read_bytes()
    except OSError as error:
        raise UsageError("file_unreadable", path=str(file), detail=error.strerror or "") from None
    found = recovery.answered(people, login, answer)
    if not any(_opens(people.cache, key) for key in (found.data_key, found.former_key) if key):
        raise CacheError("cache_key", path=str(people.cache))
    return found

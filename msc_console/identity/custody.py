"""Who may try to open a vault, how often, and where its halves lie: the vault file and the system's keyring.

Five wrong passwords are free; from then on each brings a wait, 30 s and twice as long each time; the tenth deletes the
keyring's secret, and the vault stays closed for good (NIST SP 800-63B asks for a limit of this kind on secrets that are
judged locally). A try is counted before it is judged, so killing the program in the middle gains nothing. Unsent work
survives under the organisation's recovery key (`recovery`).

Without a keyring the count lies in a file that a copy of the folder sets back, and there is no secret to delete: the
waits go on, a quarter of an hour at most, and the strength is argon2id's.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from .. import clock
from ..config import KeyringPolicy, PersonHome
from ..errors import NotAllowed
from ..locking import held
from . import files, vault
from .errors import KeyringRequired, KeyringUnavailable, VaultLocked, WrongPassword
from .kdf import KdfPolicy
from .os_keyring import Item, OsKeyring
from .vault import MODE_KEYRING, MODE_PASSWORD, Secrets

T = TypeVar("T")

FREE_TRIES = 5
MOST_TRIES = 10
FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 15 * 60_000
TRIES_NAME = "tries"
LOCK_NAME = "vault.lock"


def wait_after(tries: int) -> int:
    """Milliseconds of wait that the `tries`-th wrong password in a row brings."""
    if tries < FREE_TRIES:
        return 0
    return min(FIRST_WAIT_MS << min(tries - FREE_TRIES, 16), LONGEST_WAIT_MS)


def permitted(laptop: KeyringPolicy | None, central: str) -> KeyringPolicy:
    """The policy in force: whoever asks for the keyring gets it; who says nothing leaves it to the other; required
    when neither has a word."""
    words = {word for word in (laptop, central) if word}
    if KeyringPolicy.REQUIRED in words or not words:
        return KeyringPolicy.REQUIRED
    return KeyringPolicy.OPTIONAL


@dataclass(frozen=True, slots=True)
class _Count:
    """Wrong passwords in a row, and no try before `until` (ms since the epoch)."""

    tries: int = 0
    until: int = 0


class Custody:
    """The keys of `login` on this laptop. `people` is the person's folder; `home` names the keyring's item.

    Methods that open the vault raise what `vault.open_vault` raises, and KeyringUnavailable, VaultLocked,
    NotAllowed `too_many_tries` (`retry_after`: seconds), NotAllowed `vault_busy` (another program is opening it).
    """

    def __init__(
        self, people: PersonHome, login: str, policy: KdfPolicy | None = None, keyring: OsKeyring | None = None
    ) -> None:
        self.path = people.vault
        self.login = login
        self.keyring = keyring or OsKeyring(people.folder, login)
        self._policy = policy
        self._tries = people.folder / TRIES_NAME
        self._lock = people.folder / LOCK_NAME

    @property
    def mode(self) -> str | None:
        """`keyring` or `password`; None without a readable vault."""
        return vault.mode_of(self.path)

    def mode_for_new(self, word: KeyringPolicy) -> str:
        """The mode that a vault made now would have: `keyring` wherever a keyring can be used. KeyringUnavailable where
        none can and `word` asks for one."""
        try:
            self.keyring.read()
        except KeyringUnavailable:
            if word is KeyringPolicy.REQUIRED:
                raise
            return MODE_PASSWORD
        return MODE_KEYRING

    def make(self, password: str, secret: Secrets, now: datetime, mode: str) -> None:
        """A new vault of `mode`, replacing any there."""
        item = self.keyring.write(Item.new()) if mode == MODE_KEYRING else None
        vault.create_vault(self.path, self.login, password, secret, now, self._policy, item.secret if item else b"")
        self._tries.unlink(missing_ok=True)

    def open(self, password: str, now: datetime | None = None) -> Secrets:
        """The secrets, if the password is right; a wrong one is counted."""
        return self._judged(now, lambda half: vault.open_vault(self.path, self.login, password, self._policy, half))

    def rewrap(self, old: str, new: str, secret: Secrets | None = None, now: datetime | None = None) -> Secrets:
        """The vault under the password `new`, with what it held or with `secret`, in its mode."""
        return self._judged(now, lambda half: vault.rewrap(self.path, self.login, old, new, secret, self._policy, half))

    def to_keyring(self, password: str, now: datetime | None = None) -> None:
        """From the password alone to password and keyring. The new half is proven in the keyring before the vault
        needs it; nothing when the keyring is needed already."""
        if vault.check_vault(self.path, self.login, self._policy) == MODE_KEYRING:
            return
        self.open(password, now)  # a wrong password must not replace what may lie in the keyring
        half = self.keyring.write(Item.new()).secret
        self._rewrapped(password, b"", half)
        self._tries.unlink(missing_ok=True)

    def to_password(self, password: str, word: KeyringPolicy, now: datetime | None = None) -> None:
        """From password and keyring to the password alone, where policy permits it. KeyringRequired where not."""
        if word is KeyringPolicy.REQUIRED:
            raise KeyringRequired
        if vault.check_vault(self.path, self.login, self._policy) == MODE_PASSWORD:
            return
        self.open(password, now)
        item = self.keyring.read()
        if item is None:
            raise VaultLocked
        self._rewrapped(password, item.secret, b"")
        with suppress(KeyringUnavailable):  # nothing needs it any more
            self.keyring.delete()

    def forget(self) -> None:
        """Delete the keyring's half, where there is one: the vault opens never again."""
        if self.mode == MODE_KEYRING:
            self.keyring.delete()

    def highest(self) -> int:
        """The highest counter of an offline pass that the keyring remembers; 0 where it isn't asked."""
        if self.mode != MODE_KEYRING:
            return 0
        item = self.keyring.read()
        return item.highest if item is not None else 0

    def remember(self, counter: int, *, anew: bool = False) -> None:
        """Remember that a pass of this counter was seen, where a keyring can; `anew` after a sign-in at central, whose
        count begins again when it was restored."""
        if self.mode == MODE_KEYRING:
            self.keyring.remember(counter, anew=anew)

    def _rewrapped(self, password: str, half: bytes, new_half: bytes) -> None:
        vault.rewrap(self.path, self.login, password, password, None, self._policy, half, new_keyring_secret=new_half)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with held(self._lock, "vault") as mine:
            if not mine:
                raise NotAllowed("vault_busy")
            yield

    def _judged(self, now: datetime | None, opening: Callable[[bytes], T]) -> T:
        """`opening` with the keyring's half, as one try. The outcome of whatever isn't a guess isn't counted."""
        mode = vault.check_vault(self.path, self.login, self._policy)
        at = clock.to_ms(now or clock.now())
        with self._alone():
            item = self.keyring.read() if mode == MODE_KEYRING else None
            if mode == MODE_KEYRING and item is None:
                raise VaultLocked
            count = _Count(item.tries, item.until) if item else self._counted()
            # A wait that seems longer than any we give is one from before the clock was set back.
            if at < count.until <= at + LONGEST_WAIT_MS:
                raise NotAllowed("too_many_tries", retry_after=max(1, -((at - count.until) // 1000)))
            tries = count.tries + 1
            self._count(item, _Count(tries, at + wait_after(tries)))
            try:
                found = opening(item.secret if item else b"")
            except WrongPassword:
                if item is None:
                    raise
                if tries >= MOST_TRIES:
                    self.keyring.delete()
                    raise VaultLocked from None
                raise WrongPassword(MOST_TRIES - tries) from None
            except BaseException:
                self._count(item, count)
                raise
            self._count(item, _Count())
            return found

    def _count(self, item: Item | None, count: _Count) -> None:
        if item is not None:
            self.keyring.write(replace(item, tries=count.tries, until=count.until))
        elif count == _Count():
            self._tries.unlink(missing_ok=True)
        else:
            files.write_private(self._tries, json.dumps([count.tries, count.until]).encode("ascii"))

    def _counted(self) -> _Count:
        try:
            tries, until = json.loads(self._tries.read_bytes())
            return _Count(int(tries), int(until))
        except (OSError, ValueError, TypeError):
            return _Count()

"""The system's keyring: one short item of a person and home, which the vault needs besides the password.

The back ends are named here and made here. The library's own choice is never asked: it follows environment variables
and a file that anybody's shell may set, up to a back end that forgets everything or writes plain text. A desktop's
prompt can hold a call for ever, so each runs in a thread of its own with a limit (gh's is 3 s, too). What it is worth:
it ties a vault to this person's login at the system. It does not stop another program of the same person.
"""

import base64
import binascii
import hashlib
import os
import queue
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from .errors import KeyringUnavailable

T = TypeVar("T")

SECONDS = 3.0
"""Longest that a call of the keyring may take."""
SECRET_BYTES = 32
SERVICE = "msc-console"


@dataclass(frozen=True, slots=True)
class Item:
    """What lies in the keyring: about 70 characters, far under Windows' 1280.

    `tries`: wrong passwords since the last right one; `until`: no try before (ms since the epoch); `highest`: the
    highest counter of an offline pass seen. They lie here because a copy of the folder would set them back.
    """

    secret: bytes = field(repr=False)
    tries: int = 0
    until: int = 0
    highest: int = 0

    @classmethod
    def new(cls) -> "Item":
        """A fresh secret, nothing counted."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    def text(self) -> str:
        """As it is kept: the secret as 43 URL-safe characters, then the three numbers."""
        secret = base64.urlsafe_b64encode(self.secret).rstrip(b"=").decode("ascii")
        return f"{secret}.{self.tries}.{self.until}.{self.highest}"

    @classmethod
    def parse(cls, text: str) -> "Item":
        """The item of `text`. KeyringUnavailable `foreign` when another program wrote it."""
        try:
            secret, *numbers = text.split(".")
            raw = base64.b64decode(secret + "=", altchars=b"-_", validate=True)
            tries, until, highest = (int(number) for number in numbers)
        except (ValueError, binascii.Error):
            raise KeyringUnavailable("foreign") from None
        if len(raw) != SECRET_BYTES or min(tries, until, highest) < 0:
            raise KeyringUnavailable("foreign")
        return cls(raw, tries, until, highest)


class Backend(Protocol):
    """What is used of a back end of the `keyring` library."""

    def get_password(self, service: str, username: str, /) -> str | None: ...
    def set_password(self, service: str, username: str, password: str, /) -> None: ...
    def delete_password(self, service: str, username: str, /) -> None: ...


def system_backend() -> Backend:
    """This platform's keyring. ImportError or the library's own error where there is none."""
    made: Any
    if sys.platform == "win32":
        from keyring.backends.Windows import WinVaultKeyring

        made = _plain(WinVaultKeyring)
        made.persist = "local machine"  # the library's default roams with the profile
    elif sys.platform == "darwin":
        from keyring.backends.macOS import Keyring as MacKeyring

        made = _plain(MacKeyring)
    else:
        from keyring.backends.SecretService import Keyring as SecretService

        made = _plain(SecretService)
    backend: Backend = made
    return backend


def _plain(kind: type) -> Any:
    """An instance that takes no properties from the environment (`KEYRING_PROPERTY_*` names other collections)."""
    ours = type(kind.__name__, (kind,), {"set_properties_from_env": lambda self: None, "priority": 0})
    return ours()


class OsKeyring:
    """The item of one person in one home. Every method raises KeyringUnavailable when the keyring can't be used.

    The service's name holds person and home: Windows renames an item that two names share.
    """

    def __init__(
        self,
        folder: Path,
        login: str,
        backend: Callable[[], Backend] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        home = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
        self.service = f"{SERVICE}/{login}/{home}"
        self._login = login
        self._make = backend
        self._seconds = seconds

    def read(self) -> Item | None:
        """The item; None when there is none."""
        text = self._limited(lambda backend: backend.get_password(self.service, self._login))
        return None if text is None else Item.parse(text)

    def write(self, item: Item) -> Item:
        """Keep `item` and prove it by reading it back; returned."""
        text = item.text()

        def kept(backend: Backend) -> str | None:
            backend.set_password(self.service, self._login, text)
            return backend.get_password(self.service, self._login)

        if self._limited(kept) != text:
            raise KeyringUnavailable("forgets")
        return item

    def remember(self, counter: int, *, anew: bool = False) -> None:
        """Raise `highest` of an item that is there, or set it `anew`; nothing when it is gone."""
        item = self.read()
        if item is not None and (counter > item.highest or (anew and counter != item.highest)):
            self.write(replace(item, highest=counter))

    def delete(self) -> None:
        """Remove the item for good; one that is gone already is fine. Proven by looking again."""

        def gone(backend: Backend) -> str | None:
            if backend.get_password(self.service, self._login) is not None:
                backend.delete_password(self.service, self._login)
            return backend.get_password(self.service, self._login)

        if self._limited(gone) is not None:
            raise KeyringUnavailable("refused")

    def _limited(self, work: Callable[[Backend], T]) -> T:
        """`work` in a thread that may be left behind: nothing can end a call that waits for a desktop's prompt."""
        answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        make = self._make or system_backend

        def call() -> None:
            try:
                answers.put((work(make()), None))
            except BaseException as error:
                answers.put((None, error))

        threading.Thread(target=call, name="msc-keyring", daemon=True).start()
        try:
            found, error = answers.get(timeout=self._seconds)
        except queue.Empty:
            raise KeyringUnavailable("slow") from None
        if error is not None:
            raise KeyringUnavailable(_reason(error)) from error
        return found  # type: ignore[return-value]


def _reason(error: BaseException) -> str:
    """`locked`, `absent` or `refused`, by what the libraries raise."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"KeyringLocked", "LockedException"}:
        return "locked"
    if names & {"InitError", "NoKeyringError", "ImportError", "SecretStorageException", "RuntimeError"}:
        return "absent"
    return "refused"

"""Keyrings for tests: one in memory, and ones that misbehave as real ones do."""

import threading
from pathlib import Path

from msc_console.identity.os_keyring import Backend, OsKeyring


class Memory:
    """A back end that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str, /) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str, /) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str, /) -> None:
        del self.kept[service, username]


class Null(Memory):
    """Says yes and keeps nothing, like `keyring.backends.null`."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        pass


class Stubborn(Memory):
    """Says yes and deletes nothing."""

    def delete_password(self, service: str, username: str, /) -> None:
        pass


class Hanging(Memory):
    """A prompt that nobody answers, until `answered`."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service: str, username: str, /) -> str | None:
        self.answered.wait()
        return super().get_password(service, username)


def keyring(folder: Path, backend: Backend, login: str = "rina", seconds: float = 3.0) -> OsKeyring:
    """The keyring of `login` over `backend`."""
    return OsKeyring(folder, login, lambda: backend, seconds)

"""Where this product keeps its files, and the settings of a laptop.

Everything lies under one folder, `$MSC_HOME` or the platform's place for application data:

    people/<login>/   vault, cache.db, incarnation        one person's
    laptop/           config.toml, ca.pem, current                shared by the shifts

A setting comes from the environment, else from `laptop/config.toml`, else from the default.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import UsageError

LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""A login is also a folder name: nothing that climbs, hides or ends in a dot."""
LANGUAGES = ("id", "en")
CA_FILE = Path("ca.pem")
LOCK_MINUTES = 10
"""Of the console, where neither site nor laptop says otherwise."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")


class ConfigError(UsageError):
    """A setting that can't be used; data: where (file or variable), name, value."""


class KeyringPolicy(StrEnum):
    """Whether opening the cache also needs a secret from the system's keyring."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """Without a usable keyring a password-only vault is permitted."""


def private_umask() -> None:
    """Files made from now on are for their owner alone. On Windows the profile's access list does that."""
    if sys.platform != "win32":
        os.umask(0o077)


def private_folder(path: Path) -> Path:
    """`path` as an existing folder that only its owner may enter; returned."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32" and path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


@dataclass(frozen=True, slots=True)
class PersonHome:
    """The paths of one person on this laptop; `make` creates the folder."""

    folder: Path

    @property
    def vault(self) -> Path:
        """The sealed keys (identity/vault.py)."""
        return self.folder / "vault"

    @property
    def cache(self) -> Path:
        """The encrypted cache (store/opening.py)."""
        return self.folder / "cache.db"

    @property
    def recovery(self) -> Path:
        """The cache's key sealed to the organisation's recovery key (identity/recovery.py)."""
        return self.folder / "recovery"

    @property
    def incarnation(self) -> Path:
        """A nonce outside the database: a restored or cloned cache no longer matches it."""
        return self.folder / "incarnation"

    def make(self) -> "PersonHome":
        """Create the folder, for its owner alone."""
        private_folder(self.folder)
        return self


@dataclass(frozen=True, slots=True)
class Home:
    """Everything this product keeps on a laptop."""

    folder: Path

    @classmethod
    def locate(cls, env: Mapping[str, str] = os.environ) -> "Home":
        """`$MSC_HOME`, else the platform's folder for application data. Creates nothing."""
        if chosen := env.get("MSC_HOME"):
            return cls(Path(chosen).expanduser().absolute())
        from platformdirs import user_data_path

        return cls(user_data_path("msc-console", appauthor=False))

    @property
    def laptop(self) -> Path:
        """The folder that the shifts share."""
        return self.folder / "laptop"

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.laptop / "config.toml"

    @property
    def current(self) -> Path:
        """Holds the login that was last signed in."""
        return self.laptop / "current"

    def person(self, login: str) -> PersonHome:
        """The paths of `login`. UsageError `bad_login` for what can't be one."""
        if not LOGIN.fullmatch(login) or _RESERVED.match(login):
            raise UsageError("bad_login", login=login)
        return PersonHome(self.folder / "people" / login)

    def make(self) -> "Home":
        """Create the folders, for their owner alone."""
        for path in (self.folder, self.laptop, self.folder / "people"):
            private_folder(path)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a laptop. Each is `MSC_<NAME>` in the environment."""

    language: str = "id"
    """Of screens and messages: id or en."""
    zone: str = "Asia/Jakarta"
    """IANA zone in which times are shown."""
    central: str | None = None
    """Address of central, https (http on this machine alone)."""
    keyring: KeyringPolicy | None = None
    """Whether opening the cache also needs a secret from the system's keyring. One of: required, optional. Without a
    word central's holds, and required where central has none either."""
    ca_file: Path = CA_FILE
    """The centre's own CA, the only one believed (PEM; two while the root is being changed). Looked for beside
    config.toml."""
    lock_minutes: int = LOCK_MINUTES
    """After how many minutes without a key the console locks itself, 1 to 60; the site may ask for fewer."""


def _minutes(value: Any) -> int:
    found = int(value)
    if not 1 <= found <= 60 or isinstance(value, (bool, float)):
        raise ValueError
    return found


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise ValueError
    return str(value)


def _zone(value: Any) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, OSError, TypeError, AttributeError) as error:
        raise ValueError from error


def _central(value: Any) -> str:
    url = urlsplit(str(value))
    secure = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    if not secure or not url.hostname or url.username is not None or url.query or url.fragment:
        raise ValueError
    return url.geturl().rstrip("/")


def _ca_file(value: Any) -> Path:
    if not isinstance(value, str):
        raise ValueError
    return Path(value).expanduser()


_CHECKS = {
    "language": _language, "zone": _zone, "central": _central, "keyring": KeyringPolicy, "ca_file": _ca_file,
    "lock_minutes": _minutes,
}  # fmt: skip


def _file(path: Path) -> dict[str, Any]:
    """The settings file as a mapping; empty when there is none."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError("config_unreadable", where=str(path), detail=error.strerror or "") from error
    import tomllib

    try:
        values = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config_syntax", where=str(path), detail=str(error)) from error
    for name in values:
        if name not in _CHECKS:
            raise ConfigError("config_unknown", where=str(path), name=name, known=", ".join(_CHECKS))
    return values


def load(home: Home, env: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. ConfigError names the file or variable, the setting and its value."""
    stored = _file(home.config)
    chosen: dict[str, Any] = {}
    for name in (item.name for item in fields(Settings)):
        variable = f"MSC_{name.upper()}"
        if env.get(variable):
            where, value = variable, env[variable]
        elif name in stored:
            where, value = str(home.config), stored[name]
        else:
            continue
        try:
            chosen[name] = _CHECKS[name](value)
        except ValueError as error:
            raise ConfigError("config_value", where=where, name=name, value=str(value)) from error
    chosen["ca_file"] = home.laptop / chosen.get("ca_file", CA_FILE)
    return Settings(**chosen)

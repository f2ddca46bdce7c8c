"""Keys as people read and choose them: their words, the keymap file, and what of it does not fit."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .commands import EVERYWHERE, SCREENS, Command
from .errors import UsageError
from .i18n import N_, _

LETTERS_MOST = 12
"""Most letter keys of one screen."""
_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "enter": "Enter",
    "escape": "Esc",
    "space": N_("Space"),
    "up": "\u2191",
    "down": "\u2193",
    "left": "\u2190",
    "right": "\u2192",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "tab": "Tab",
}


def shown(keys: str, *, every: bool = False) -> str:
    """Keys as a person reads them: `^s`, `?`, `Enter`; the first of several unless `every`."""
    parts = []
    for key in keys.split(",") if every else keys.split(",")[:1]:
        *modifiers, last = key.strip().split("+")
        name = _(_NAMES.get(last, last)) if last else ""
        parts.append("".join("^" if word == "ctrl" else f"{word}+" for word in modifiers) + name)
    return " ".join(part for part in parts if part)


def read(path: Path) -> dict[str, str]:
    """The keymap file: command id = keys. Empty when there is none; UsageError names the file and what is wrong."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError("config_unreadable", where=str(path), detail=error.strerror or "") from error
    import tomllib

    try:
        found = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("config_syntax", where=str(path), detail=str(error)) from error
    for name, keys in found.items():
        if not isinstance(keys, str):
            raise UsageError("config_value", where=str(path), name=name, value=str(keys))
    return found


def clashes(keymap: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(key, id, other id) of every two commands that a screen would have on one key."""
    found = []
    for commands in SCREENS.values():
        taken: dict[str, str] = {}
        for command in (*EVERYWHERE, *commands):
            for key in filter(None, (part.strip() for part in keys_of(command, keymap).split(","))):
                if key in taken and taken[key] != command.id:
                    found.append((key, taken[key], command.id))
                taken[key] = command.id
    return list(dict.fromkeys(found))


def unknown(keymap: Mapping[str, str], more: Iterable[str] = ()) -> list[str]:
    """Ids of a keymap that no command has; `more` are the ids of widgets' own keys."""
    known = {command.id for group in (EVERYWHERE, *SCREENS.values()) for command in group} | set(more)
    return sorted(set(keymap) - known)


def keys_of(command: Command, keymap: Mapping[str, str]) -> str:
    """The command's keys under a keymap."""
    return keymap.get(command.id, command.key)


def letters(commands: Sequence[Command], keymap: Mapping[str, str] | None = None) -> list[str]:
    """The letter keys among some commands."""
    keys = (part.strip() for command in commands for part in keys_of(command, keymap or {}).split(","))
    return [key for key in keys if len(key) == 1 and key.isalpha()]

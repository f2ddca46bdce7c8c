"""`msc doctor` and `msc central doctor`: checks, each with what to do. Exit code 1 when one has failed."""

from collections.abc import Sequence

import typer

from ..checkup import Check, State
from ..errors import Exit
from ..i18n import N_, _
from ..messages import sentence
from ..text import clean
from .output import emit_one, pad

_STATES = {State.OK: N_("good"), State.WARN: N_("mind"), State.FAIL: N_("BAD")}
_NAMES = {
    "program": N_("Program"),
    "parts": N_("Parts, as tested"),
    "cipher": N_("Encryption of the cache"),
    "modes": N_("Files for their owner alone"),
    "keyring": N_("Keyring"),
    "ca": N_("The centre's CA"),
    "central": N_("Central"),
    "clock": N_("Clock, against central's"),
    "disk": N_("Room on the disk"),
    "database": N_("Database"),
    "key": N_("Master key"),
    "certificate": N_("Certificate"),
}


def doctor() -> None:
    """Look at this laptop."""
    from ..desk import opening
    from ..desk.checkup import laptop
    from . import seats

    home, chosen = seats.place()
    checks = list(laptop(home, chosen, opening.current_login(home) or ""))
    emit_one(document(checks), worst(checks), lambda: told(checks))
    leave(checks)


def document(checks: Sequence[Check]) -> dict[str, object]:
    """All checks as plain values."""
    rows = [
        {"name": one.name, "state": str(one.state), "value": one.value, "key": one.key or None, "data": dict(one.data)}
        for one in checks
    ]
    return {"state": worst(checks), "checks": rows}


def worst(checks: Sequence[Check]) -> str:
    """The state of the whole."""
    found = {one.state for one in checks}
    return str(next(state for state in (State.FAIL, State.WARN, State.OK) if state in found))


def told(checks: Sequence[Check]) -> str:
    """A line a check, and below it what to do."""
    wide = max(len(_(name)) for name in _NAMES.values())
    marks = max(len(_(word)) for word in _STATES.values())
    lines = []
    for one in checks:
        head = f"{pad(_(_STATES[one.state]), marks)}  {pad(_(_NAMES[one.name]), wide)}  {clean(one.value, line=True)}"
        lines.append(head.rstrip())
        if one.key:
            lines.append(f"{' ' * marks}  {sentence(one.key, one.data)}")
    return "\n".join(lines)


def leave(checks: Sequence[Check]) -> None:
    """Ends the command with what the checks are worth to a script."""
    if worst(checks) == State.FAIL:
        raise typer.Exit(Exit.FAILED)

"""`msc status`, `msc session status`: who is here, and how things stand."""

from datetime import datetime
from typing import Any

from .. import clock
from ..errors import NotAllowed
from ..i18n import _, when
from ..messages import sentence
from . import seats
from .output import emit_one, pairs


def status() -> None:
    """Who, what waits, whether central answers."""
    from ..desk import conversing, opening
    from ..widgets.words import role_word, tier_word

    desk = seats.acting()
    home, chosen = seats.place()
    person = desk.person
    session = opening.session_status(home, desk.unlocked.login) or {}
    trouble = conversing.trouble(desk)
    pending, attention = desk.counts()
    last = desk.last_sync()
    vault = opening.vault_mode(home, person.login)
    document: dict[str, Any] = {
        "login": person.login,
        "name": person.name,
        "role": str(person.role),
        "tier": str(person.tier),
        "queues": list(person.queues),
        "vault": vault,
        "session_until": session.get("until"),
        "central": chosen.central,
        "online": trouble is None,
        "problem": trouble.key if trouble else None,
        "pending": pending,
        "attention": attention,
        "last_sync": clock.iso(last) if last else None,
    }
    until = clock.parse(session["until"]) if session.get("until") else None

    def text() -> str:
        return pairs(
            [
                (_("Signed in"), f"{person.name} ({person.login})"),
                (_("Role"), f"{role_word(person.role)} {tier_word(person.tier)}"),
                (_("Queues"), ", ".join(person.queues)),
                (_("Vault"), _vault(vault)),
                (_("Unlocked until"), _time(until, chosen.zone)),
                (_("Central"), _("online") if trouble is None else sentence(trouble.key, trouble.data, chosen.zone)),
                (_("Unsent acts"), str(pending)),
                (_("Refused acts"), str(attention)),
                (_("Last in step"), _time(last, chosen.zone)),
            ]
        )

    emit_one(document, person.login, text)


def session() -> None:
    """Whether this laptop is unlocked. NotAllowed `signed_out` when it is not."""
    from ..desk import opening

    home, chosen = seats.place()
    login = opening.current_login(home)
    found = opening.session_status(home, login) if login else None
    if found is None:
        raise NotAllowed("signed_out")
    vault = opening.vault_mode(home, found["login"])
    document = {name: found[name] for name in ("login", "person", "device", "code", "until")} | {"vault": vault}
    until = _time(clock.parse(found["until"]), chosen.zone)
    rows = [(_("Signed in"), found["login"]), (_("Vault"), _vault(vault)), (_("Unlocked until"), until)]
    emit_one(document, found["login"], lambda: pairs(rows))


def _vault(mode: str | None) -> str:
    return _("password only") if mode == "password" else mode or "-"


def _time(moment: datetime | None, zone: str) -> str:
    return when(moment, zone) if moment else "-"

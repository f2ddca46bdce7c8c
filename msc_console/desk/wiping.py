"""A laptop that central has revoked: unsent work is saved for the recovery key's holders, then everything goes.

The order is obeyed when the key that was pinned at the sign-in signed it for this very device. What goes, in this
order: the session, the keyring's half (from then on the rest is noise), the vault, the cache and all else of the
person. What was unsent is sealed to the recovery key before that; without one there is nobody who could read it, and
it is lost with the laptop.
"""

import logging
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import clock, escrow
from ..config import Home, PersonHome, Settings
from ..errors import MscError, NotAllowed
from ..identity import files
from ..identity.custody import Custody
from ..identity.errors import KeyringUnavailable
from ..identity.offline_pass import PassRefused, opened
from ..store import drafts, outbox
from ..store.opening import Cache
from . import offline
from .seat import LOST, NOTHING, SAVED

if TYPE_CHECKING:
    from ..sync.wire import Signed
    from .seat import Seat, Signer

log = logging.getLogger("msc.desk")

PURPOSE = "msc-wipe"
RESCUED = "rescued"
SECONDS = 5.0
"""Longest that central is waited for."""


class Wiped(NotAllowed):
    """This laptop was revoked and has wiped itself. `saved`: the file with unsent work; None when there was none, or
    nobody to keep it for."""

    def __init__(self, saved: Path | None, unsent: bool) -> None:
        key = SAVED if saved else LOST if unsent else NOTHING
        super().__init__(key, **({"path": str(saved)} if saved else {}))
        self.saved = saved


def look_from(desk: "Seat") -> None:
    """`look` from an open desk. The keys may have gone with the session: then it is asked at the next sign-in."""
    unlocked, home = desk.unlocked, Home(desk.home.folder.parent.parent)
    try:
        look(home, desk.settings, unlocked.login, desk.cache, unlocked.signer, unlocked.device)
    except Wiped:
        raise
    except NotAllowed:
        pass


def look(home: Home, chosen: Settings, login: str, cache: Cache, signer: "Signer", device: str) -> None:
    """Ask central how this device stands, and obey. Raises Wiped; passes over a central that can't be asked."""
    from ..sync.wire import DeviceAsk
    from .conversing import NoTokens, transport

    if chosen.central is None or not device:
        return
    ask = DeviceAsk(device=device, proof=signer.sign_refresh(device))
    way = transport(chosen, NoTokens())
    try:
        told = way.standing(ask, SECONDS)
    except MscError:
        return
    finally:
        way.close()
    if told.wipe is not None:
        obey(home, login, cache, device, told.wipe, clock.now())


def obey(home: Home, login: str, cache: Cache, device: str, order: "Signed", now: datetime) -> None:
    """Wipe this person's part of the laptop, if central ordered it for `device`; raises Wiped when done. Anything else
    is passed over."""
    from .opening import end_session

    people = home.person(login)
    with cache.read() as conn:
        pinned = offline.pinned_key(conn)
    try:
        document = opened(order, PURPOSE, pinned)
    except PassRefused:
        log.error("an order to wipe that central did not sign was passed over")
        return
    if document.get("device") != device:
        return
    waiting = any(unsent(cache).values())
    saved = rescue(home, login, cache, device, now)
    end_session(home, login)
    with suppress(KeyringUnavailable):  # a keyring that can't be asked keeps half a key of a vault that is gone
        Custody(people, login).forget()
    _remove(people)
    with suppress(OSError):
        home.current.unlink(missing_ok=True)
    raise Wiped(saved, waiting)


def rescue(home: Home, login: str, cache: Cache, device: str, now: datetime) -> Path | None:
    """Seal what is unsent to the recovery key; the file, None when nothing is unsent or nobody holds such a key."""
    given = offline.kept_or_none(cache)
    content = unsent(cache)
    if given is None or not escrow.is_recipient(given.recovery) or not any(content.values()):
        return None
    about = {"login": login, "device": device, "saved_at": clock.iso(now)}
    path = home.laptop / RESCUED / f"{login}-{clock.to_ms(now)}.age"
    files.write_private(path, escrow.seal_to(given.recovery, about | content))
    return path


def unsent(cache: Cache) -> dict[str, list[dict[str, Any]]]:
    """`acts` that central has not settled, with envelopes where they were sealed, and `drafts`."""
    with cache.read() as conn:
        acts = [
            {
                "id": act.id, "kind": str(act.kind), "target": act.target, "made_at": clock.iso(act.command.made_at),
                "args": dict(act.command.args), "state": str(act.state), "envelope": act.envelope,
            }
            for act in outbox.listing(conn)
        ]  # fmt: skip
        texts = [
            {"target": draft.target, "kind": draft.kind, "body": draft.body, "data": dict(draft.data)}
            for draft in drafts.listing(conn)
        ]
    return {"acts": acts, "drafts": texts}


def _remove(people: PersonHome) -> None:
    """The vault first; a file that another program holds open (on Windows) stays, unreadable without its key."""
    for path in (people.vault, people.recovery, people.cache):
        with suppress(OSError):
            path.unlink(missing_ok=True)
    shutil.rmtree(people.folder, ignore_errors=True)

"""Other people's accounts, laptops and tokens for scripts, asked of central. Nothing of it is kept here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import NotFound
from .accounts import line

if TYPE_CHECKING:
    from ..sync.wire import ServiceToken, TokenMade
    from ..sync.wire_people import Device, Ended, Former, User, UserMade, UserPage
    from .seat import Seat


def users(desk: "Seat") -> "list[User]":
    """Whom the person looks after, by login."""
    with line(desk) as way:
        return list(way.users().users)


def user(desk: "Seat", login: str) -> "UserPage":
    """One of them, with sessions and laptops."""
    with line(desk) as way:
        return way.user(login)


def add(
    desk: "Seat", login: str, name: str, role: str, tier: str, queues: Sequence[str], *, dry_run: bool
) -> "UserMade":
    """A first password for somebody, told this once."""
    from ..sync.wire_people import UserNew

    with line(desk) as way:
        return way.user_add(UserNew(login, name, role, tier, list(queues), dry_run))


def disable(desk: "Seat", login: str, *, offboard: bool, dry_run: bool) -> "Ended":
    """Switch an account off; with `offboard` everything of theirs ends and their tickets go back."""
    from ..sync.wire_people import UserOff

    with line(desk) as way:
        return way.user_disable(login, UserOff(offboard, dry_run))


def enable(desk: "Seat", login: str, *, dry_run: bool) -> "User":
    """Switch an account on again."""
    from ..sync.wire_people import Rehearsal

    with line(desk) as way:
        return way.user_enable(login, Rehearsal(dry_run))


def change_role(
    desk: "Seat", login: str, role: str, tier: str | None, queues: Sequence[str] | None, *, dry_run: bool
) -> "User":
    """Another role, level or queues; what is None stays."""
    from ..sync.wire_people import RoleAsk

    with line(desk) as way:
        return way.user_role(login, RoleAsk(role, tier, None if queues is None else list(queues), dry_run))


def erase(desk: "Seat", login: str, *, dry_run: bool) -> "Former":
    """Erase somebody who has left; a pseudonym takes the name's place."""
    from ..sync.wire_people import Rehearsal

    with line(desk) as way:
        return way.user_erase(login, Rehearsal(dry_run))


def end_sessions(desk: "Seat", login: str, *, dry_run: bool) -> "Ended":
    """Sign somebody out everywhere."""
    from ..sync.wire_people import Rehearsal

    with line(desk) as way:
        return way.end_sessions(login, Rehearsal(dry_run))


def devices(desk: "Seat") -> "list[Device]":
    """Laptops of those whom the person looks after, by their letters."""
    with line(desk) as way:
        return list(way.devices().devices)


def revoke(desk: "Seat", code: str, *, dry_run: bool) -> "Device":
    """End a laptop: at its next contact it saves what is unsent and wipes itself."""
    from ..sync.wire_people import Rehearsal

    with line(desk) as way:
        return way.revoke_device(code, Rehearsal(dry_run))


def tokens(desk: "Seat") -> "list[ServiceToken]":
    """The person's tokens for scripts, the newest first."""
    with line(desk) as way:
        return list(way.script_tokens().tokens)


def make_token(
    desk: "Seat", name: str, scopes: Sequence[str], networks: Sequence[str], days: int, *, dry_run: bool
) -> "TokenMade":
    """A new token for a script, told this once."""
    from ..sync.wire import TokenAsk

    with line(desk) as way:
        return way.make_token(TokenAsk(name, list(scopes), list(networks), days, dry_run))


def end_token(desk: "Seat", id: str, *, dry_run: bool) -> None:
    """End a token for good; with `dry_run` it is only looked for. NotFound for one that is none of the person's."""
    with line(desk) as way:
        if not dry_run:
            way.end_token(id)
        elif id not in {token.id for token in way.script_tokens().tokens}:
            raise NotFound("not_found")

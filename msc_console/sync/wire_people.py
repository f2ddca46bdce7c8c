"""The messages about people, laptops and who may do what, for those who look after them. As in `wire_accounts`.

Whatever changes something bears `dry_run`: everything is judged and answered as if it were done, and nothing is.
"""

from typing import Annotated

from msgspec import Meta, Struct

Login = Annotated[str, Meta(max_length=200)]
Word = Annotated[str, Meta(max_length=50)]
Queues = Annotated[list[Word], Meta(max_length=200)]


class User(Struct, frozen=True):
    """An account. `can_sign_in`: it is on and has a password; `sessions` and `devices` that are good now."""

    login: str
    name: str
    role: str
    tier: str
    queues: list[str]
    active: bool
    can_sign_in: bool
    sessions: int
    devices: int


class Users(Struct, frozen=True):
    """`GET /v1/users`: whom the caller looks after, by login."""

    users: list[User]


class Device(Struct, frozen=True):
    """A laptop of one person. `state`: `active` or `revoked`; `vault`: how it keeps its keys, empty where unknown."""

    code: str
    login: str
    name: str
    state: str
    vault: str
    last_seen: str | None = None


class Devices(Struct, frozen=True):
    """`GET /v1/devices`, by code."""

    devices: list[Device]


class OpenSession(Struct, frozen=True):
    """A session that is open, on the laptop `device` (its letters)."""

    device: str
    name: str
    since: str
    last_seen: str | None = None


class UserPage(Struct, frozen=True):
    """`GET /v1/users/{login}`. `tickets`: unfinished ones that the person holds; `tokens`: living ones for scripts."""

    user: User
    sessions: list[OpenSession]
    devices: list[Device]
    tickets: int
    tokens: int


class UserNew(Struct, frozen=True):
    """`POST /v1/users`. Somebody of the set-up file who has no password yet needs no `name` and `role`; nothing else of
    them changes."""

    login: Login
    name: Annotated[str, Meta(max_length=200)] = ""
    role: Word = ""
    tier: Word = "l0"
    queues: Queues = []
    dry_run: bool = False


class UserMade(Struct, frozen=True):
    """`password` is told this once, empty when nothing was done; the person sets an authenticator up and takes another
    password."""

    user: User
    password: str


class RoleAsk(Struct, frozen=True):
    """`POST /v1/users/{login}/role`. `tier` and `queues` stay as they are where they are not given."""

    role: Word
    tier: Word | None = None
    queues: Queues | None = None
    dry_run: bool = False


class Rehearsal(Struct, frozen=True):
    """A change that needs no more words."""

    dry_run: bool = False


class UserOff(Struct, frozen=True):
    """`POST /v1/users/{login}/disable`. `offboard`: for good, with everything that is theirs."""

    offboard: bool = False
    dry_run: bool = False


class Former(Struct, frozen=True):
    """Somebody who has left and was erased: `was` their login, `login` the pseudonym now; `entries` of timelines that
    bear their name, which central takes there within minutes."""

    was: str
    login: str
    entries: int


class LeftTicket(Struct, frozen=True):
    """A ticket that somebody has left behind; `due` is the nearest due time of a running clock."""

    id: str
    number: int | None
    queue: str
    state: str
    priority: str
    due: str | None = None


class Ended(Struct, frozen=True):
    """What ended with an account: `sessions`, `devices` (their letters), `tokens` for scripts, unused `codes` for new
    laptops. `tickets` went back to their queues; `escalations` are on tickets of others, acknowledged by the person and
    not returned."""

    user: User
    sessions: int
    devices: list[str] = []
    tokens: int = 0
    codes: int = 0
    tickets: list[LeftTicket] = []
    escalations: list[LeftTicket] = []

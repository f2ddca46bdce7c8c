"""What the engine hears (events) and what it asks for (actions). Frozen values without I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .faults import Fault
from .verdict import Verdict
from .wire import Hello, Problem, PushReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is so at the moment of an event: the engine reads no clock and no disk."""

    now: datetime
    mono: float
    """Monotonic seconds."""
    next_hold: datetime | None = None
    """When the next held op may leave."""
    fresh: bool = False
    """Nothing has been pulled to its end yet, and this laptop can take a snapshot."""
    wanted: str | None = None
    """A ticket whose timeline is to be fetched."""
    unindexed: bool = False
    """Rows wait to be indexed."""
    pending: int = 0
    """Own acts without central's answer."""


class Source(StrEnum):
    """Who pokes."""

    LOCAL = "local"
    """A new local write, or a person who wants it now."""
    CENTRAL = "central"
    """Central has news."""
    WAKE = "wake"
    """The laptop slept or its clock jumped: connections are dead, waits have lost their meaning."""
    SIGNED_IN = "signed_in"


class Phase(StrEnum):
    """Whose answer the engine waits for."""

    IDLE = "idle"
    GREET = "greet"
    RESET = "reset"
    REKEY = "rekey"
    SEAL = "seal"
    SEND = "send"
    PULL = "pull"
    BOOT = "boot"
    FILL = "fill"
    INDEX = "index"
    VERIFY = "verify"
    REFRESH = "refresh"
    OUT = "out"
    """Signed out: nothing leaves until someone signs in."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Start:
    """The process begins."""


@dataclass(frozen=True, slots=True)
class Greeted:
    hello: Hello


@dataclass(frozen=True, slots=True)
class WasReset:
    """The cursor is forgotten; the outbox is as it was."""


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The laptop has a new incarnation; what had no answer yet is sealed again under it."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The store's answer to `Push`: how many ops stand sealed for the next request."""

    n: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """Central answered and the disk has settled the results."""

    reply: PushReply


@dataclass(frozen=True, slots=True)
class Pulled:
    """A whole page is on disk. `moved`: its cursor differs from the one that was sent."""

    rows: int
    moved: bool
    up_to_date: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """The cache was compared with central, and what differed is put right; or there was news on the way."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Booted:
    """One step of a first pull is on disk: a manifest or a part, with so many rows. `moved`: it brought anything."""

    rows: int
    moved: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """A ticket's timeline is on disk, or central has none to give."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """Some rows more can be searched for."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The session has new tokens."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Central refused the whole request. `retry_after` in seconds."""

    problem: Problem
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer came, or the disk did not take it. `retry_after` in seconds; `key`: the disk's own reason."""

    kind: Fault
    retry_after: float | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Poked:
    source: Source = Source.LOCAL


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that `Rest` named has come, or some time has passed."""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The person signed out: the conversation ends."""


Event = (
    Start | Greeted | WasReset | Rekeyed | Sealed | Pushed | Pulled | Booted | Filled | Indexed | Verified | Refreshed
    | Refused | Failed | Poked | Tick | SignedOut
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Greet:
    """Ask for `hello`."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget the cursor: everything is pulled again under this generation. The outbox is not touched."""

    generation: str


@dataclass(frozen=True, slots=True)
class Rekey:
    """Begin a new chain under a new incarnation: central knows another history of this device, or misses what is
    no longer held."""


@dataclass(frozen=True, slots=True)
class Push:
    """Take the next batch from the store and seal it; tell how many by `Sealed`.

    `from_counter`: central misses ops from there on; offer these again as they are, answered or not.
    """

    max_ops: int
    max_bytes: int
    from_counter: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send the batch that was just sealed."""


@dataclass(frozen=True, slots=True)
class Pull:
    limit: int


@dataclass(frozen=True, slots=True)
class Verify:
    """Compare what is here with what central says, and put right what differs."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Go one step on with the first pull: its manifest, or the next part, under this generation."""

    generation: str


@dataclass(frozen=True, slots=True)
class Fill:
    """Fetch the timeline of a ticket."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Index:
    """Index some of the rows that wait."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Renew the session's tokens."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do until `until` (monotonic seconds), or until poked when it is None."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Stop:
    """The conversation is over."""


Action = Greet | Reset | Rekey | Push | Send | Pull | Bootstrap | Fill | Index | Verify | Refresh | Rest | Stop

"""What the conversation needs from other rooms, as protocols. The desk hands in the real ones, tests their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ..digest import Digest
from .pages import Page
from .verdict import Mended
from .wire import Envelope, Hello, Line, PushReply, Snapshot, StatusReply, Tokens, VerifyReply


class Clock(Protocol):
    """`msc_console.clock`, or a test's."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds; only differences mean something."""
        ...


class Disk(Protocol):
    """The laptop's store as the conversation sees it. Each call is one transaction: done, or as if never called.

    Any exception means the latter. An `MscError` with the key `disk_full` is said so; all are tried again.
    """

    def batch(self, now: datetime, max_ops: int, max_bytes: int, from_counter: int | None = None) -> Sequence[Envelope]:
        """The next ops to send in the order of their counters, sealed in this same transaction where they were open.

        At least one op when any may leave, even if it is larger than `max_bytes`. Ops that were sealed before and have
        no lasting answer yet come first, byte for byte as before. `from_counter`: central lost ops; begin with that
        counter, answered ones included (from the journal); empty when that op is no longer held.
        """
        ...

    def settle(self, reply: PushReply) -> None:
        """Keep the results. An op with a lasting one never comes in a normal batch again; `deferred`, `gap` and
        `forked` leave it where it is. A word that this version does not know counts as one for attention."""
        ...

    def apply(self, lines: Sequence[Line], cursor: str, *, up_to_date: bool) -> None:
        """A whole page of changes and the cursor after it, together. Entities that are not known are passed over.

        `up_to_date`: central has nothing more for now, so whatever should have come again after a reset has come.
        """
        ...

    def cursor(self) -> str:
        """Where the next page begins; empty for the very beginning."""
        ...

    def reset_cursor(self, generation: str) -> None:
        """Forget the cursor: everything comes again under `generation`. The outbox stays as it is."""
        ...

    def rekey(self) -> None:
        """Begin a new chain under a new incarnation; the next batch seals again what was sealed and not answered."""
        ...

    def quarantined(self) -> Sequence[str]:
        """Ops that central has put aside, as far as is known here."""
        ...

    def counts(self) -> tuple[int, int]:
        """Ops without central's answer, and ops for a person's attention."""
        ...

    def next_hold(self) -> datetime | None:
        """When the next held op may leave."""
        ...

    def note_time(self, server_time: datetime, now: datetime) -> None:
        """Central's clock read `server_time` when the laptop's read `now`: the estimated skew of later ops."""
        ...

    def digests(self, cut: datetime) -> Mapping[str, Digest]:
        """Entity -> digest of central's rows here. Tickets closed before `cut`, and what belongs to closed tickets,
        don't count; nor do own acts."""
        ...

    def buckets(self, entity: str, cut: datetime) -> Sequence[Digest]:
        """The digests of an entity's 256 buckets."""
        ...

    def mend(self, entity: str, parts: Sequence[int], lines: Sequence[Line], cut: datetime) -> Mended:
        """Make the rows of these buckets what central says (`lines`: a put for each): what is missing or of another
        version comes in, what is too much goes, unless own acts on it are unsettled."""
        ...

    def shed(self, cut: datetime) -> None:
        """Let go of tickets that central closed before `cut`, unless own acts on them are unsettled."""
        ...

    def load_state(self) -> dict[str, Any] | None:
        """What `save_state` kept last."""
        ...

    def save_state(self, state: dict[str, Any]) -> None:
        """Keep the engine's few values (JSON types)."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a first pull and its aftermath still need: to be taken (`fresh`), a timeline, an index."""

    fresh: bool = False
    wanted: str | None = None
    unindexed: bool = False


class Intake(Protocol):
    """The laptop's store as a first pull in parts sees it. Each call is one transaction, as those of `Disk`."""

    def waiting(self) -> Waiting: ...

    def held(self) -> tuple[Snapshot, frozenset[int]] | None:
        """The snapshot that is being taken, and which of its parts are in."""
        ...

    def begin(self, manifest: Snapshot) -> None:
        """Take this snapshot from its first part on."""
        ...

    def renew(self, manifest: Snapshot) -> None:
        """The snapshot under way has more parts by now."""
        ...

    def take(self, lines: Sequence[Line], part: int | None) -> None:
        """Rows of a part; with `part` they are the last of it, and it counts as in. A row never replaces a newer one.
        The cursor stays empty and the outbox as it is."""
        ...

    def finish(self, manifest: Snapshot) -> None:
        """Every part is in: the manifest's cursor is the cursor."""
        ...

    def drop(self) -> None:
        """Central no longer has the snapshot: what came of it has to come again, or goes when all has come."""
        ...

    def fill(self, ticket: str, lines: Sequence[Line]) -> None:
        """The timeline of a ticket; no lines when central has none for this reader."""
        ...

    def index(self) -> None:
        """Index some of the rows that wait."""
        ...


class Stop(Protocol):
    """A `threading.Event`, as far as it is read."""

    def is_set(self) -> bool: ...


class TokenStore(Protocol):
    """Where the session's tokens live; several processes may share it, so it is asked anew each time."""

    def access(self) -> str | None: ...

    def refresh_token(self) -> str | None: ...

    def sign_refresh(self, token: str) -> str:
        """The device key's signature (hex) over `msc-refresh|<token>`."""
        ...

    def save(self, tokens: Tokens) -> None: ...


class Transport(Protocol):
    """Central's calls as the driver needs them. Each raises `Broken` or `Declined`; `timeout` caps it, in seconds."""

    def hello(self, timeout: float | None = None) -> Hello: ...

    def push(self, ops: Sequence[Envelope], timeout: float | None = None) -> PushReply: ...

    def statuses(self, ops: Sequence[str], timeout: float | None = None) -> StatusReply: ...

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page: ...

    def verify(self, cursor: str, buckets: Sequence[str], timeout: float | None = None) -> VerifyReply: ...

    def verify_rows(self, cursor: str, entity: str, buckets: Sequence[int], timeout: float | None = None) -> Page: ...

    def begin_snapshot(self, timeout: float | None = None) -> Snapshot: ...

    def snapshot(self, id: str, have: int, timeout: float | None = None) -> Snapshot:
        """The manifest once it names more parts than `have`, or after some seconds."""
        ...

    def part(self, id: str, n: int, timeout: float | None = None) -> bytes:
        """A part as it is packed."""
        ...

    def timeline(self, ticket: str, timeout: float | None = None) -> Sequence[Line]:
        """What belongs to a ticket."""
        ...

    def renew(self, timeout: float | None = None) -> None:
        """New tokens into the token store. `Declined` with 401 when the session is over."""
        ...

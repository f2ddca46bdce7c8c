"""What the conversation needs from other rooms, as protocols. The desk hands in the real ones, tests their own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from .pages import Page
from .wire import Envelope, Hello, Line, PushReply, Tokens


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

    def counts(self) -> tuple[int, int]:
        """Ops without central's answer, and ops for a person's attention."""
        ...

    def next_hold(self) -> datetime | None:
        """When the next held op may leave."""
        ...

    def note_time(self, server_time: datetime, now: datetime) -> None:
        """Central's clock read `server_time` when the laptop's read `now`: the estimated skew of later ops."""
        ...

    def load_state(self) -> dict[str, Any] | None:
        """What `save_state` kept last."""
        ...

    def save_state(self, state: dict[str, Any]) -> None:
        """Keep the engine's few values (JSON types)."""
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

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page: ...

    def renew(self, timeout: float | None = None) -> None:
        """New tokens into the token store. `Declined` with 401 when the session is over."""
        ...

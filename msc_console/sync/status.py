"""What the status line and `msc sync status` say about the conversation with central."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Working(StrEnum):
    PUSH = "push"
    PULL = "pull"


class Trouble(StrEnum):
    """Keys of the troubles that the laptop finds by itself; a refusal by central travels under its own code."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls_untrusted"
    TLS_EXPIRED = "tls_expired"
    TLS_NAME = "tls_wrong_name"
    TLS_PLAIN = "tls_plain"
    CA = "ca_unusable"
    NOT_OURS = "not_ours"
    """Something answered that is not this central: a captive portal, a proxy's page, a wrong address."""
    CUT = "reply_cut"
    SERVER = "central_failed"
    BUSY = "central_busy"
    TOO_OLD = "too_old"
    """Central no longer speaks this version's protocol. The unsent work stays and leaves after an upgrade."""
    TOO_NEW = "too_new"
    SIGNED_OUT = "signed_out"
    NO_PROGRESS = "no_progress"
    CHAIN_GAP = "chain_gap"
    """Central misses ops of this device that the laptop no longer holds."""
    FORKED = "chain_forked"
    """Two copies of this laptop's cache have written: the device needs a new incarnation."""
    OP_REFUSED = "op_refused"
    """One op alone is refused as a request (too large or unreadable), so it has no result of its own."""
    DISK_FULL = "disk_full"
    DISK = "cache_failed"
    INTERNAL = "failed_here"
    """A fault of this program; the log has it."""


ENDED = (Trouble.SIGNED_OUT, "session_superseded")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """One moment of the conversation. `since`: when `online` last changed; None before the first try."""

    online: bool = False
    since: datetime | None = None
    pending: int = 0
    """Ops that central has not answered yet."""
    attention: int = 0
    """Ops that central did not apply and a person has to look at."""
    last_sync: datetime | None = None
    """When this laptop last held everything that central had for it."""
    problem: str | None = None
    """A `Trouble` or central's problem code."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Fills the problem's sentence."""
    working: Working | None = None
    mended: int = 0
    """Rows of the cache that self-checks have put right. Anything but 0 is a fault of a program."""

    @property
    def signed_out(self) -> bool:
        """Whether central has ended the session: until the next sign-in nothing comes or goes."""
        return self.problem in ENDED

"""What lists show: narrow frozen rows, read from the cache and handed to renderers as they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One ticket in a queue. Texts are raw: the renderer cleans and cuts them.

    `key` is the keyset position `(sort, id)` of the row in the order it was read in.
    """

    id: str
    label: str
    """`MSC-000123`, or the alias `~K7Q-14` while central has given no number."""
    subject: str
    customer: str
    priority: str
    state: str
    waiting_party: str | None
    owner: str | None
    owner_name: str
    mine: bool
    channel: str
    due: datetime | None
    """Nearest due time of a running judged clock."""
    target: timedelta | None
    """The whole allowance of that clock (for the bar)."""
    left: timedelta | None
    """Remaining time of a paused clock, frozen; None while running."""
    updated_at: datetime
    pending: int
    """Acts of this laptop on it that central has not answered."""
    attention: int
    """Acts that central refused or that conflict."""
    key: tuple[int, str]

"""The audit trail, read at central and checked here: whoever checks it need not believe who keeps it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import Unreachable, UsageError
from ..trail import Check, Record, key_name, read_verifier_key
from . import accounts

if TYPE_CHECKING:
    from ..sync.office import AuditPage
    from ..sync.transport import HttpTransport
    from .seat import Seat

PAGE = 1_000
FIELDS = Record.__slots__


def newest(desk: "Seat", limit: int, sought: dict[str, str]) -> list[Record]:
    """The newest records that match (`by`, `act`, `since`, `about`), the oldest of them first."""
    with line(desk, "audit_needs_central") as way:
        return _records(way.audit(limit, None, sought))


def every(desk: "Seat", sought: dict[str, str]) -> Iterator[Record]:
    """All records that match, in the order of their numbers."""
    with line(desk, "audit_needs_central") as way:
        for page in _pages(way, sought):
            yield from _records(page)


def verify(desk: "Seat", checkpoints: str, key: str) -> Check:
    """Goes through the whole trail as central gives it, and compares it with `checkpoints` that were kept apart.

    UsageError `verifier_key_wrong` for a key that is none, or is another site's.
    """
    name, check = "", Check()
    if checkpoints:
        try:
            name, public = read_verifier_key(key)
        except ValueError:
            raise UsageError("verifier_key_wrong") from None
        check = Check.against(checkpoints, name, public)
    with line(desk, "audit_needs_central") as way:
        for page in _pages(way, {}):
            if name and name != key_name(page.site):
                raise UsageError("verifier_key_wrong")
            check.take(_records(page))
    check.done()
    return check


def _pages(way: "HttpTransport", sought: dict[str, str]) -> "Iterator[AuditPage]":
    """Until one is not full. Each reading adds a record, so the end moves on; it is reached all the same."""
    seq = 0
    while True:
        page = way.audit(PAGE, seq, sought)
        yield page
        if len(page.records) < PAGE:
            return
        seq = page.records[-1].seq


def _records(page: "AuditPage") -> list[Record]:
    return [Record(*(getattr(one, name) for name in FIELDS)) for one in page.records]


@contextmanager
def line(desk: "Seat", away: str) -> "Iterator[HttpTransport]":
    """As `accounts.line`; Unreachable `away` instead of what is said of acts."""
    try:
        with accounts.line(desk) as way:
            yield way
    except Unreachable:
        raise Unreachable(away) from None

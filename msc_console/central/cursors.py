"""Cursors: where a laptop stands in the feed. Opaque text to it, signed, so that only central can have made it."""

import base64
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ..errors import MscError
from .feed import NO_GROUPS

_TAG_BYTES = 16


class CursorExpired(MscError):
    """The cursor is void (another generation, person or view, or not ours): start again without one. HTTP 410."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in the feed. The reader holds everything of `groups` up to `seq`.

    `entering` are groups that came to the reader since; what they hold is being caught up from the beginning, and has
    been up to `back`. `born` is where the feed stood when the reader began: all rows they hold are no older than that.
    """

    seq: int = 0
    groups: frozenset[str] = NO_GROUPS
    entering: frozenset[str] = NO_GROUPS
    back: int = 0
    born: int = 0


class Desk:
    """Makes and opens the cursors of one reader. `bound` is what they hold for: generation, person, kind of view."""

    def __init__(self, conn: Connection, *bound: str) -> None:
        secret = conn.execute(text("SELECT value FROM meta WHERE key = 'cursor_secret'")).scalar_one()
        self._key = hmac.digest(bytes.fromhex(secret), "|".join(bound).encode(), hashlib.sha256)

    def seal(self, cursor: Cursor) -> str:
        """The cursor as text."""
        fields = [cursor.seq, sorted(cursor.groups), sorted(cursor.entering), cursor.back, cursor.born]
        document = zlib.compress(json.dumps(fields, separators=(",", ":")).encode(), 9)
        return base64.urlsafe_b64encode(self._tag(document) + document).decode().rstrip("=")

    def open(self, sealed: str, horizon: int = 0) -> Cursor:
        """The cursor of a text. CursorExpired when it isn't one that this central made for this reader, or when what
        left since may have been removed from the feed: neither it nor the reader's beginning reaches the horizon.
        """
        try:
            raw = base64.urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        except ValueError:
            raise CursorExpired("cursor_expired") from None
        tag, document = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(document)):
            raise CursorExpired("cursor_expired")
        seq, groups, entering, back, *later = json.loads(zlib.decompress(document))
        born = later[0] if later else 0  # a cursor of before the horizon has none
        if max(seq, born) < horizon:
            raise CursorExpired("cursor_expired")
        return Cursor(seq=seq, groups=frozenset(groups), entering=frozenset(entering), back=back, born=born)

    def _tag(self, document: bytes) -> bytes:
        return hmac.digest(self._key, document, hashlib.sha256)[:_TAG_BYTES]

"""The part of a long list that is in memory: a run of rows around the viewport, read by key and never by offset.

Positions are counted from what was read, so they may drift by a few rows when others change rows above the run; they
are put right as soon as either end of the list is seen. What is under the eye never jumps for it: whoever asks is
told by how much positions moved.
"""

from collections.abc import Callable
from typing import Protocol

from msc_console.domain.rows import QueueRow

Key = tuple[int, str]


class RowSource(Protocol):
    """One view of a queue in its order. All reads are of one page and fit between two key strokes."""

    def count(self) -> int:
        """Rows of the whole view."""
        ...

    def page(self, after: Key | None, limit: int) -> list[QueueRow]:
        """The first `limit` rows behind `after`, or of the list."""
        ...

    def before(self, key: Key | None, limit: int) -> list[QueueRow]:
        """The last `limit` rows before `key`, or of the list, in the list's order."""
        ...

    def around(self, id: str, limit: int) -> list[QueueRow]:
        """Up to `limit` rows in the list's order with ticket `id` among them; empty when the view doesn't hold it."""
        ...


class RowWindow:
    """A run of about `keep` rows of a source; `first` is the position of its first row.

    `ahead` rows on either side of what is looked at are read before anybody asks for them.
    """

    def __init__(self, source: RowSource, *, page: int = 100, keep: int = 800, ahead: int = 300) -> None:
        self.source = source
        self._page = page
        self._keep = keep
        self._ahead = max(min(ahead, keep // 2 - page), 0)
        self._seen = (0, page)
        """What was looked at last."""
        self.count = 0
        self.first = 0
        self.rows: list[QueueRow] = []
        self._at: dict[str, int] = {}
        self._edge: Key | None = None
        """Key of the row before the run; None at the start of the list."""
        self._complete = False
        """The run's last row is the list's last."""
        self.restart()

    @property
    def end(self) -> int:
        """Position behind the run's last row."""
        return self.first + len(self.rows)

    def row(self, index: int) -> QueueRow | None:
        """The row at `index`, if the run holds it."""
        return self.rows[index - self.first] if self.first <= index < self.end else None

    def index_of(self, id: str) -> int | None:
        """The position of ticket `id`, if the run holds it."""
        offset = self._at.get(id)
        return None if offset is None else self.first + offset

    def holds(self, id: str) -> bool:
        """Whether the list holds ticket `id`, wherever in it."""
        return id in self._at or bool(self.source.around(id, 1))

    def restart(self) -> None:
        """Reads the start of the list."""
        self.count = self.source.count()
        self.first, self._edge = 0, None
        self._set(self.source.page(None, self._page))
        self._settle_end(self._page)

    def ensure(self, top: int, bottom: int) -> int:
        """Reads so that the run holds positions `top` to `bottom` (exclusive) as far as the list has them.

        Gives by how much positions moved, because an end of the list showed that they had drifted.
        """
        self._keep = max(self._keep, 2 * (bottom - top) + self._page, bottom - top + 2 * (self._ahead + self._page))
        if top < self.first and top < self.first - top:
            self.restart()
        elif bottom > self.end and self.count - bottom < top - self.end:
            self._finish()
        moved = 0
        while bottom + moved > self.end and not self._complete:
            moved += self._down(top + moved)
        while top + moved < self.first and self._edge is not None:
            moved += self._up(bottom + moved)
        self._seen = (top + moved, bottom + moved)
        return moved

    @property
    def behind(self) -> bool:
        """Whether rows near those that were looked at last have still to be read ahead."""
        top, bottom = self._seen
        above, below = top - self.first, self.end - bottom
        return (below < self._ahead and not self._complete) or (above < self._ahead and self._edge is not None)

    def read_ahead(self) -> int:
        """Reads one page more where it will be wanted next. Gives by how much positions moved, as `ensure`."""
        top, bottom = self._seen
        down = self.end - bottom < self._ahead and not self._complete
        moved = self._down(top) if down else self._up(bottom) if self.behind else 0
        self._seen = (top + moved, bottom + moved)
        return moved

    def reload(self) -> None:
        """Reads the count and the rows around those that were looked at last again, from the same place."""
        top, bottom = self._seen
        low = min(max(top - self._page - self.first, 0), len(self.rows))
        high = max(bottom + self._page - self.first, low)
        if low:
            self._edge = self.rows[low - 1].key
            self.first += low
        self._set(self.rows[low:high])
        self.count = self.source.count()
        wanted = max(len(self.rows), self._page)
        self._set(self.source.page(self._edge, wanted))
        if not self.rows and self._edge is not None:
            self._finish()
        else:
            self._settle_end(wanted)

    def find(self, id: str) -> int | None:
        """The position of ticket `id`, wherever in the list it is, with the run moved to it; None if it isn't there."""
        known = self._look_at(id)
        if known is not None:
            return known
        found = next((row for row in self.source.around(id, 1) if row.id == id), None)
        if found is None:
            return None
        self.reload()
        known = self._look_at(id)
        if known is not None:
            return known
        upwards = bool(self.rows) and found.key < self.rows[0].key
        step: Callable[[int], int] = self._up if upwards else self._down
        while id not in self._at:
            at_end = self._edge is None if upwards else self._complete
            if at_end:
                return None
            step(self.first if upwards else self.end)
        return self._look_at(id)

    def _look_at(self, id: str) -> int | None:
        index = self.index_of(id)
        if index is not None:
            self._seen = (index, index + 1)
        return index

    def between(self, one: Key, other: Key) -> list[str]:
        """Ids from one key to the other, both included, in the list's order; read by page, the run stays."""
        low, high = sorted((one, other))
        ids: list[str] = [low[1]]
        after = low
        while after < high:
            rows = self.source.page(after, self._page)
            ids += [row.id for row in rows if row.key <= high]
            if len(rows) < self._page:
                break
            after = rows[-1].key
        return ids

    def _set(self, rows: list[QueueRow]) -> None:
        self.rows = rows
        self._at = {row.id: offset for offset, row in enumerate(rows)}

    def _settle_end(self, asked: int) -> int:
        """After a read of `asked` rows: where the list's end, or the count, tells the run's place, it is put there.

        Gives by how much positions moved.
        """
        self._complete = len(self.rows) < asked
        if self._edge is None:
            moved, self.first = -self.first, 0
            self.count = self.end if self._complete else max(self.count, self.end)
            return moved
        if self.end < self.count and not self._complete:
            return 0
        if self.end != self.count:
            self.count = max(self.source.count(), len(self.rows))
        moved = self.count - self.end if self._complete or self.end > self.count else 0
        self.first += moved
        return moved

    def _finish(self) -> None:
        """Reads the end of the list."""
        rows = self.source.before(None, self._page + 1)
        self._edge = rows[0].key if len(rows) > self._page else None
        self._set(rows[-self._page :])
        self.first = self.count - len(self.rows)
        self._settle_end(len(self.rows) + 1)

    def _down(self, top: int) -> int:
        """One page more behind the run; rows far above `top` are let go."""
        after = self.rows[-1].key if self.rows else self._edge
        more = self.source.page(after, self._page)
        self._set(self.rows + more)
        moved = self._settle_end(len(self.rows) + (len(more) < self._page))
        spare = min(len(self.rows) - self._keep, top + moved - self.first)
        if spare > 0:
            self._edge = self.rows[spare - 1].key
            self.first += spare
            self._set(self.rows[spare:])
        return moved

    def _up(self, bottom: int) -> int:
        """One page more before the run; rows far below `bottom` are let go."""
        more = self.source.before(self.rows[0].key if self.rows else self._edge, self._page + 1)
        start = len(more) <= self._page
        self._edge = None if start else more[0].key
        more = more[-self._page :]
        self.first -= len(more)
        self._set(more + self.rows)
        moved = 0
        if start or self.first <= 0:
            # More rows than positions before an unseen start: room for a page, until the start puts it right.
            moved = -self.first if start else self._page - self.first
            self.first += moved
            self.count = len(self.rows) if start and self._complete else max(self.count, self.end)
        spare = min(len(self.rows) - self._keep, self.end - (bottom + moved))
        if spare > 0:
            self._set(self.rows[:-spare])
            self._complete = False
        return moved

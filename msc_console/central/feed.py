"""The change feed's commit sequencer (design, sync 2): dense numbers in commit order, on both databases.

The head row is updated at the end of a transaction and stays locked until its commit, so numbers appear in the order
of commits, and a rollback gives its numbers back. Whoever sees a number can see all lower ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from .. import clock
from . import sql

NO_GROUPS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed row and who hears of it. Rows of one op stand together and bear its `op_id`."""

    entity: str
    id: str
    ver: int
    op_id: str | None = None
    put_groups: frozenset[str] = NO_GROUPS
    leave_groups: frozenset[str] = NO_GROUPS
    entered: frozenset[str] = NO_GROUPS
    """Those of `put_groups` that get `carried` too: a ticket brings its timeline into a new group."""
    carried: tuple[tuple[str, str], ...] = ()
    """(entity, id) of rows that did not change but come along."""
    gone: bool = False
    """The row was deleted: its groups are told so."""


class Reserved(NamedTuple):
    """The first seq and the first ticket number of what a transaction took from the head."""

    first_seq: int
    first_number: int


class Head(NamedTuple):
    generation: str
    seq: int
    horizon: int
    """The newest seq of a removed `leave` or `del` (`compact`); 0 = none was."""


_TAKE = text("UPDATE feed_head SET seq = seq + :rows, number = number + :numbers WHERE id = 1 RETURNING seq, number")
_CHANGE = sql.insert("change", ("seq", "entity", "id", "ver", "op_id", "at"))
_GROUP = sql.insert("change_group", ("group_id", "seq", "entity", "id", "effect", "till"))


def head(conn: Connection) -> Head:
    """Where the feed stands. A new generation means that this central was restored: cursors of before are void."""
    generation, seq, horizon = conn.execute(text("SELECT generation, seq, horizon FROM feed_head WHERE id = 1")).one()
    return Head(str(generation), int(seq), int(horizon))


def reserve(conn: Connection, rows: int, numbers: int = 0) -> Reserved:
    """Takes `rows` seqs and `numbers` ticket numbers; the head stays locked, so the commit must follow at once."""
    seq, number = conn.execute(_TAKE, {"rows": rows, "numbers": numbers}).one()
    return Reserved(int(seq) - rows + 1, int(number) - numbers + 1)


def publish(conn: Connection, first_seq: int, changes: Sequence[Change], at: datetime | None = None) -> None:
    """Writes the feed rows of changes whose seqs were reserved, one seq each, in the order given."""
    moment = clock.to_ms(at or clock.now())
    tills = _tills(first_seq, changes)
    lines, groups = [], []
    for place, change in enumerate(changes):
        seq, till = first_seq + place, tills[place]
        lines.append(
            {"seq": seq, "entity": change.entity, "id": change.id, "ver": change.ver, "op_id": change.op_id}
            | {"at": moment}
        )
        put = "del" if change.gone else "put"
        heard = [(group, change.entity, change.id, put) for group in sorted(change.put_groups)]
        heard += [(group, change.entity, change.id, "leave") for group in sorted(change.leave_groups)]
        heard += [(group, entity, id, "put") for group in sorted(change.entered) for entity, id in change.carried]
        groups += [
            {"group_id": group, "seq": seq, "entity": entity, "id": id, "effect": effect, "till": till}
            for group, entity, id, effect in heard
        ]
    sql.many(conn, _CHANGE, lines)
    sql.many(conn, _GROUP, groups)


def announce(conn: Connection, changes: Sequence[Change], numbers: int = 0, at: datetime | None = None) -> Reserved:
    """Reserves and publishes: the last statements of a transaction that needs no number before."""
    taken = reserve(conn, len(changes), numbers)
    publish(conn, taken.first_seq, changes, at)
    return taken


def _tills(first_seq: int, changes: Sequence[Change]) -> list[int]:
    """For each change the last seq of its op."""
    tills = [first_seq + place for place in range(len(changes))]
    for place in range(len(changes) - 2, -1, -1):
        if changes[place].op_id is not None and changes[place].op_id == changes[place + 1].op_id:
            tills[place] = tills[place + 1]
    return tills

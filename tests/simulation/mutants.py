"""Faults planted into the product on purpose: the simulator is worth something only if it finds each of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import msgspec
from sqlalchemy import text

from msc_console import records
from msc_console.central import delta, ledger, sql
from msc_console.central import feed as central_feed
from msc_console.central.access import Reader
from msc_console.central.cursors import Cursor, Desk
from msc_console.central.judge import Batch
from msc_console.central.snapshots import Snapshots
from msc_console.desk.syncing import CacheDisk
from msc_console.domain import acting, ticket_rules
from msc_console.domain.commands import Command
from msc_console.domain.terms import Result
from msc_console.store import feed, intake, outbox, sealing, settings
from msc_console.store.replica import Replica
from msc_console.sync import verify
from msc_console.sync.verdict import Mended

Mutant = Callable[[], AbstractContextManager[Any]]


@contextmanager
def cursor_before_rows() -> Iterator[None]:
    """The cursor is stored in a transaction of its own, before the rows of its page."""
    apply = CacheDisk.apply

    def early(self: CacheDisk, lines: Any, cursor: str, *, up_to_date: bool) -> None:
        with self._cache.write() as conn:
            conn.execute('UPDATE "cursor" SET cursor = ?', (cursor,))
        apply(self, lines, cursor, up_to_date=up_to_date)

    with patch.object(CacheDisk, "apply", early):
        yield


@contextmanager
def dedup_off() -> Iterator[None]:
    """Central forgets what it has answered."""
    with patch.object(ledger.loading, "known_ops", lambda conn, ids: {}):
        yield


@contextmanager
def fence_ignored() -> Iterator[None]:
    """Nobody asks under which ownership an act was made."""
    with patch.object(acting, "fence", lambda command, ticket, context: None):
        yield


@contextmanager
def before_ignored() -> Iterator[None]:
    """The last writer wins."""

    def all_of_it(command: Command, ticket: Any, wanted: Any) -> Any:
        return {name: value for name, value in wanted.items() if getattr(ticket, name) != value}

    with patch.object(ticket_rules, "three_way", all_of_it):
        yield


@contextmanager
def outbox_cleared_by_reset() -> Iterator[None]:
    """Beginning again throws away what has not left."""
    reset = feed.reset

    def clearing(conn: Any, generation: str) -> None:
        conn.execute("DELETE FROM outbox")
        reset(conn, generation)

    with patch.object(feed, "reset", clearing):
        yield


@contextmanager
def epoch_not_raised() -> Iterator[None]:
    """A take gives no new epoch."""
    act = acting.act

    def flat(command: Command, situation: Any, context: Any, **more: Any) -> Any:
        effects = act(command, situation, context, **more)
        if not more.get("claims") or effects.ticket is None or situation.ticket is None:
            return effects
        return replace(effects, ticket=replace(effects.ticket, owner_epoch=situation.ticket.owner_epoch))

    with patch.object(ticket_rules, "act", flat):
        yield


@contextmanager
def leaves_unheard() -> Iterator[None]:
    """What leaves the scope stays on the laptop."""
    with patch.object(delta, "gone", lambda conn, reader, refs, now: []):
        yield


@contextmanager
def nothing_offered_again() -> Iterator[None]:
    """After central was set back nothing is offered again."""
    with patch.object(outbox, "offer_again", lambda conn: 0):
        yield


@contextmanager
def refusals_forgotten() -> Iterator[None]:
    """What central refuses goes without a word."""
    settle = Replica.settle

    def forgetting(self: Replica, conn: Any, answers: Any, now: Any) -> Any:
        settled = settle(self, conn, answers, now)
        conn.execute("DELETE FROM outbox WHERE state = 'attention'")
        return settled

    with patch.object(Replica, "settle", forgetting):
        yield


@contextmanager
def one_lane_for_all() -> Iterator[None]:
    """One act that waits stops all the others."""
    ready = sealing.ready

    def narrow(acts: Any, *args: Any) -> list[str]:
        known = list(acts)
        return [] if any(act.state == "attention" for act in known) else ready(known, *args)

    with patch.object(sealing, "ready", narrow):
        yield


@contextmanager
def view_not_refolded() -> Iterator[None]:
    """News of a ticket are not brought together with the own acts on it."""
    with patch.object(feed, "_covered", lambda conn, targets: set()):
        yield


@contextmanager
def poison_spreads() -> Iterator[None]:
    """A rule that trips fails the whole push."""
    judge = Batch.judge

    def spreading(self: Batch, *args: Any, **more: Any) -> Any:
        verdict = judge(self, *args, **more)
        if verdict.code == "quarantined":
            raise RuntimeError("the whole push fails")
        return verdict

    with patch.object(Batch, "judge", spreading):
        yield


@contextmanager
def later_words_dropped() -> Iterator[None]:
    """Central rewrites a row without what a later version had written into it."""
    upsert = sql.upsert

    def dropping(entity: str) -> Any:
        statement = upsert(entity)
        return text(f"{statement.text}, extra = NULL") if entity == "ticket" else statement

    with patch.object(sql, "upsert", dropping):
        yield


@contextmanager
def later_words_not_kept() -> Iterator[None]:
    """A laptop keeps of a row only what it knows."""
    with patch.object(records, "wire_to_row", lambda cls, document: wire_to_row(cls, document) | {"extra": None}):
        yield


wire_to_row = records.wire_to_row


@contextmanager
def pushes_without_bound() -> Iterator[None]:
    """A laptop sends all it has at once."""
    seal_batch = sealing.seal_batch

    def boundless(*args: Any, **more: Any) -> Any:
        return seal_batch(*args, **more | {"max_ops": 10_000})

    with patch.object(sealing, "seal_batch", boundless):
        yield


@contextmanager
def poison_takes_its_neighbours() -> Iterator[None]:
    """Whatever comes after an op that central trips over in the same push is put aside with it."""
    judge = Batch.judge

    def taking(self: Batch, *args: Any, **more: Any) -> Any:
        verdict = judge(self, *args, **more)
        if getattr(self, "poisoned", False):
            verdict = replace(verdict, code=Result.QUARANTINED, reason="op_quarantined", changes=[], created=None)
        self.poisoned = verdict.code == Result.QUARANTINED  # type: ignore[attr-defined]
        return verdict

    with patch.object(Batch, "judge", taking):
        yield


@contextmanager
def self_check_mends_nothing() -> Iterator[None]:
    """The self-check looks, and leaves everything as it is."""
    with patch.object(CacheDisk, "mend", lambda self, entity, parts, lines, cut: Mended()):
        yield


@contextmanager
def self_check_sees_nothing() -> Iterator[None]:
    """The self-check takes any two digests for the same."""
    with patch.object(verify, "_digest", lambda told: Anything()):
        yield


class Anything:
    """Equal to whatever it is compared with."""

    def __ne__(self, other: object) -> bool:
        return False


@contextmanager
def parts_noted_before_their_rows() -> Iterator[None]:
    """The parts of a snapshot that are in are noted before their rows are."""
    take = intake.take

    def early(conn: Any, lines: Any, part: Any) -> Any:
        kept = settings.get(conn, feed.SNAPSHOT)
        settings.put(conn, feed.SNAPSHOT, kept | {"done": [item["n"] for item in kept["manifest"]["parts"]]})
        return take(conn, lines, None)

    with patch.object(intake, "take", early):
        yield


@contextmanager
def snapshot_ends_at_the_head() -> Iterator[None]:
    """After a snapshot the feed goes on from where it is now, not from where the snapshot was cut."""
    manifest = Snapshots.manifest

    def late(self: Snapshots, person: Any, id: str) -> Any:
        found = manifest(self, person, id)
        with self._central.read() as conn:
            head = central_feed.head(conn)
            reader = Reader.of(person)
            desk = Desk(conn, head.generation, person.id, reader.sight.name)
            cursor = desk.seal(Cursor(seq=head.seq, groups=reader.groups))
        return msgspec.structs.replace(found, cursor=cursor)

    with patch.object(Snapshots, "manifest", late):
        yield


MUTANTS: dict[Mutant, tuple[str, int, int] | tuple[str, str]] = {
    cursor_before_rows: ("P4", 13, 45),
    dedup_off: ("P16", 7, 45),
    fence_ignored: ("P9", 6, 150),
    before_ignored: ("P7", 3, 25),
    outbox_cleared_by_reset: ("P1", 0, 80),
    epoch_not_raised: ("P7", 0, 25),
    leaves_unheard: ("P8", 2, 25),
    nothing_offered_again: ("P1", "first-restore-of-central"),
    refusals_forgotten: ("P1", 2, 25),
    one_lane_for_all: ("P19", 2, 45),
    view_not_refolded: ("P5", 0, 25),
    poison_spreads: ("P19", 4, 45),
    later_words_dropped: ("P18", 0, 25),
    later_words_not_kept: ("P4", 0, 25),
    pushes_without_bound: ("P16", 2, 80),
    poison_takes_its_neighbours: ("P19", 4, 45),
    self_check_mends_nothing: ("P20", 0, 25),
    self_check_sees_nothing: ("P20", 0, 25),
    parts_noted_before_their_rows: ("P20", 0, 25),
    snapshot_ends_at_the_head: ("P20", 1, 25),
}
"""Each with the promise that it breaks, and a history that is known to find it: seed and length, or a kept trace."""

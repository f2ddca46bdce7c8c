"""Which acts leave next, and their sealing: counter, chain and signature, given in one transaction.

Order on the wire is the order of sealing. An act of state never passes an earlier act of its own target that is
held, stuck or refused; what only adds (`decide.MERGING`: notes, calls, times) does, also when it was made on a claim
that is held back: it needs none. Other targets never wait.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .. import clock
from ..domain.decide import MERGING
from ..domain.terms import Op
from .opening import Connection
from .outbox import CREATING, OpState, stands_on
from .rows import IN, bind

SEAL_BYTES = 600
"""What sealing adds to an envelope's JSON, at most."""


SEAL_OPS, SEAL_ROOM = 100, 256 * 1024
"""Most acts, and bytes of them, that a signer is given at once."""


class Signer(Protocol):
    """Who holds the device key: the session process, or a test."""

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]], /) -> list[dict[str, Any]]:
        """The envelopes with counter, prev, salt, body and signature, chained from `prev`."""
        ...


LONGEST_MS = 60 * 60 * 1000
"""No act waits longer for its time (a hold, a second try): one that seems to was put off before the clock was set
back, and is due."""
_DUE = f"ifnull(next_at, 0) NOT BETWEEN ?1 + 1 AND ?1 + {LONGEST_MS}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the order of leaving needs to know of an act of the outbox."""

    id: str
    kind: str
    target: str
    state: str
    stands_on: tuple[str, ...] = ()
    hold_until: int | None = None
    next_at: int | None = None


def ready(acts: Iterable[Waiting], now_ms: int, most: int | None = None) -> list[str]:
    """Ids of the open acts that may leave now, in order; with `most` the first so many. `acts`: the whole outbox in
    the order it was made."""
    stuck: set[str] = set()
    held_targets: set[str] = set()
    unmade_targets: set[str] = set()
    leaving: list[str] = []
    for act in acts:
        if len(leaving) == most:
            break
        later = any(now_ms < (at or 0) <= now_ms + LONGEST_MS for at in (act.hold_until, act.next_at))
        if act.state == OpState.OPEN:
            commutes = act.kind in MERGING
            lane = act.target in unmade_targets or (act.target in held_targets and not commutes)
            waits = later or (lane and act.kind != Op.OP_WITHDRAW) or not stuck.isdisjoint(act.stands_on)
            if not waits:
                leaving.append(act.id)
                continue
        elif act.state != OpState.ATTENTION and not later:
            continue
        stuck.add(act.id)
        if act.kind == Op.OP_WITHDRAW:
            continue  # it changes nothing on its target: neither waits for the other nor is waited for
        (unmade_targets if act.kind in CREATING else held_targets).add(act.target)
    return leaving


def _outbox(conn: Connection) -> Iterator[Waiting]:
    rows = conn.execute(
        "SELECT id, kind, target, state, deps, basis, hold_until, next_at FROM outbox WHERE state <> 'acked' ORDER BY n"
    )
    return (Waiting(row[0], row[1], row[2], row[3], stands_on(row[1], row[4], row[5]), row[6], row[7]) for row in rows)


def pushable(conn: Connection, now: datetime, most: int | None = None) -> list[str]:
    """Ids of the open acts that may be sealed and sent now, in order; with `most` the first so many."""
    return ready(_outbox(conn), clock.to_ms(now), most)


def has_pushable(conn: Connection, now: datetime) -> bool:
    """Whether a push has something to send: sealed acts without an answer, or open ones."""
    waiting = conn.execute(
        f"SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'sealed' AND {_DUE})",
        (clock.to_ms(now),),
    ).fetchone()[0]
    return bool(waiting) or bool(pushable(conn, now, 1))


def seal_batch(
    conn: Connection,
    signer: Signer,
    device: str,
    inc: str,
    now: datetime,
    *,
    max_ops: int = 100,
    max_bytes: int = 256 * 1024,
    from_counter: int | None = None,
) -> list[dict[str, Any]]:
    """The next push: envelopes in the order of their counters, sealed ones first. Run inside one `write()`.

    What was sealed under another incarnation or device and has no answer is sealed again: one push is one chain, and
    central knows such an act by its id and body.

    At least one act is given if any may leave, also when it alone is over `max_bytes`. With `from_counter` (central
    misses acts from there on) what was sealed from it on, answered or not; nothing when that act is no longer held.
    """
    if from_counter is not None:
        return _fitting(_resending(conn, device, inc, from_counter, max_ops), max_bytes)
    now_ms = clock.to_ms(now)
    sent = conn.execute(
        f"SELECT envelope FROM outbox WHERE state = 'sealed' AND {_DUE} AND {_OURS} ORDER BY counter LIMIT ?4",
        (now_ms, inc, device, max_ops),
    )
    held = [json.loads(row[0]) for row in sent.fetchall()]
    batch = _fitting(held, max_bytes)
    if len(batch) < len(held):
        return batch
    room = max_bytes - sum(len(_octets(envelope)) for envelope in batch)
    foreign = conn.execute(
        f"SELECT id FROM outbox WHERE state = 'sealed' AND {_DUE} AND NOT ({_OURS}) ORDER BY n",
        (now_ms, inc, device),
    )
    most = max_ops - len(batch)
    waiting = [str(row[0]) for row in foreign.fetchall()] + pushable(conn, now, most)
    fresh = _unsealed(conn, device, inc, waiting[:most], room, bool(batch))
    if fresh:
        batch += _seal(conn, signer, device, inc, fresh)
    return batch


def seal_all(conn: Connection, signer: Signer, device: str, inc: str, now: datetime) -> int:
    """Seal every act that may leave, held ones too: the person goes, so nobody takes one back. Returns how many."""
    conn.execute("UPDATE outbox SET hold_until = NULL WHERE state = 'open' AND hold_until IS NOT NULL")
    sealed = 0
    while waiting := pushable(conn, now, SEAL_OPS):
        sealed += len(_seal(conn, signer, device, inc, _unsealed(conn, device, inc, waiting, SEAL_ROOM, False)))
    return sealed


def sealed_unanswered(conn: Connection, device: str, inc: str) -> list[dict[str, Any]]:
    """Envelopes of the chain in use that central has not answered, in the order of their counters."""
    rows = conn.execute(
        "SELECT envelope FROM outbox WHERE state = 'sealed' AND inc = ?2 AND json_extract(envelope, '$.device') = ?1"
        " ORDER BY counter",
        (device, inc),
    )
    return [json.loads(row[0]) for row in rows]


_OURS = "inc = ?2 AND json_extract(envelope, '$.device') = ?3"
"""What was sealed as part of the chain in use."""


def _octets(envelope: dict[str, Any]) -> bytes:
    """An envelope as JSON. Loaded when something first leaves, not before a console's first row."""
    import msgspec

    return msgspec.json.encode(envelope)


def _fitting(envelopes: list[dict[str, Any]], max_bytes: int) -> list[dict[str, Any]]:
    total = 0
    for place, envelope in enumerate(envelopes):
        total += len(_octets(envelope))
        if place and total > max_bytes:
            return envelopes[:place]
    return envelopes


def _unsealed(
    conn: Connection, device: str, inc: str, op_ids: list[str], room: int, has_others: bool
) -> list[dict[str, Any]]:
    """Envelopes without a seal for as many of the acts as there is room for."""
    skew = int(conn.execute("SELECT offset FROM clock").fetchone()[0])
    acts = {row["id"]: row for row in conn.execute(f"SELECT * FROM outbox WHERE id {IN}", (bind(op_ids),))}
    found: list[dict[str, Any]] = []
    for op_id in op_ids:
        envelope = _envelope(acts[op_id], device, inc, skew)
        room -= len(_octets(envelope)) + SEAL_BYTES
        if room < 0 and (found or has_others):
            break
        found.append(envelope)
    return found


def _envelope(row: Any, device: str, inc: str, skew: int) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "op": row["id"],
        "device": device,
        "inc": inc,
        "actor": row["actor"],
        "kind": row["kind"],
        "kv": row["version"],
        "target": row["target"],
        "basis": json.loads(row["basis"]),
        "made_at": clock.iso_ms(row["made_at"]),
        "skew": skew,
        "args": json.loads(row["args"]),
        "before": json.loads(row["before"]),
        "deps": json.loads(row["deps"]),
    }
    if row["cause"]:
        envelope["cause"] = row["cause"]
    if row["seen_at"] is not None:
        envelope["seen_at"] = clock.iso_ms(row["seen_at"])
    return envelope


def _seal(
    conn: Connection, signer: Signer, device: str, inc: str, envelopes: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    from .. import seal  # brings cryptography in: not before the first push

    counter, prev = chain_head(conn, device, inc)
    sealed = signer.seal(counter + 1, prev, envelopes)
    conn.executemany(
        "UPDATE outbox SET state = 'sealed', inc = ?, counter = ?, envelope = ?, attempts = attempts + 1 WHERE id = ?",
        [(inc, item["counter"], _octets(item).decode(), item["op"]) for item in sealed],
    )
    conn.execute(
        "INSERT INTO chain (device, inc, counter, link) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (device, inc) DO UPDATE SET counter = excluded.counter, link = excluded.link",
        (device, inc, sealed[-1]["counter"], seal.link(sealed[-1])),
    )
    return sealed


def chain_head(conn: Connection, device: str, inc: str) -> tuple[int, str]:
    """(last counter given, its link) of this device and incarnation; (0, "") before the first."""
    row = conn.execute("SELECT counter, link FROM chain WHERE device = ? AND inc = ?", (device, inc)).fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _resending(conn: Connection, device: str, inc: str, counter: int, limit: int) -> list[dict[str, Any]]:
    """What was sealed from `counter` on, the journal included; empty when that very act is no longer held.

    Empty too when one of them was refused, taken back or let go: a central that was set back might apply it now, behind
    the back of whoever settled it. Then a new chain carries what still stands.
    """
    found = conn.execute(
        "SELECT envelope, state FROM (SELECT inc, counter, envelope, state FROM outbox UNION ALL"
        " SELECT inc, counter, envelope, state FROM journal)"
        f" WHERE counter >= ?1 AND envelope IS NOT NULL AND {_OURS} ORDER BY counter LIMIT ?4",
        (counter, inc, device, limit),
    ).fetchall()
    if any(row[1] not in (OpState.SEALED, OpState.ACKED, OpState.DONE) for row in found):
        return []
    envelopes = [json.loads(row[0]) for row in found]
    return envelopes if envelopes and envelopes[0]["counter"] == counter else []

"""Central's last word on ops: push, central's own commands, and what became of an op.

A push is one transaction: the device is locked, what the batch names is read in a few statements, every op is decided
in memory, everything is written in bulk, and the answer leaves after the commit. Only if a write fails is the batch
done again op by op, so that the op at fault is the only one to suffer (it is quarantined after the third failure).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from .. import clock, records
from ..domain.commands import Command
from ..domain.model import Person
from ..domain.terms import Op, Result
from ..errors import NotFound
from ..sync.wire import Envelope, OpResult
from . import audit, loading, sql, standing, world, writing
from .db import Central
from .envelopes import Chain, Place, command_of, link_of, malformed, same_body, signed_of
from .judge import Batch, Claim, Verdict, quarantined
from .loading import Known
from .problems import ProblemError
from .signatures import Checks
from .system import SYSTEM
from .writing import Answer

log = logging.getLogger(__name__)

DONE = frozenset({Result.APPLIED, Result.MERGED})
ACTIVE = "active"
"""State of a device that was not revoked."""
OPEN_ENDED = frozenset({Result.DEFERRED, Result.UNSUPPORTED})
"""Answers that may change when the op comes again: its dependency has arrived, or central was upgraded."""
ALONE_TRIES = 2
"""Tries of an op by itself after its batch failed: with that, the third failure quarantines it."""

_DEVICE = "SELECT state, inc, last_counter, last_link FROM device WHERE id = :id"
_PERSON = sql.select("person", "id = :id")
_ADVANCE = text(
    "UPDATE device SET inc = :inc, last_counter = :counter, last_link = :link, last_seen_at = :seen WHERE id = :id"
)
_FORMER = text("SELECT DISTINCT inc FROM op WHERE device = :device AND inc IS NOT NULL")
_STATUS = sql.listed("SELECT op_id, result FROM op WHERE op_id IN :ids AND actor = :actor")


def push(
    central: Central, person: Person, device_row: Mapping[str, Any], envelopes: Sequence[Envelope], now: datetime
) -> list[OpResult]:
    """Answers a device's sealed ops, in order. `now` is when they were received.

    `device_row` holds at least `id` and `public_key`. Person and device count as they are once the device is locked:
    ProblemError `session_ended` when it was revoked meanwhile, unless its person has left, whose acts are kept but
    never applied. NotFound when the device is unknown; SQLAlchemy's OperationalError when the database can't write now
    (locked, full, gone): then nothing was done and the same push may be sent again.
    """
    device = str(device_row["id"])
    checks = Checks(str(device_row["public_key"]))
    asked = [_asked(envelope, checks) for envelope in envelopes]
    checks.begin()
    ahead = _ahead(person, device, asked)
    try:
        with central.write() as conn:
            return _push(central, conn, person, device, asked, now, ahead)
    except DBAPIError as error:
        if isinstance(error, OperationalError):
            raise
        log.warning("push falls back to single ops", extra={"device": device, "error": type(error.orig).__name__})
    with central.write() as conn:
        return [_alone(central, conn, person, device, item, now, ahead) for item in asked]


def system(central: Central, commands: Sequence[Command], now: datetime | None = None) -> list[OpResult]:
    """Applies commands that nobody signed, in one transaction: central's own, imports' and the demo's.

    Each counts at `now`, or without it at its own `made_at` (a past that is told afterwards). A command that names no
    basis stands on the ticket as it is. An op id that is known is answered `duplicate`.
    """
    try:
        return _system(central, commands, now)
    except IntegrityError:  # another worker made one of the same ops meanwhile: now it is known
        return _system(central, commands, now)


def _system(central: Central, commands: Sequence[Command], now: datetime | None) -> list[OpResult]:
    with central.write() as conn:
        return system_within(central, conn, commands, now)


def system_within(
    central: Central, conn: Connection, commands: Sequence[Command], now: datetime | None
) -> list[OpResult]:
    """`system` in the caller's transaction, which has not changed the set-up before: what is read of it is kept."""
    here = world.load(central, conn)
    ground = loading.ground(central, conn, commands)
    known = loading.known_ops(conn, named(commands))
    batch = Batch(here, ground, claims(known))
    results: dict[int, OpResult] = {}
    answers: list[tuple[int, Answer]] = []
    fresh: dict[str, Result] = {}
    for place, command in enumerate(commands):
        if command.id in known:
            results[place] = _duplicate(known[command.id].result)
        elif command.id in fresh:
            results[place] = OpResult(op=command.id, result=Result.DUPLICATE, data={"result": fresh[command.id]})
        else:
            actor = here.persons.get(command.actor, SYSTEM)
            received = now or command.made_at
            verdict = depends(command, known, fresh) or batch.judge(command, actor, received, own=True)
            fresh[command.id] = verdict.code
            answers.append((place, Answer(command, None, verdict, received)))
    written = writing.write(conn, batch, [answer for _, answer in answers], now or clock.now())
    results |= {place: result for (place, _), result in zip(answers, written, strict=True)}
    return [results[place] for place in range(len(commands))]


def statuses(central: Central, person: Person, op_ids: Sequence[str]) -> list[OpResult]:
    """The answers of those of a person's own ops that central knows."""
    ids = sorted({op_id for op_id in op_ids if sql.storable(op_id)})
    if not ids:
        return []
    with central.read() as conn:
        rows = conn.execute(_STATUS, {"ids": ids, "actor": person.id}).mappings().all()
    found = {row["op_id"]: msgspec.json.decode(row["result"], type=OpResult) for row in rows}
    return [found[op_id] for op_id in op_ids if op_id in found]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One op as it was sent. No command = malformed."""

    envelope: Envelope
    link: str | None
    command: Command | None
    checks: Checks
    place: int = -1
    """Of its signature among those that are being checked; none for an op whose body is not the one that was hashed."""

    @property
    def genuine(self) -> bool:
        """Whether hash and signature hold."""
        return self.place >= 0 and self.checks.hold(self.place)


def _asked(envelope: Envelope, checks: Checks) -> _Asked:
    """What can be said about an op before any lock is taken."""
    signed = signed_of(envelope)
    link = link_of(envelope, signed)
    if malformed(envelope):
        return _Asked(envelope, link, None, checks)
    sound = same_body(envelope, envelope.args, envelope.before)
    place = checks.add(signed, envelope.sig) if sound else -1
    return _Asked(envelope, link, command_of(envelope), checks, place)


def _push(
    central: Central, conn: Connection, person: Person, device: str, asked: Sequence[_Asked], now: datetime,
    ahead: frozenset[str],
) -> list[OpResult]:  # fmt: skip
    chain, person = _locked(central, conn, device, person)
    if any(item.envelope.inc != chain.inc for item in asked):
        chain.former = frozenset(conn.execute(_FORMER, {"device": device}).scalars()) - {chain.inc}
    commands = [item.command for item in asked if item.command is not None]
    ground = loading.ground(central, conn, commands)
    known = loading.known_ops(conn, named(commands))  # after the locks: another device may just have brought the op
    batch = Batch(world.load(central, conn), ground, claims(known))
    marked = loading.withdrawn(conn, (command.id for command in commands))
    taken_back = ahead | {op_id for op_id, actor in marked if actor == person.id}
    gate = _Gate(conn, person, device, chain, known, batch, taken_back, standing.of(conn, person, now))
    results: list[OpResult | None] = []
    answers: list[Answer] = []
    for item in asked:
        outcome = gate.answer(item, now)
        if isinstance(outcome, Answer):
            answers.append(outcome)
        results.append(None if isinstance(outcome, Answer) else outcome)
    _advance(conn, device, chain, now)
    written = iter(writing.write(conn, batch, answers, now))
    return [result if result is not None else next(written) for result in results]


def _alone(
    central: Central, conn: Connection, person: Person, device: str, item: _Asked, now: datetime, ahead: frozenset[str]
) -> OpResult:
    """One op of a batch that failed, in a savepoint of its own."""
    verdict = None
    for _ in range(ALONE_TRIES):
        try:
            with audit.attempt(conn):
                return _push(central, conn, person, device, [item], now, ahead)[0]
        except DBAPIError as error:
            if isinstance(error, OperationalError):
                raise
            verdict = quarantined(item.envelope.op, error)
    assert verdict is not None
    assert item.command is not None  # a malformed op writes nothing that could fail
    chain, _person = _locked(central, conn, device, person)
    chain.advance(item.envelope, item.link)
    _advance(conn, device, chain, now)
    batch = Batch(world.load(central, conn), loading.Ground(), {})
    return writing.write(conn, batch, [Answer(item.command, item.envelope, verdict, now)], now)[0]


def _locked(central: Central, conn: Connection, device: str, person: Person) -> tuple[Chain, Person]:
    """The end of the device's chain, locked, so that pushes of one device come one after the other; and the person as
    they are now, which may be less than the request was let in for."""
    row = conn.execute(text(_DEVICE + central.for_update), {"id": device}).mappings().first()
    if row is None:
        raise NotFound("device_unknown")
    person = records.from_row(Person, sql.rows(conn, _PERSON, id=person.id)[0])
    if row["state"] != ACTIVE and person.active:
        raise ProblemError("session_ended")
    return Chain(row["inc"], row["last_counter"], row["last_link"]), person


def _advance(conn: Connection, device: str, chain: Chain, now: datetime) -> None:
    binds = {"inc": chain.inc, "counter": chain.counter, "link": chain.link, "seen": clock.to_ms(now), "id": device}
    conn.execute(_ADVANCE, binds)


class _Gate:
    """The tests that an op passes before the rules of the trade are asked."""

    def __init__(
        self, conn: Connection, person: Person, device: str, chain: Chain, known: dict[str, Known], batch: Batch,
        taken_back: frozenset[str], history: standing.History,
    ) -> None:  # fmt: skip
        self.conn, self.person, self.device, self.history = conn, person, device, history
        self.chain, self.known, self.batch = chain, known, batch
        self.taken_back = taken_back
        self.fresh: dict[str, Result] = {}
        self.bodies: dict[str, str] = {}
        self.awaited: dict[str, list[str]] = {}
        """What deferred ops of this push wait for."""

    def answer(self, item: _Asked, now: datetime) -> Answer | OpResult:
        """An `Answer` is decided here and must be written; an `OpResult` is final and leaves nothing behind."""
        envelope, command = item.envelope, item.command
        if envelope.device != self.device:
            return OpResult(op=envelope.op, result=Result.FORBIDDEN, reason="device_mismatch")
        place = self.chain.place(envelope)
        before = self.known.get(envelope.op)
        if command is not None and before is None and envelope.op not in self.fresh and place is not Place.NEXT:
            if place is Place.GAP:
                return OpResult(op=envelope.op, result=Result.GAP, data={"expected": self.chain.expected(envelope)})
            return OpResult(op=envelope.op, result=Result.FORKED, data={"inc": envelope.inc})
        if place is Place.NEXT:
            self.chain.advance(envelope, item.link)
        if command is None:
            return OpResult(op=envelope.op, result=Result.INVALID, reason="bad_envelope")
        if self._reused(envelope, before):
            return OpResult(op=envelope.op, result=Result.INVALID, reason="op_id_reused")
        if envelope.op in self.fresh:
            return OpResult(op=envelope.op, result=Result.DUPLICATE, data={"result": self.fresh[envelope.op]})
        if before is not None and before.result.result not in OPEN_ENDED:
            return _duplicate(before.result)
        verdict = self._judge(item, command, now)
        self.fresh[envelope.op], self.bodies[envelope.op] = verdict.code, envelope.body
        return Answer(command, envelope, verdict, now, again=before is not None)

    def _judge(self, item: _Asked, command: Command, now: datetime) -> Verdict:
        if not item.genuine:
            return Verdict(code=Result.FORBIDDEN, reason="bad_signature")
        if command.actor != self.person.id:
            return Verdict(code=Result.FORBIDDEN, reason="actor_mismatch")
        if command.id in self.taken_back:
            return Verdict(code=Result.INVALID, reason=WITHDRAWN)
        if command.kind not in _KINDS:
            return Verdict(code=Result.UNSUPPORTED, reason="op_unsupported", data={"kind": command.kind})
        if command.kind.startswith("system."):
            return Verdict(code=Result.FORBIDDEN, reason="no_right", data={"kind": command.kind})
        cause = self.known.get(command.cause or "")
        if cause is not None and RELEASED in cause.result.data and _same_act(command, cause):
            return Verdict(code=Result.INVALID, reason="done_from_quarantine", data={"op": command.cause})
        waiting = depends(command, self.known, self.fresh)
        if waiting is not None and waiting.code == Result.DEFERRED:
            waiting = self._deferred(command, waiting)
        made = min(max(command.made_at, command.seen_at or command.made_at), now)
        then, answered = self.history.at(made), self._answered(command)
        return waiting or self.batch.judge(command, self.person, now, answered=answered, then=then)

    def _deferred(self, command: Command, waiting: Verdict) -> Verdict:
        """`waiting`, unless what the command waits for waits for the command: a circle that nothing ever opens."""
        front, passed = set(waiting.data["missing"]), set[str]()
        while front and command.id not in front and len(passed) < CIRCLE_MOST:
            passed |= front
            stored = loading.known_ops(self.conn, front - self.awaited.keys()).items()
            steps = [item.result.data for _, item in stored if item.result.result == Result.DEFERRED]
            steps += [{"missing": self.awaited[op]} for op in front & self.awaited.keys()]
            front = {dep for data in steps for dep in data.get("missing", ())} - passed
        if command.id in front:
            return Verdict(code=Result.INVALID, reason="dependency_refused", data={"ops": waiting.data["missing"]})
        self.awaited[command.id] = list(waiting.data["missing"])
        return waiting

    def _answered(self, command: Command) -> Result | None:
        """The answer so far to the op that an `op.withdraw` names; another person's op is as good as unknown."""
        known = self.known.get(_withdraws(command) or "")
        if known is None or known.actor != self.person.id or known.result.reason == WITHDRAWN:
            return None
        return Result(known.result.result)

    def _reused(self, envelope: Envelope, before: Known | None) -> bool:
        """Whether the op's id stands for another body. The same body sealed again (after a fork) is the same op."""
        if envelope.op in self.bodies:
            return self.bodies[envelope.op] != envelope.body
        if before is None:
            return False
        if before.device != self.device and before.actor != self.person.id:
            return True  # somebody else's, whatever it says: its answer is none of this person's business
        if before.body == envelope.body:
            return False
        stored = loading.stored_body(self.conn, envelope.op)
        return stored is not None and not same_body(envelope, *stored)  # of an erased one nobody can tell any more


CIRCLE_MOST = 1_000
"""Ops that are looked at for a circle of dependencies; longer rows of waiting ops are no work of a person."""
_KINDS = frozenset(str(kind) for kind in Op)
RELEASED = "released"
"""Key in the data of the answer to an op that was done out of quarantine: by whom and when."""
WITHDRAWN = "withdrawn"
"""Reason of an op that its author took back."""


def _same_act(command: Command, known: Known) -> bool:
    """Whether a command asks once more for what an op has done."""
    same = (known.actor, known.kind, known.target) == (command.actor, command.kind, command.target)
    return same and known.result.result in DONE


def _withdraws(command: Command) -> str | None:
    """The op that a command takes back."""
    named = command.args.get("op") if command.kind == Op.OP_WITHDRAW else None
    return named if isinstance(named, str) else None


def _ahead(person: Person, device: str, asked: Sequence[_Asked]) -> frozenset[str]:
    """Ops that this push itself takes back: their author's last word on them has arrived with them."""
    found = (
        _withdraws(item.command)
        for item in asked
        if item.command is not None
        and item.genuine
        and (item.command.actor, item.command.version, item.envelope.device) == (person.id, 1, device)
    )
    return frozenset(filter(None, found))


def named(commands: Iterable[Command]) -> set[str]:
    """Every op id that commands speak of: their own, those they depend on, take back or follow, and their claims."""
    ids: set[str] = set()
    for command in commands:
        ids.update((command.id, *command.deps, *filter(None, [_withdraws(command)])))
        ids.update(filter(None, (command.basis.claim, command.cause)))
    return ids


def claims(known: Mapping[str, Known]) -> dict[str, Claim]:
    """Applied claims among known ops."""
    return {
        op_id: Claim(item.actor, item.target, item.result.data["epoch"])
        for op_id, item in known.items()
        if item.result.result in DONE and "epoch" in item.result.data
    }


def depends(command: Command, known: Mapping[str, Known], fresh: Mapping[str, Result]) -> Verdict | None:
    """None when all that the command depends on is applied; it waits for what is unknown or itself waiting.

    A dependency that was refused will not be applied any more (its retry is another op), so waiting has no end.
    """
    missing, refused = [], []
    for dep in command.deps:
        code = fresh.get(dep) or (known[dep].result.result if dep in known else None)
        if code is None or code in OPEN_ENDED:
            missing.append(dep)
        elif code not in DONE:
            refused.append(dep)
    if refused:
        return Verdict(code=Result.INVALID, reason="dependency_refused", data={"ops": refused})
    return Verdict(code=Result.DEFERRED, reason="dependency_missing", data={"missing": missing}) if missing else None


def _duplicate(original: OpResult) -> OpResult:
    """The lasting answer, repeated."""
    return msgspec.structs.replace(
        original, result=str(Result.DUPLICATE), data={"result": original.result, **original.data}
    )

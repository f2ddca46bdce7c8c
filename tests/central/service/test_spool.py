"""What another person's laptop sealed to central: judged as their own, and of no use to anybody else."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import escrow
from msc_console.central import spool, tokens
from msc_console.central.tokens import Session
from msc_console.sync.wire import PUSH_OPS, Envelope, OpResult

from .conftest import Laptop, Place, Server
from .talk import create
from .test_auth import problem


def _signed_in(place: Place, login: str) -> tuple[Laptop, Session, str]:
    laptop = Laptop.new()
    made = place.sign_in(login, laptop)
    return laptop, tokens.authenticate(place.central, made.access, "access", place.hands.at), made.access


def _sealed(place: Place, device: str, ops: Sequence[Envelope], **changes: Any) -> str:
    document = {"device": device, "ops": [msgspec.to_builtins(op) for op in ops]} | changes.get("other", {})
    sealed = escrow.seal_to(escrow.public_of(place.key.spool), document)
    return base64.b64encode(sealed).decode()


def _take(place: Place, session: Session, sealed: str) -> list[OpResult]:
    return spool.take(place.central, place.key, sealed, session, place.hands.at)[1]


def _tickets(place: Place) -> int:
    with place.central.read() as conn:
        return int(conn.execute(text("SELECT count(*) FROM ticket")).scalar_one())


@pytest.mark.protocol("P-200", "P-202")
def test_the_next_persons_laptop_brings_it_and_hears_the_count_alone(place: Place, server: Server) -> None:
    rina, _, access = _signed_in(place, "rina")
    _, _, other = _signed_in(place, "budi")
    ops = [create(place, rina), create(place, rina, "Kedua")]
    reply = server(other).post("/v1/spool", json={"sealed": _sealed(place, rina.device, ops)})
    assert (reply.status_code, reply.json()) == (200, {"count": 2})
    body = {"device": rina.device, "ops": [msgspec.to_builtins(op) for op in ops]}
    own = server(access).post("/v1/push", json=body).json()["results"]
    assert [(item["result"], item["data"]["result"]) for item in own] == [("duplicate", "applied")] * 2
    told = server(other).post("/v1/ops/status", json={"ops": [op.op for op in ops]}).json()
    assert told["results"] == []
    assert _tickets(place) == 2
    with place.central.read() as conn:
        row = conn.execute(text("SELECT actor, data FROM audit WHERE act = 'spool.bring'")).one()
        assert conn.execute(text("SELECT DISTINCT actor FROM op")).scalars().all() == [rina.person]
    assert row.actor != rina.person
    assert json.loads(row.data)["ops"] == 2


@pytest.mark.protocol("P-201")
def test_brought_twice_or_after_the_owners_push_it_changes_nothing(place: Place, server: Server) -> None:
    rina, session, access = _signed_in(place, "rina")
    op = create(place, rina)
    sealed = _sealed(place, rina.device, [op])
    body = {"device": rina.device, "ops": [msgspec.to_builtins(op)]}
    assert server(access).post("/v1/push", json=body).json()["results"][0]["result"] == "applied"
    assert [item.result for _ in range(2) for item in _take(place, session, sealed)] == ["duplicate"] * 2
    later = create(place, rina, "Lain")
    assert [item.result for item in _take(place, session, _sealed(place, rina.device, [later]))] == ["applied"]
    assert _tickets(place) == 2


@pytest.mark.protocol("P-203")
def test_what_its_device_did_not_sign_moves_nothing(place: Place) -> None:
    rina, _, _ = _signed_in(place, "rina")
    budi, session, _ = _signed_in(place, "budi")
    good = create(place, rina)
    forged = Laptop(budi.private, budi.public, rina.device, rina.person, inc="i2")
    wrong: list[tuple[str, list[Envelope]]] = [
        (rina.device, [create(place, forged)]),  # a chain of its own making would cut hers off
        (rina.device, [good, create(place, forged)]),
        (rina.device, [msgspec.structs.replace(good, args={**good.args, "subject": "Lain"})]),
        (rina.device, [msgspec.structs.replace(good, op="no id")]),
        (rina.device, [create(place, budi)]),
        (budi.device, [good]),
        ("nobody", [good]),
        (rina.device, []),
        (rina.device, [good] * (PUSH_OPS + 1)),
    ]
    for device, ops in wrong:
        refused = problem(lambda device=device, ops=ops: _take(place, session, _sealed(place, device, ops)))
        assert refused.code == "spool_unreadable"
    with place.central.read() as conn:
        at = conn.execute(text("SELECT inc, last_counter FROM device WHERE id = :id"), {"id": rina.device}).one()
    assert tuple(at) == (None, 0)
    assert _tickets(place) == 0
    assert [item.result for item in _take(place, session, _sealed(place, rina.device, [good]))] == ["applied"]


@pytest.mark.protocol("P-203")
def test_what_central_can_not_read_is_said_to_be_so(place: Place, server: Server) -> None:
    rina, _, access = _signed_in(place, "rina")
    whole = _sealed(place, rina.device, [create(place, rina)])
    _, stranger = escrow.new_identity()
    raw = base64.b64decode(whole)
    wrong = [
        "", "%%%", "é", whole[:-8], base64.b64encode(raw[:-1]).decode(), base64.b64encode(raw + b"x").decode(),
        base64.b64encode(escrow.seal_to(stranger, {"device": rina.device, "ops": []})).decode(),
        _sealed(place, rina.device, [], other={"ops": 7}), _sealed(place, rina.device, [], other={"device": None}),
    ]  # fmt: skip
    client = server(access)
    for sealed in wrong:
        reply = client.post("/v1/spool", json={"sealed": sealed})
        assert (reply.status_code, reply.json()["code"]) == (400, "spool_unreadable"), sealed[:20]
    assert client.post("/v1/spool", json={"sealed": "A" * 500_000}).status_code in (400, 413)


@pytest.mark.protocol("P-204")
def test_a_revoked_device_has_no_more_say_and_of_a_person_who_has_left_nothing_is_done(place: Place) -> None:
    rina, _, _ = _signed_in(place, "rina")
    _, session, _ = _signed_in(place, "budi")
    first, op, other = create(place, rina), create(place, rina), create(place, rina)
    assert [item.result for item in _take(place, session, _sealed(place, rina.device, [first]))] == ["applied"]
    place.hands.move(seconds=30)
    with place.central.write() as conn:
        conn.execute(text("UPDATE device SET state = 'revoked' WHERE id = :id"), {"id": rina.device})
    assert _take(place, session, _sealed(place, rina.device, [op])) == []
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET active = 0 WHERE login = 'rina'"))
    left = _take(place, session, _sealed(place, rina.device, [op, other, create(place, rina)]))
    assert [item.result for item in left] == ["quarantined", "quarantined", "forbidden"]
    assert _tickets(place) == 1

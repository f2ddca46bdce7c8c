"""Fields of a newer version's ops pass every way in: a push plain or packed, and a spool."""

import base64
import json
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text

from msc_console import escrow, seal
from msc_console.central import spool, tokens
from msc_console.packing import pack
from msc_console.sync.wire import Envelope, PushReply

from .conftest import Laptop, Place, Server
from .talk import create, failed


def newer(laptop: Laptop, op: Envelope) -> dict[str, Any]:
    """The laptop's last op as a newer version would have sealed it."""
    whole: dict[str, Any] = msgspec.to_builtins(op) | {"via": {"bundle": "b1"}}
    whole["sig"] = seal.sign(laptop.private, seal.signed_bytes(whole))
    laptop.prev = seal.link(whole)
    return whole


def kept(place: Place, op: str) -> Any:
    with place.central.read() as conn:
        return json.loads(conn.execute(text("SELECT envelope FROM op WHERE op_id = :op"), {"op": op}).scalar_one())


@pytest.mark.protocol("P-043")
def test_a_push_plain_or_packed_keeps_them(place: Place, server: Server, laptop: Laptop) -> None:
    client = server(place.sign_in("rina", laptop).access)
    for headers, way in ({}, bytes), ({"Content-Encoding": "zstd"}, pack):
        op = newer(laptop, create(place, laptop))
        body = json.dumps({"device": laptop.device, "ops": [op], "later": 1}).encode()
        sent = client.post("/v1/push", content=way(body), headers={"Content-Type": "application/json", **headers})
        results = msgspec.json.decode(sent.content, type=PushReply).results
        assert [item.result for item in results] == ["applied"], results
        assert kept(place, op["op"])["via"] == {"bundle": "b1"}


@pytest.mark.protocol("P-043", "P-200")
def test_a_spool_keeps_them(place: Place) -> None:
    rina, other = Laptop.new(), Laptop.new()
    place.sign_in("rina", rina)
    bringer = tokens.authenticate(place.central, place.sign_in("budi", other).access, "access", place.hands.at)
    op = newer(rina, create(place, rina))
    sealed = escrow.seal_to(escrow.public_of(place.key.spool), {"device": rina.device, "ops": [op]})
    _, results = spool.take(place.central, place.key, base64.b64encode(sealed).decode(), bringer, place.hands.at)
    assert [item.result for item in results] == ["applied"]
    assert kept(place, op["op"])["via"] == {"bundle": "b1"}


@pytest.mark.protocol("P-041")
def test_nesting_without_end_in_an_unknown_field_is_a_bad_request(place: Place, server: Server, laptop: Laptop) -> None:
    client = server(place.sign_in("rina", laptop).access)
    op = json.dumps(msgspec.to_builtins(create(place, laptop)))[:-1] + ', "via": ' + "[" * 60_000 + "]" * 60_000 + "}"
    body = f'{{"device": "{laptop.device}", "ops": [{op}]}}'.encode()
    sent: httpx.Response = client.post("/v1/push", content=body, headers={"Content-Type": "application/json"})
    failed(sent, 400, "invalid_request")

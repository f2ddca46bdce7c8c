"""Saying and hearing things over the API."""

from typing import Any

import httpx
import msgspec
from uuid_utils import uuid7

from msc_console.central.system import SYSTEM, op_id
from msc_console.clock import iso
from msc_console.domain.commands import Command
from msc_console.sync.wire import PROBLEM, Envelope, Line, OpResult, PushReply

from .conftest import Laptop, Place

lines = msgspec.json.Decoder(Line).decode_lines


def create(place: Place, laptop: Laptop, subject: str = "Meterai gagal", **more: str) -> Envelope:
    args = {
        "subject": subject, "queue": "triage", "urgency": "high", "impact": "low", "channel": "phone",
        "kind": "incident", "contact_at": iso(place.hands.at), "body": "",
    } | more  # fmt: skip
    return laptop.op("ticket.create", str(uuid7()), args, place.hands.at)


def told_by_central(place: Place, name: str, queue: str = "triage") -> Command:
    args = {
        "subject": name, "queue": queue, "urgency": "low", "impact": "low", "channel": "email",
        "kind": "incident", "contact_at": iso(place.hands.at), "body": "",
    }  # fmt: skip
    return Command(
        id=op_id(name), kind="ticket.create", actor=SYSTEM.id, target=op_id(name, "ticket"), args=args,
        made_at=place.hands.at,
    )  # fmt: skip


def push(client: httpx.Client, laptop: Laptop, ops: list[Envelope]) -> list[OpResult]:
    body = {"device": laptop.device, "ops": msgspec.to_builtins(ops)}
    reply = client.post("/v1/push", json=body)
    assert reply.status_code == 200, reply.text
    return msgspec.json.decode(reply.content, type=PushReply).results


def page(reply: httpx.Response) -> tuple[list[Line], Line]:
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/x-ndjson"
    *found, end = lines(reply.content)
    assert (end.t, end.rows) == ("end", len(found))
    return found, end


def pull(client: httpx.Client, cursor: str = "", limit: int = 500) -> tuple[list[Line], str]:
    """Everything after a cursor, page by page."""
    found: list[Line] = []
    while True:
        new, end = page(client.get("/v1/changes", params={"cursor": cursor, "limit": limit}))
        found, cursor = found + new, end.cursor
        if end.up_to_date:
            return found, cursor


def failed(reply: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == PROBLEM
    body: dict[str, Any] = reply.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:msc:problem:{code}")
    assert body["title"]
    assert reply.headers["MSC-Server-Time"].endswith("Z")
    data: dict[str, Any] = body.get("data", {})
    return data

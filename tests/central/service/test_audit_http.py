"""The trail over HTTP: narrowed down, in pages, each reading an act of its own; files that laptops tell of."""

import json
from typing import Any

import httpx
import pytest
from uuid_utils import uuid7

from msc_console.central import audit
from msc_console.domain.terms import Role

from .accounts import audited, person
from .conftest import Laptop, Place, Server

FILE = {"what": "ticket list", "form": "csv", "rows": 12, "made_at": "2026-11-24T03:00:00.000Z"}


@pytest.fixture
def client(place: Place, server: Server, laptop: Laptop) -> httpx.Client:
    """Rina as duty manager, signed in."""
    person(place, "rina", Role.MANAGER)
    return server(place.sign_in("rina", laptop).access)


def read(client: httpx.Client, **asked: str | int) -> list[dict[str, Any]]:
    reply = client.get("/v1/audit", params=asked)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["records"]
    return found


@pytest.mark.protocol("P-230")
def test_each_filter_leaves_what_fits_it(client: httpx.Client, place: Place) -> None:
    budi = person(place, "budi").id
    place.hands.move(minutes=5)
    with place.central.write() as conn:
        audit.add(conn, place.hands.at, budi, "uji.satu", {"person": "p-1"})
        audit.add(conn, place.hands.at, "system", "ujian", {"person": budi})

    def acts(**asked: str | int) -> list[str]:
        return [row["act"] for row in read(client, after=0, **asked) if row["act"] != "audit.read"]

    assert acts(by="budi") == acts(by=budi) == ["uji.satu"]
    assert acts(act="uji") == acts(act="uji.satu") == ["uji.satu"]
    assert acts(about="p-1") == ["uji.satu"]
    assert acts(about="budi", by="system", act="ujian") == ["ujian"]
    assert acts(since="2026-11-24T10:04:00+07:00") == ["uji.satu", "ujian"]
    assert acts(by="siapa") == []
    for wrong in ({"since": "kemarin"}, {"by": "a%"}, {"act": "a b"}, {"about": '"'}):
        assert client.get("/v1/audit", params=wrong).status_code == 400, wrong


@pytest.mark.protocol("P-230")
def test_each_page_that_is_read_is_recorded(client: httpx.Client, place: Place) -> None:
    read(client)
    read(client, after=0, limit=2)
    read(client, after=2, limit=2, by="budi")
    told = [json.loads(row["data"]) for row in read(client, act="audit.read")]
    assert told[:3] == [{"newest": 1000}, {"after": 0}, {"after": 2, "by": person(place, "budi").id}]


@pytest.mark.protocol("P-231")
def test_a_file_that_left_a_laptop_is_recorded(client: httpx.Client, laptop: Laptop) -> None:
    told = FILE | {"id": str(uuid7())}
    assert client.post("/v1/exports", json=told).status_code == 204
    (row,) = read(client, act="export")
    wanted = {"export": told["id"], "device": laptop.device} | {key: FILE[key] for key in FILE}
    assert (row["actor"], json.loads(row["data"])) == (laptop.person, wanted)
    for wrong in ({"what": "Rina Ayu, 0812"}, {"form": "a/b"}, {"id": "x"}, {"made_at": "x"}, {"rows": -1}):
        assert client.post("/v1/exports", json=told | wrong).status_code == 400, wrong
    assert len(read(client, act="export")) == 1


@pytest.mark.protocol("P-231")
def test_who_may_not_export_is_refused(place: Place, server: Server, laptop: Laptop) -> None:
    agent = server(place.sign_in("rina", laptop).access)
    assert agent.post("/v1/exports", json=FILE | {"id": str(uuid7())}).status_code == 403
    assert audited(place, "export") == 0

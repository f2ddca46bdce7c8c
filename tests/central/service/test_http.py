"""The API over real HTTP: sign-in, push and changes round trip, problems, limits, OpenAPI."""

import re

import httpx
import msgspec
import pytest
from uuid_utils import uuid7

from msc_console.central import ledger
from msc_console.central.app import create_app, openapi
from msc_console.central.system import op_id
from msc_console.clock import iso
from msc_console.sync.wire import HEADER, PROBLEM, PUSH_OPS, Hello, StatusReply, Tokens

from .conftest import PASSWORD, Laptop, Place, Server, running
from .talk import create, failed, pull, push, told_by_central


@pytest.mark.protocol("P-001", "P-004", "P-020", "P-062", "P-074", "P-081")
def test_a_shift_over_http(place: Place, server: Server, laptop: Laptop) -> None:
    client = server()
    reply = client.get("/v1/hello")
    hello = msgspec.json.decode(reply.content, type=Hello)
    assert (hello.product, hello.site.name, hello.site.zone) == ("msc-console", "Pusat Uji", "Asia/Jakarta")
    assert reply.headers["MSC-Server-Time"] == hello.server_time == iso(place.hands.at)

    first = client.post("/v1/session", json=msgspec.to_builtins(laptop.asks(hello.nonce, "rina", PASSWORD)))
    assert first.status_code == 200, first.text
    pending = first.json()["token"]
    second = client.post(
        "/v1/session/code", json={"code": place.code("rina")}, headers={"Authorization": f"Bearer {pending}"}
    )
    tokens = msgspec.json.decode(second.content, type=Tokens)
    laptop.device, laptop.person = tokens.device, tokens.person["id"]

    client = server(tokens.access)
    before, cursor = pull(client)
    assert {line.entity for line in before} == {"person", "queue", "service", "policy", "duty", "site"}
    ops = [create(place, laptop, f"Tiket {n}") for n in range(3)]
    results = push(client, laptop, ops)
    assert [item.result for item in results] == ["applied"] * 3
    assert [item.number for item in results] == ["MSC-000001", "MSC-000002", "MSC-000003"]
    again = push(client, laptop, ops)
    assert [(item.result, item.data["result"]) for item in again] == [("duplicate", "applied")] * 3

    news, cursor = pull(client, cursor, limit=1)
    subjects = [line.d["subject"] for line in news if line.entity == "ticket" and isinstance(line.d, dict)]
    assert subjects == ["Tiket 0", "Tiket 1", "Tiket 2"]
    assert {line.id for line in news if line.entity == "entry"} == {item.op for item in ops}
    assert pull(client, cursor)[0] == []

    asked = client.post("/v1/ops/status", json={"ops": [ops[0].op, str(uuid7())]})
    known = msgspec.json.decode(asked.content, type=StatusReply).results
    assert [(item.op, item.result) for item in known] == [(ops[0].op, "applied")]

    renewed = client.post(
        "/v1/session/refresh", json={"refresh": tokens.refresh, "proof": laptop.proof(tokens.refresh)}
    )
    assert renewed.json()["access"] != tokens.access
    assert client.delete("/v1/session").status_code == 204
    failed(client.get("/v1/changes"), 401, "session_ended")


@pytest.mark.protocol("P-074", "P-100")
def test_what_others_may_not_see_is_not_told(place: Place, server: Server, laptop: Laptop) -> None:
    ledger.system(place.central, [told_by_central(place, "Rahasia", "priority"), told_by_central(place, "Umum")])
    client = server(place.sign_in("rina", laptop).access)
    told = [line.d["subject"] for line in pull(client)[0] if line.entity == "ticket" and isinstance(line.d, dict)]
    assert told == ["Umum"]
    asked = client.post("/v1/ops/status", json={"ops": [op_id("Umum")]})
    assert asked.json() == {"results": []}


@pytest.fixture
def signed_in(place: Place, server: Server, laptop: Laptop) -> httpx.Client:
    return server(place.sign_in("rina", laptop).access)


@pytest.mark.protocol("P-001", "P-007", "P-060")
def test_problems_have_one_shape(place: Place, server: Server, signed_in: httpx.Client, laptop: Laptop) -> None:
    anyone = server()
    failed(anyone.get("/v1/nothing"), 404, "not_found")
    failed(anyone.get("/v1/push"), 405, "method_not_allowed")
    failed(anyone.post("/v1/push", json={}), 401, "token_missing")
    failed(anyone.get("/v1/changes", headers={"Authorization": "Basic eDp5"}), 401, "token_missing")
    failed(anyone.get("/v1/changes", headers={"Authorization": "Bearer " + "x" * 43}), 401, "token_unknown")
    assert failed(anyone.post("/v1/session", json={"login": "rina"}), 400, "invalid_request")
    failed(anyone.post("/v1/session", content=b"{"), 400, "invalid_request")
    failed(anyone.post("/v1/session", content=b"[" * 5000), 400, "invalid_request")
    failed(anyone.post("/v1/session", content=b'{"login": "\xff"}'), 400, "invalid_request")
    bad_key = {"login": "rina", "password": PASSWORD, "device_key": "XY"}
    assert failed(anyone.post("/v1/session", json=bad_key), 400, "invalid_request") == {"fields": ["device_key"]}
    wrong = msgspec.to_builtins(place.ask("rina", laptop, "wrong"))
    failed(anyone.post("/v1/session", json=wrong), 401, "credentials_wrong")
    failed(signed_in.get("/v1/changes", params={"cursor": "foreign"}), 410, "cursor_expired")
    for params in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"wait": 26}, {"cursor": "x" * 5000}):
        failed(signed_in.get("/v1/changes", params=params), 400, "invalid_request")
    failed(signed_in.post("/v1/push", json={"device": str(uuid7()), "ops": []}), 403, "forbidden")
    many = [create(place, laptop) for _ in range(PUSH_OPS + 1)]
    body = {"device": laptop.device, "ops": msgspec.to_builtins(many)}
    failed(signed_in.post("/v1/push", json=body), 413, "too_large")
    failed(signed_in.post("/v1/push", content=b" " * 300_000), 413, "too_large")
    failed(anyone.post("/v1/session", content=b" " * 9_000), 413, "too_large")


@pytest.mark.protocol("P-021", "P-074")
def test_a_nul_is_nobodys_name_and_no_ops(
    place: Place, server: Server, signed_in: httpx.Client, laptop: Laptop
) -> None:
    ask = msgspec.to_builtins(place.ask("ri\0na", laptop))
    failed(server().post("/v1/session", json=ask), 401, "credentials_wrong")
    assert signed_in.post("/v1/ops/status", json={"ops": ["\0"]}).json() == {"results": []}


@pytest.mark.protocol("P-007")
def test_no_input_comes_back_in_a_problem(signed_in: httpx.Client, server: Server) -> None:
    canary = "\x1b]52;c;canary\x07"
    for reply in (
        server().post("/v1/session", json={"login": "rina", "password": 7, "device_key": canary}),
        signed_in.get("/v1/changes", params={"limit": canary}),
        signed_in.post("/v1/push", json={"device": canary, "ops": []}),
        server().get("/v1/canary%1B%5B31m"),
    ):
        assert reply.status_code >= 400
        assert "canary" not in reply.text


@pytest.mark.protocol("P-007")
def test_a_crash_gives_a_reference_and_nothing_else(
    place: Place, signed_in: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("locals are secret")

    monkeypatch.setattr(ledger, "statuses", broken)
    reply = signed_in.post("/v1/ops/status", json={"ops": []})
    reference = failed(reply, 500, "internal")["reference"]
    assert "secret" not in reply.text
    assert reference in caplog.text


@pytest.mark.protocol("P-008")
def test_a_locked_database_is_a_passing_thing(
    signed_in: httpx.Client, monkeypatch: pytest.MonkeyPatch, laptop: Laptop
) -> None:
    from sqlalchemy.exc import OperationalError

    def locked(*_args: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("lock timeout"))

    monkeypatch.setattr(ledger, "push", locked)
    reply = signed_in.post("/v1/push", json={"device": laptop.device, "ops": []})
    failed(reply, 503, "unavailable")
    assert reply.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("told", "code"), [("0", "protocol_too_old"), ("2", "protocol_too_new"), ("999", "protocol_too_new")]
)
@pytest.mark.protocol("P-003")
def test_another_protocol_is_told_the_range(server: Server, told: str, code: str) -> None:
    client = server()
    for reply in (
        client.post("/v1/push", json={}, headers={HEADER: told}),
        client.get("/v1/changes", headers={HEADER: told}),
        client.post("/v1/session", json={}, headers={HEADER: told}),
    ):
        assert failed(reply, 426, code) == {"min": 1, "max": 1, "got": int(told)}
    assert client.get("/v1/hello", headers={HEADER: told}).status_code == 200
    failed(client.get("/v1/changes", headers={HEADER: "one"}), 400, "invalid_request")


@pytest.mark.protocol("P-024")
def test_waits_are_told_in_a_header(place: Place, server: Server, laptop: Laptop) -> None:
    client = server()
    body = msgspec.to_builtins(place.ask("rina", laptop, "wrong"))
    for _ in range(5):
        failed(client.post("/v1/session", json=body), 401, "credentials_wrong")
    reply = client.post("/v1/session", json=body)
    assert failed(reply, 429, "too_many_tries") == {"retry_after": 1}
    assert reply.headers["Retry-After"] == "1"


@pytest.mark.protocol("P-001")
def test_the_description_names_every_route_with_its_problems(place: Place) -> None:
    with running(place, describe=True) as url:
        served = httpx.get(f"{url}/v1/schema/openapi.json", trust_env=False)
    assert served.status_code == 200
    document = served.json()
    app = create_app(place.central, place.settings(describe=True))
    assert document["paths"] == msgspec.to_builtins(openapi(app))["paths"]
    routes = {
        (method.lower(), re.sub(r":\w+}", "}", route.path))
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method not in ("OPTIONS", "HEAD") and not route.path.startswith("/v1/schema")
    }
    described = {(method, path) for path, item in document["paths"].items() for method in item}
    assert described == routes
    for path, item in document["paths"].items():
        for method, operation in item.items():
            problems = {
                status for status, reply in operation["responses"].items() if PROBLEM in reply.get("content", {})
            }
            assert problems, (method, path)
            if path not in ("/v1/hello", "/healthz", "/readyz"):
                assert {"400", "401", "426"} <= problems, (method, path)
    changes = document["paths"]["/v1/changes"]["get"]["responses"]["200"]["content"]
    assert list(changes) == ["application/x-ndjson"]
    assert document["components"]["schemas"]["SignIn"]["properties"]["device_key"]["pattern"] == "^[0-9a-f]{64}$"


@pytest.mark.protocol("P-001")
def test_options_tell_every_method(server: Server, place: Place) -> None:
    client = server()
    for route in create_app(place.central, place.settings()).routes:
        if route.path.startswith("/v1/") and "{" not in route.path:
            told = client.options(route.path).headers["Allow"].split(", ")
            assert set(told) == set(getattr(route, "methods", ())), route.path
    assert client.options("/v1/session").headers["Allow"] == "DELETE, OPTIONS, POST"


@pytest.mark.protocol("P-003", "P-006")
def test_health(server: Server) -> None:
    reply = server().get("/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.protocol("P-026")
def test_two_tokens_at_once_are_none(place: Place, server: Server, laptop: Laptop) -> None:
    access = place.sign_in("rina", laptop).access
    twice = [("Authorization", f"Bearer {access}")] * 2
    failed(server().get("/v1/changes", headers=twice), 401, "token_unknown")
    assert server().get("/v1/changes", headers=twice[:1]).status_code == 200


@pytest.mark.protocol("P-020", "P-026")
def test_the_token_of_the_first_step_opens_nothing_else(place: Place, server: Server, laptop: Laptop) -> None:
    client = server(place.pending("rina", laptop))
    for reply in (
        client.get("/v1/changes"),
        client.post("/v1/push", json={"device": laptop.device, "ops": []}),
        client.post("/v1/ops/status", json={"ops": []}),
        client.delete("/v1/session"),
    ):
        failed(reply, 401, "token_unknown")


@pytest.mark.protocol("P-003", "P-006")
def test_every_reply_tells_the_time_and_is_kept_by_nobody(
    server: Server, signed_in: httpx.Client, laptop: Laptop
) -> None:
    replies = [
        signed_in.get("/v1/hello"),
        signed_in.get("/healthz"),
        signed_in.get("/v1/changes"),
        signed_in.post("/v1/push", json={"device": laptop.device, "ops": []}),
        signed_in.post("/v1/ops/status", json={"ops": []}),
        signed_in.get("/v1/nothing"),
        server().get("/v1/changes"),
        server().get("/v1/changes", headers={HEADER: "99"}),
        server().post("/v1/session", content=b"{"),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 200, 404, 401, 426, 400]
    for reply in replies:
        assert reply.headers["MSC-Server-Time"].endswith("Z"), reply.url
        assert reply.headers["Cache-Control"] == "no-store", reply.url

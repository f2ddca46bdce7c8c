"""Service tokens: what a script may, and what ends it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from msc_console.central import scripts, tokens
from msc_console.central.gate import caller
from msc_console.central.problems import ProblemError
from msc_console.domain.terms import Role
from msc_console.sync.wire import PROBLEM

from .asking import Ask, body_of, get, send
from .hall import ADDRESS, FOREIGN, IMPORTED, NOTE, REPLY, WHY, Hall
from .rows import ROWS

OPEN_TO_SCRIPTS = {("GET", "/v1/changes"), ("GET", "/v1/tickets/{ticket}/timeline")}
CHANGES = Ask("GET", "/v1/changes")


def told(hall: Hall, token: str, ask: Ask = CHANGES) -> tuple[int, str, Any]:
    """Status, code and reason of a script's request."""
    reply = send(hall, hall.of(Role.AGENT), ask, token)
    if reply.headers["content-type"] != PROBLEM:
        return reply.status_code, "", None
    return reply.status_code, reply.json()["code"], reply.json().get("data", {}).get("reason")


def supervisor(hall: Hall) -> str:
    return str(hall.people["supervisor"]["id"])


@pytest.mark.protocol("P-037")
def test_a_script_may_read_and_nothing_else(hall: Hall) -> None:
    token = hall.script(supervisor(hall), "changes", "internal", "customers").token
    wrong = []
    for key, row in ROWS.items():
        caller, open_to_all = hall.of(Role.SUPERVISOR), row.right is None or key in OPEN_TO_SCRIPTS
        wanted = row.ok if open_to_all and row.kind == "access" else 401 if open_to_all else 403
        for ask in row.own(hall, caller):
            status, code, reason = told(hall, token, ask)
            if status != wanted or (wanted == 403 and (code, reason) != ("forbidden", "not_for_scripts")):
                wrong.append((key, status, code, reason))
        if row.foreign is not None and key in OPEN_TO_SCRIPTS:
            found = {told(hall, token, ask)[0] for ask in row.foreign(hall, caller)}
            wrong += [(key, status) for status in found - {row.elsewhere}]
    assert wrong == []


@pytest.mark.protocol("P-037")
@pytest.mark.parametrize(
    ("scopes", "seen"),
    [
        (("changes",), {REPLY}),
        (("changes", "internal"), {REPLY, NOTE, WHY, IMPORTED}),
        (("changes", "customers"), {REPLY, ADDRESS}),
        (("changes", "internal", "customers"), {REPLY, NOTE, WHY, IMPORTED, ADDRESS}),
    ],
)
def test_a_script_sees_what_its_scopes_say(hall: Hall, scopes: tuple[str, ...], seen: set[str]) -> None:
    token = hall.script(supervisor(hall), *scopes).token
    asks = [CHANGES, Ask("GET", f"/v1/tickets/{hall.own}/timeline")]
    said = "".join(body_of(send(hall, hall.of(Role.AGENT), ask, token)) for ask in asks)
    assert {mark for mark in (NOTE, WHY, REPLY, ADDRESS, IMPORTED, FOREIGN) if mark in said} == seen


@pytest.mark.protocol("P-037")
def test_a_scope_that_only_widens_opens_nothing(hall: Hall) -> None:
    assert told(hall, hall.script(supervisor(hall), "internal").token) == (403, "forbidden", "token_scope")


@pytest.mark.protocol("P-037")
def test_a_cursor_of_one_token_is_void_for_another_view(hall: Hall) -> None:
    wide, narrow = (hall.script(supervisor(hall), "changes", *more).token for more in (("internal",), ()))
    page = send(hall, hall.of(Role.AGENT), CHANGES, wide)
    at = page.text.splitlines()[-1].partition('"cursor":"')[2].partition('"')[0]
    ask = Ask("GET", "/v1/changes", params={"cursor": at})
    assert [told(hall, token, ask)[0] for token in (wide, narrow)] == [200, 410]


@pytest.mark.protocol("P-037")
@pytest.mark.parametrize(
    ("networks", "status"),
    [(("127.0.0.0/8",), 200), (("10.0.0.0/8", "127.0.0.1/32"), 200), (("10.0.0.0/8",), 403), (("::1/128",), 403)],
)
def test_a_script_calls_from_its_addresses(hall: Hall, networks: tuple[str, ...], status: int) -> None:
    assert told(hall, hall.script(supervisor(hall), "changes", networks=networks).token)[0] == status


@pytest.mark.parametrize(
    ("network", "admitted"),
    [("2001:db8:1:2::5/128", True), ("2001:db8:1::/48", True), ("2001:db8:1:2::6/128", False), ("10.0.0.0/8", False)],
)
def test_a_script_calls_from_an_address_of_ipv6(hall: Hall, network: str, admitted: bool) -> None:
    token = hall.script(supervisor(hall), "changes", networks=(network,)).token
    peer = caller("2001:db8:1:2::5", [], ())
    if admitted:
        assert scripts.authenticate(hall.central, token, peer, hall.place.hands.at).person.id == supervisor(hall)
    else:
        with pytest.raises(ProblemError) as refused:
            scripts.authenticate(hall.central, token, peer, hall.place.hands.at)
        assert refused.value.code == "forbidden"


@pytest.mark.protocol("P-037")
@pytest.mark.parametrize(
    ("how", "code"),
    [("revoked", "session_ended"), ("expired", "token_expired"), ("off", "session_ended"), ("role", "session_ended")],
)
def test_what_ends_a_script(hall: Hall, how: str, code: str) -> None:
    script, owner = hall.script(supervisor(hall), "changes"), hall.caller("supervisor")
    assert told(hall, script.token)[0] == 200
    with hall.central.write() as conn:
        if how == "off":
            conn.execute(text("UPDATE person SET active = 0 WHERE id = :id"), {"id": supervisor(hall)})
        if how == "role":
            conn.execute(text("UPDATE person SET role = 'agent' WHERE id = :id"), {"id": supervisor(hall)})
    if how == "revoked":
        assert send(hall, owner, Ask("DELETE", f"/v1/tokens/{script.id}"), owner.session).status_code == 204
    if how == "expired":
        hall.place.hands.at += timedelta(days=30)
    assert told(hall, script.token)[:2] == (401, code)


@pytest.mark.protocol("P-036")
def test_the_owner_makes_lists_and_ends_it(hall: Hall) -> None:
    caller = hall.of(Role.SUPERVISOR)
    asked = {"name": "pantauan", "scopes": ["changes"], "networks": ["127.0.0.0/8"], "days": 90}
    made = send(hall, caller, Ask("POST", "/v1/tokens", asked), caller.session).json()
    assert scripts._SHAPE.fullmatch(made["token"])
    assert told(hall, made["token"])[0] == 200
    listed = get(hall, caller, Ask("GET", "/v1/tokens"))
    (info,) = listed.json()["tokens"]
    assert (info["name"], info["last_address"], info["scopes"]) == ("pantauan", "127.0.0.1", ["changes"])
    assert made["token"].split("_")[3] not in listed.text
    with hall.central.read() as conn:
        stored = tokens.by_id(conn, "service_token", info["id"])
        acts = conn.execute(text("SELECT act FROM audit WHERE act LIKE 'token.%'")).scalars().all()
    assert stored["hash"] == tokens.digest(made["token"])
    assert acts == ["token.create"]


@pytest.mark.protocol("P-036")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", 91), ("days", 0), ("scopes", []), ("scopes", ["admin"]), ("networks", []),
        ("networks", ["10.0.0.1/8"]),        ("networks", ["rumah"]), ("name", " "),
    ],
)  # fmt: skip
def test_what_no_token_is_made_for(hall: Hall, field: str, value: Any) -> None:
    caller = hall.of(Role.SUPERVISOR)
    asked = {"name": "x", "scopes": ["changes"], "networks": ["127.0.0.0/8"], "days": 1} | {field: value}
    reply = send(hall, caller, Ask("POST", "/v1/tokens", asked), caller.session)
    assert (reply.status_code, reply.json()["data"]) == (400, {"fields": [field]})


@pytest.mark.protocol("P-036")
def test_a_slip_in_a_token_is_nobodys(hall: Hall) -> None:
    token = hall.script(supervisor(hall), "changes").token
    bare = token.rpartition("_")[0]
    other = bare[:-1] + ("A" if bare[-1] != "A" else "B")
    for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), f"{other}_{scripts.checksum(other)}", "msc_st_x"):
        assert told(hall, wrong)[:2] == (401, "token_unknown")

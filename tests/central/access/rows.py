"""The rows of the matrix: for every route what is asked of it, who may, and what the others hear.

A new route of the API needs a row here: (method, path) -> `Row`. `own` asks for what a person of the role has (the
ticket of queue `triage`, one's own op, cursor or snapshot), `foreign` for the same of others; both make their requests
for a caller, and may ask other routes first with `get`.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import msgspec
from sqlalchemy import text
from uuid_utils import uuid7

from msc_console import escrow, records
from msc_console.central import tokens
from msc_console.digest import BUCKETS
from msc_console.domain.rights import Right
from msc_console.domain.terms import Role

from .asking import Ask, Asks, Check, Row, get, one
from .hall import ADDRESS, FOREIGN, IMPORTED, NOTE, REPLY, WHY, Caller, Hall

FRONT = frozenset({Role.AGENT, Role.AGENT_B2B, Role.EOS, Role.SUPERVISOR, Role.MANAGER})
INSIDE = FRONT | {Role.QA, Role.DUKTEK, Role.RESOLVER}
"""Who sees the ticket of queue `triage`, which is escalated to L1, with its internal side."""
NOTERS = INSIDE - {Role.QA}
KEEPERS = frozenset({Role.MANAGER, Role.DUKTEK})
"""Who looks after everybody."""

SEEN: Mapping[str, frozenset[Role]] = {
    NOTE: INSIDE,
    WHY: INSIDE,
    REPLY: INSIDE,
    ADDRESS: FRONT,
    IMPORTED: FRONT,
}
"""Mark -> the roles whose replies may hold it. The mark of the other queue is in nobody's."""


def cursor(hall: Hall, caller: Caller) -> str:
    """Where the caller's feed ends."""
    page = get(hall, caller, Ask("GET", "/v1/changes"))
    return str(msgspec.json.decode(page.content.splitlines()[-1])["cursor"])


def stranger(hall: Hall) -> Caller:
    """An agent of the other queue."""
    return hall.caller("asing")


def snapshot(hall: Hall, caller: Caller) -> dict[str, Any]:
    """A whole first pull's manifest."""
    found = get(hall, caller, Ask("POST", "/v1/snapshots")).json()
    while not found["whole"]:
        path = f"/v1/snapshots/{found['id']}"
        found = get(hall, caller, Ask("GET", path, params={"have": len(found["parts"])})).json()
    return dict(found)


def _parts(hall: Hall, of: Caller) -> list[Ask]:
    found = snapshot(hall, of)
    return [Ask("GET", f"/v1/snapshots/{found['id']}/parts/{part['n']}") for part in found["parts"]]


def _compared(of: Callable[[Hall, Caller], Caller]) -> Asks:
    return lambda hall, caller: [Ask("POST", "/v1/verify", {"cursor": cursor(hall, of(hall, caller))})]


def _rows(of: Callable[[Hall, Caller], Caller]) -> Asks:
    def asks(hall: Hall, caller: Caller) -> list[Ask]:
        at, every = cursor(hall, of(hall, caller)), list(range(BUCKETS))
        return [
            Ask("POST", "/v1/verify/rows", {"cursor": at, "entity": entity, "buckets": every})
            for entity in records.ENTITIES
        ]

    return asks


def _me(_hall: Hall, caller: Caller) -> Caller:
    return caller


def _other(hall: Hall, _caller: Caller) -> Caller:
    return stranger(hall)


def _push(target: Callable[[Hall], str]) -> Asks:
    def asks(hall: Hall, caller: Caller) -> list[Ask]:
        op = caller.laptop.op("entry.note", target(hall), {"body": "Baik."}, hall.place.hands.at)
        return [Ask("POST", "/v1/push", {"device": caller.laptop.device, "ops": [msgspec.to_builtins(op)]})]

    return asks


def _spool(hall: Hall, caller: Caller) -> list[Ask]:
    """An act of somebody else, sealed to central on the caller's laptop."""
    author = stranger(hall)
    op = author.laptop.op("entry.note", hall.foreign, {"body": "Baik."}, hall.place.hands.at)
    document = {"device": author.laptop.device, "ops": [msgspec.to_builtins(op)]}
    sealed = escrow.seal_to(escrow.public_of(hall.place.key.spool), document)
    return [Ask("POST", "/v1/spool", {"sealed": base64.b64encode(sealed).decode()})]


def _judged(_hall: Hall, caller: Caller, replies: Sequence[httpx.Response]) -> str:
    (result,) = replies[0].json()["results"]
    wanted = "applied" if caller.role in NOTERS else "forbidden"
    return "" if result["result"] in (wanted, "merged") else f"{result} instead of {wanted}"


def _as_if_not_there(hall: Hall, caller: Caller, replies: Sequence[httpx.Response]) -> str:
    """A ticket of others is answered word for word as one that is none."""
    (told,) = replies[0].json()["results"]
    ask = _push(lambda _hall: str(uuid7()))(hall, caller)[0]
    (missing,) = get(hall, caller, ask).json()["results"]
    told.pop("op"), missing.pop("op")
    return "" if told == missing and told["result"] == "forbidden" else f"{told} instead of {missing}"


def _status(of: Callable[[Hall, Caller], Caller]) -> Asks:
    def asks(hall: Hall, caller: Caller) -> list[Ask]:
        author = of(hall, caller)
        target = hall.own if author is caller else hall.foreign
        pushed = get(hall, author, _push(lambda _hall: target)(hall, author)[0])
        return [Ask("POST", "/v1/ops/status", {"ops": [pushed.json()["results"][0]["op"]]})]

    return asks


def _count(wanted: int) -> Check:
    def check(_hall: Hall, _caller: Caller, replies: Sequence[httpx.Response]) -> str:
        found = len(replies[0].json()["results"])
        return "" if found == wanted else f"{found} results instead of {wanted}"

    return check


def _token(of: Callable[[Hall, Caller], Caller]) -> Asks:
    def asks(hall: Hall, caller: Caller) -> list[Ask]:
        owner = of(hall, caller)
        return [Ask("DELETE", f"/v1/tokens/{hall.script(owner.laptop.person, 'changes').id}")]

    return asks


def _lead(hall: Hall, caller: Caller) -> Caller:
    """Another person with the right to tokens."""
    return hall.of(Role.MANAGER if caller.role is not Role.MANAGER else Role.SUPERVISOR)


def _asked(hall: Hall, _caller: Caller) -> list[Ask]:
    """Both kinds of resets of somebody who has a password."""
    with hall.central.write() as conn:
        conn.execute(text("DELETE FROM reset"))
        conn.execute(text("UPDATE person SET password_hash = 'x' WHERE login = 'asing'"))
    return [Ask("POST", "/v1/resets", {"login": "asing", "what": what}) for what in ("totp", "password")]


def _asked_by_another(hall: Hall, caller: Caller) -> list[Ask]:
    lead = _lead(hall, caller)
    ids = [get(hall, lead, ask).json()["id"] for ask in _asked(hall, caller)]
    return [Ask("POST", f"/v1/resets/{id}/approve") for id in ids]


def _laptop_of_another(hall: Hall, _caller: Caller) -> list[Ask]:
    with hall.central.read() as conn:
        device = tokens.by_id(conn, "device", stranger(hall).laptop.device)
    return [Ask("POST", f"/v1/devices/{device['code']}/revoke", {})]


def _account(act: str, body: Mapping[str, Any], right: Right, method: str = "POST") -> Row:
    """An act on somebody of the other queue: there for those who look after everybody."""
    path = f"/v1/users/{{}}{act}"
    return Row(
        own=one(method, path.format("asing"), body or None),
        foreign=one(method, path.format("nobody"), body or None),
        right=right,
        holds=KEEPERS,
    )


def _aside(path: str, of: str, body: Mapping[str, Any] | None = None, **more: Any) -> Row:
    """Notes on the own or the foreign ticket, or on both, whose authors left before they arrived."""
    method, path = "GET" if body is None else "POST", "/v1/quarantine" + path

    def asks(hall: Hall, _caller: Caller) -> list[Ask]:
        own = [] if of == "foreign" else [hall.put_aside("agent", hall.own, NOTE)]
        foreign = [] if of == "own" else [hall.put_aside("asing", hall.foreign, FOREIGN)]
        return [Ask(method, path.format((own + foreign)[0]), body)]

    foreign = one(method, path.format("x"), body) if "{}" in path else None
    return Row(own=asks, foreign=foreign, right=Right.QUARANTINE, **more)


_NEW_PERSON = {"login": "baru", "name": "Baru", "role": "agent", "queues": ["triage"], "dry_run": True}


def _left(login: str) -> Asks:
    return one("POST", f"/v1/users/{login}/erase", {"dry_run": False})


_FILE = {"id": str(uuid7()), "what": "ticket list", "form": "csv", "rows": 3, "made_at": "2026-11-24T03:00:00.000Z"}
_NO_DEVICE = {"login": "nobody", "password": "p" * 20, "device_key": "A" * 43}

ROWS: Mapping[tuple[str, str], Row] = {
    ("GET", "/v1/hello"): Row(own=one("GET", "/v1/hello"), right=None),
    ("GET", "/healthz"): Row(own=one("GET", "/healthz"), right=None),
    ("GET", "/readyz"): Row(own=one("GET", "/readyz"), right=None),
    ("GET", "/v1/schema"): Row(own=one("GET", "/v1/schema"), right=None),
    ("GET", "/v1/schema/openapi.json"): Row(own=one("GET", "/v1/schema/openapi.json"), right=None),
    ("GET", "/v1/schema/{path}"): Row(own=one("GET", "/v1/schema/nothing"), right=None, ok=404),
    ("POST", "/v1/session"): Row(own=one("POST", "/v1/session", _NO_DEVICE), right=None, ok=400),
    ("POST", "/v1/session/code"): Row(
        own=one("POST", "/v1/session/code", {"code": "000000"}), right=None, kind="pending", ok=401
    ),
    ("POST", "/v1/session/refresh"): Row(
        own=one("POST", "/v1/session/refresh", {"refresh": "x" * 43, "proof": "x"}), right=None, ok=401
    ),
    ("PUT", "/v1/session/password"): Row(
        own=one("PUT", "/v1/session/password", {"old": "x", "new": "burung camar petang"}), right=Right.READ, ok=401
    ),
    ("POST", "/v1/totp/setup"): Row(own=one("POST", "/v1/totp/setup"), right=None, kind="setup", ok=401),
    ("POST", "/v1/totp/confirm"): Row(
        own=one("POST", "/v1/totp/confirm", {"first": "1", "second": "2"}), right=None, kind="setup", ok=401
    ),
    ("GET", "/v1/account"): Row(own=one("GET", "/v1/account"), right=Right.READ),
    ("POST", "/v1/account/seen"): Row(
        own=one("POST", "/v1/account/seen", {"notices": ["x"]}), right=Right.READ, ok=204
    ),
    ("POST", "/v1/account/recovery"): Row(
        own=one("POST", "/v1/account/recovery", {"password": "x"}), right=Right.READ, ok=401
    ),
    ("POST", "/v1/account/authenticator"): Row(
        own=one("POST", "/v1/account/authenticator", {"password": "x", "code": "y"}), right=Right.READ, ok=401
    ),
    ("POST", "/v1/enrolments"): Row(
        own=one("POST", "/v1/enrolments", {"login": "agent"}),
        foreign=one("POST", "/v1/enrolments", {"login": "nobody"}),
        right=Right.ACCOUNTS,
    ),
    ("GET", "/v1/resets/waiting"): Row(own=one("GET", "/v1/resets/waiting"), right=Right.RESET),
    ("POST", "/v1/resets"): Row(
        own=_asked,
        foreign=one("POST", "/v1/resets", {"login": "nobody"}),
        right=Right.RESET,
    ),
    ("POST", "/v1/resets/{reset}/approve"): Row(
        own=_asked_by_another, foreign=one("POST", f"/v1/resets/{uuid7()}/approve"), right=Right.RESET
    ),
    ("GET", "/v1/users"): Row(own=one("GET", "/v1/users"), right=Right.OVERSEE),
    ("POST", "/v1/users"): Row(own=one("POST", "/v1/users", _NEW_PERSON), right=Right.ACCOUNTS),
    ("GET", "/v1/users/{login}"): _account("", {}, Right.OVERSEE, "GET"),
    ("POST", "/v1/users/{login}/disable"): _account("/disable", {"offboard": True}, Right.ACCOUNTS),
    ("POST", "/v1/users/{login}/enable"): _account("/enable", {"dry_run": False}, Right.ACCOUNTS),
    ("POST", "/v1/users/{login}/role"): _account("/role", {"role": "agent"}, Right.ACCOUNTS),
    ("POST", "/v1/users/{login}/erase"): Row(  # nobody here has left
        own=_left("asing"), foreign=_left("siapa"), right=Right.PRIVACY, ok=409
    ),
    ("POST", "/v1/users/{login}/sessions/end"): _account("/sessions/end", {"dry_run": False}, Right.OVERSEE),
    ("GET", "/v1/devices"): Row(own=one("GET", "/v1/devices"), right=Right.OVERSEE),
    ("POST", "/v1/devices/{code}/revoke"): Row(
        own=_laptop_of_another, foreign=one("POST", "/v1/devices/ZZZ/revoke", {}), right=Right.ACCOUNTS
    ),
    ("POST", "/v1/device"): Row(own=one("POST", "/v1/device", {"device": "x" * 36, "proof": "x"}), right=None, ok=401),
    ("DELETE", "/v1/session"): Row(own=one("DELETE", "/v1/session"), right=Right.READ, ok=204),
    ("POST", "/v1/tokens"): Row(
        own=one("POST", "/v1/tokens", {"name": "skrip", "scopes": ["changes"], "networks": ["127.0.0.0/8"], "days": 1}),
        right=Right.TOKENS,
        ok=201,
    ),
    ("GET", "/v1/tokens"): Row(own=one("GET", "/v1/tokens"), right=Right.TOKENS),
    ("DELETE", "/v1/tokens/{token}"): Row(own=_token(_me), foreign=_token(_lead), right=Right.TOKENS, ok=204),
    ("POST", "/v1/push"): Row(
        own=_push(lambda hall: hall.own),
        foreign=_push(lambda hall: hall.foreign),
        right=Right.SEND,
        elsewhere=200,
        told=_judged,
        told_foreign=_as_if_not_there,
    ),
    ("POST", "/v1/spool"): Row(
        own=_spool,
        right=Right.SEND,
        told=lambda hall, caller, replies: "" if replies[0].json() == {"count": 1} else replies[0].text,
    ),
    ("POST", "/v1/ops/status"): Row(
        own=_status(_me),
        foreign=_status(_other),
        right=Right.SEND,
        elsewhere=200,
        told=_count(1),
        told_foreign=_count(0),
    ),
    ("GET", "/v1/changes"): Row(
        own=one("GET", "/v1/changes"),
        foreign=lambda hall, caller: [Ask("GET", "/v1/changes", params={"cursor": cursor(hall, stranger(hall))})],
        right=Right.READ,
        elsewhere=410,
        whole=frozenset(SEEN),
    ),
    ("POST", "/v1/snapshots"): Row(own=one("POST", "/v1/snapshots"), right=Right.READ),
    ("GET", "/v1/snapshots/{snapshot}"): Row(
        own=lambda hall, caller: [Ask("GET", f"/v1/snapshots/{snapshot(hall, caller)['id']}")],
        foreign=lambda hall, caller: [Ask("GET", f"/v1/snapshots/{snapshot(hall, stranger(hall))['id']}")],
        right=Right.READ,
        elsewhere=410,
    ),
    ("GET", "/v1/snapshots/{snapshot}/parts/{part}"): Row(
        own=_parts,
        foreign=lambda hall, caller: _parts(hall, stranger(hall)),
        right=Right.READ,
        elsewhere=410,
        whole=frozenset(SEEN),
    ),
    ("GET", "/v1/tickets/{ticket}/timeline"): Row(
        own=lambda hall, caller: [Ask("GET", f"/v1/tickets/{hall.own}/timeline")],
        foreign=lambda hall, caller: [Ask("GET", f"/v1/tickets/{hall.foreign}/timeline")],
        right=Right.READ,
        holds=INSIDE,
        whole=frozenset({NOTE, REPLY, WHY}),
    ),
    ("POST", "/v1/verify"): Row(own=_compared(_me), foreign=_compared(_other), right=Right.READ, elsewhere=410),
    ("POST", "/v1/verify/rows"): Row(
        own=_rows(_me), foreign=_rows(_other), right=Right.READ, elsewhere=410, whole=frozenset(SEEN)
    ),
    ("GET", "/v1/stream"): Row(own=one("GET", "/v1/stream"), right=Right.READ),
    ("GET", "/v1/audit"): Row(own=one("GET", "/v1/audit"), right=Right.AUDIT),
    ("GET", "/v1/contacts/{contact}/data"): Row(
        own=lambda hall, caller: [Ask("GET", f"/v1/contacts/{hall.contact}/data")],
        foreign=one("GET", f"/v1/contacts/{uuid7()}/data"),
        right=Right.PRIVACY,
        whole=frozenset(SEEN),
    ),
    ("POST", "/v1/contacts/{contact}/erase"): Row(  # a ticket of theirs is open
        own=lambda hall, caller: [Ask("POST", f"/v1/contacts/{hall.contact}/erase")],
        foreign=one("POST", f"/v1/contacts/{uuid7()}/erase"),
        right=Right.PRIVACY,
        ok=409,
    ),
    ("GET", "/v1/quarantine"): _aside("", "both", whole=frozenset({NOTE})),
    ("GET", "/v1/quarantine/{op}"): _aside("/{}", "foreign", holds=KEEPERS),
    ("POST", "/v1/quarantine/{op}/again"): _aside("/{}/again", "own", {}),
    ("POST", "/v1/quarantine/{op}/dismiss"): _aside("/{}/dismiss", "foreign", {"reason": "x"}, holds=KEEPERS),
    ("POST", "/v1/exports"): Row(own=one("POST", "/v1/exports", _FILE), right=Right.EXPORT, ok=204),
}

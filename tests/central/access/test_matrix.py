"""Every route x every role and every bad token x own and foreign object, over real HTTP, on both databases."""

from collections.abc import Iterator, Sequence

import httpx
import pytest

from msc_console.central.app import create_app
from msc_console.domain.rights import has
from msc_console.sync.wire import PROBLEM

from .asking import Asks, Check, Row, body_of, send
from .hall import MARKS, ROLES, Caller, Hall
from .rows import ROWS, SEEN

BAD_TOKENS = {
    "none": "token_missing",
    "wrong": "token_unknown",
    "revoked": "session_ended",
    "expired": "token_expired",
    "pending": "token_unknown",
    "refresh": "token_unknown",
}
"""What a request bears instead of a good access token -> the code that a route with a right answers."""


def routes(hall: Hall) -> Iterator[tuple[str, str]]:
    """(method, path) of everything that the real application answers; OPTIONS says nothing of anybody."""
    for route in create_app(hall.central, hall.place.settings(describe=True)).routes:
        for method in route.methods:  # type: ignore[union-attr]
            if method != "OPTIONS":
                yield str(method), str(route.path_format)


def test_no_route_is_without_a_row(hall: Hall) -> None:
    found = set(routes(hall))
    assert found - set(ROWS) == set(), "routes without a matrix row: add one to rows.py"
    assert set(ROWS) - found == set(), "rows without a route"


@pytest.mark.protocol("P-104", "P-107", "P-108")
@pytest.mark.parametrize("key", ROWS, ids=" ".join)
def test_each_role_gets_its_own_and_nothing_else(hall: Hall, key: tuple[str, str]) -> None:
    row, wrong = ROWS[key], list[str]()
    for role in ROLES:
        for asks in (row.own, row.foreign):
            if asks is not None:
                caller = hall.of(role)
                found = _cell(hall, row, asks, caller)
                wrong += [f"{role} {'own' if asks is row.own else 'foreign'}: {what}" for what in found]
    assert wrong == []


def _cell(hall: Hall, row: Row, asks: Asks, caller: Caller) -> list[str]:
    """What is wrong with the replies to one role."""
    replies = [send(hall, caller, ask, caller.bears) for ask in asks(hall, caller)]
    own = asks is row.own
    wanted = row.ok if own and caller.role in row.holds else row.elsewhere
    if row.kind != "access":
        wanted = 401
    elif row.right is not None and not has(caller.role, row.right):
        wanted = 403
    found = [
        f"{reply.status_code} instead of {wanted}: {reply.text}" for reply in replies if reply.status_code != wanted
    ]
    check: Check | None = row.told if own else row.told_foreign
    if not found and check is not None:
        found += filter(None, [check(hall, caller, replies)])
    return found + _marks(row, caller, replies, good=own and wanted == row.ok)


def _marks(row: Row, caller: Caller, replies: Sequence[httpx.Response], *, good: bool) -> list[str]:
    """Marks that are there and may not be, or the other way round."""
    said = "".join(map(body_of, replies))
    there = {mark for mark in MARKS if mark in said}
    allowed = {mark for mark, roles in SEEN.items() if caller.role in roles}
    found = [f"{mark} travels" for mark in sorted(there - allowed)]
    return found + [f"{mark} is missing" for mark in sorted((row.whole & allowed) - there) if good]


@pytest.mark.protocol("P-026", "P-108")
@pytest.mark.parametrize("how", BAD_TOKENS)
def test_no_other_token_opens_a_route(hall: Hall, how: str) -> None:
    wrong = list[str]()
    for key, row in ROWS.items():
        caller, route = hall.spoilt(how), " ".join(key)
        for ask in row.own(hall, hall.of(caller.role)):
            reply = send(hall, caller, ask, caller.bears)
            told = reply.json()["code"] if reply.headers.get("content-type") == PROBLEM else ""
            if row.right is not None and (reply.status_code, told) != (401, BAD_TOKENS[how]):
                wrong.append(f"{route}: {reply.status_code} {told} instead of 401 {BAD_TOKENS[how]}")
            elif row.right is None and row.kind == "access" and reply.status_code != row.ok:
                wrong.append(f"{route}: {reply.status_code} instead of {row.ok}")
            wrong += [f"{route}: {mark} travels" for mark in MARKS if reply.status_code >= 400 and mark in reply.text]
    assert wrong == []

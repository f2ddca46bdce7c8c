"""What a ticket with all that belongs to it looks like to each role, by every way that documents take."""

import json
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields

import httpx
import msgspec
import pytest

from msc_console import records
from msc_console.central.access import shown
from msc_console.domain.rights import GRANTS, QUALITY, WHOLE
from msc_console.domain.terms import Role
from msc_console.sync.wire import Line
from tests.support.golden import Golden

from .asking import body_of, send
from .hall import ROLES, Hall
from .rows import ROWS

WAYS = (
    ("GET", "/v1/changes"),
    ("GET", "/v1/snapshots/{snapshot}/parts/{part}"),
    ("POST", "/v1/verify/rows"),
    ("GET", "/v1/tickets/{ticket}/timeline"),
)
SHOWN = ("contact", "ticket", "entry", "hop", "conflict")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Documents = dict[tuple[str, str], object]


def _documents(replies: Sequence[httpx.Response]) -> Documents:
    lines = [msgspec.json.decode(line, type=Line) for reply in replies for line in body_of(reply).splitlines()]
    return {(line.entity, line.id): line.d for line in lines if line.t == "put"}


def _told(hall: Hall, role: Role) -> list[Documents]:
    """The documents of each way; a way that is closed to the role gives none."""
    caller, found = hall.of(role), []
    for way in WAYS:
        replies = [send(hall, caller, ask, caller.session) for ask in ROWS[way].own(hall, caller)]
        found.append(_documents([reply for reply in replies if reply.status_code == 200]))
    return found


def _text(documents: Documents) -> str:
    """Documents of the ticket as JSON, with ids by the order in which they come."""
    names: dict[str, str] = {}
    found = {entity: [doc for (of, _), doc in documents.items() if of == entity] for entity in SHOWN}
    plain = json.dumps({entity: docs for entity, docs in found.items() if docs}, indent=2, sort_keys=True)
    return _ID.sub(lambda match: names.setdefault(match[0], f"id-{len(names) + 1}"), plain)


@pytest.mark.protocol("P-107")
@pytest.mark.parametrize("role", ROLES)
def test_a_ticket_as_each_role_sees_it(hall: Hall, role: Role, golden: Golden) -> None:
    pages, parts, rows, timeline = _told(hall, role)
    golden(f"access/{role}", _text(pages))
    entities = set(records.ENTITIES)
    assert {key: doc for key, doc in pages.items() if key[0] in entities} == rows
    assert parts == pages
    assert timeline == {key: doc for key, doc in pages.items() if key[0] in ("entry", "hop", "conflict")}


def test_what_is_hidden_has_a_default_to_stand_for_it() -> None:
    for grant in GRANTS.values():
        for entity, names in grant.sight.hidden.items():
            known = {item.name: item for item in fields(records.ENTITIES[entity])}
            for name in names:
                assert known[name].default is not MISSING or known[name].default_factory is not MISSING, (entity, name)


def test_a_field_of_a_newer_peer_is_shown_where_nothing_is_hidden() -> None:
    document = {"id": "t", "subject": "x", "source": {"asal": "impor"}, "warna": "merah"}
    assert shown(WHOLE, "ticket", document) == document
    assert shown(QUALITY, "ticket", document) == {"id": "t", "subject": "x"}

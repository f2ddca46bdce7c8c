"""Whatever a customer writes: no control byte in a painted line, mark-up shown as it was written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msc_console.config import Home
from msc_console.desk import Desk
from msc_console.domain.model import Contact
from msc_console.domain.terms import Tier
from msc_console.errors import MscError
from msc_console.screens.composer import Composer
from msc_console.screens.console import Console
from msc_console.text import BAD
from msc_console.widgets.document import Document
from tests.support.hostile import VECTORS
from tests.support.screens import screen_text
from tests.support.vectors import SHOWN

from .stage import (
    ANDI,
    ARTICLES,
    BAGUS,
    POS,
    QUEUES,
    RINA,
    SAGARA,
    apply,
    at,
    console,
    desk_at,
    hop_of,
    opening,
    press,
    settled,
    ticket_id,
    tickets,
    told,
)

pytestmark = pytest.mark.slow

EVIL = " ".join([*VECTORS, *(text for text in SHOWN if text not in VECTORS)])
MARKUP = "[@click=app.quit]x"


@pytest.fixture
def hostile(tmp_path: Path) -> Desk:
    """The small centre, with every text replaced by what an attacker would write."""
    desk = desk_at(Home(tmp_path / "msc"))
    rows: list[tuple[str, Any]] = [("person", RINA), ("person", replace(BAGUS, name=EVIL))]
    rows += [("queue", replace(one, name=EVIL)) for one in QUEUES]
    rows += [("organisation", replace(SAGARA, name=EVIL)), ("service", replace(POS, name=EVIL))]
    rows.append(("contact", replace(ANDI, name=EVIL, organisation_name=EVIL)))
    body = f"# {EVIL}\n\n- {EVIL}\n\n{EVIL}"
    rows += [("article", replace(one, code=f"K{EVIL}", title=EVIL, body=body)) for one in ARTICLES]
    for ticket in tickets():
        evil = replace(ticket, subject=f"{MARKUP} {EVIL}", contact_name=EVIL, organisation_name=EVIL, tags=(EVIL,))
        rows.append(("ticket", evil))
        entries = told(ticket) if ticket.number == 4211 else [opening(ticket)]
        rows += [("entry", replace(one, body=EVIL, author_name=EVIL, data={"reason": EVIL})) for one in entries]
        if ticket.tier == Tier.L1:
            rows.append(("hop", replace(hop_of(ticket), reason=EVIL)))
    apply(desk, rows)
    return desk


def painted(app: Console) -> str:
    """The screen's text, after a look at every painted segment."""
    for strip in app.screen._compositor.render_strips():
        assert not BAD.search(strip.text)
        for segment in strip:
            style = segment.style
            click = style.meta.get("@click") if style else None
            assert click is None or "app.quit" not in str(click)
    return screen_text(app)


async def test_every_screen_shows_text_and_nothing_else(hostile: Desk) -> None:
    done = hostile.note(ticket_id(4211), "catatan")
    with hostile.cache.write() as conn:
        conn.execute(
            "UPDATE outbox SET state = 'attention', result = ? WHERE id = ?",
            ('{"result": "fenced", "reason": "held", "data": {"owner_name": "[/]\\u001b]52;c;x\\u0007"}}', done.op),
        )
    async with at(hostile, (200, 50)) as (app, pilot):
        assert MARKUP in painted(app)
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        assert "[/var/log]" in painted(app)
        for keys in (("question_mark",), ("escape", "f"), ("escape", "k"), ("escape", "escape", "ctrl+p")):
            await press(pilot, *keys)
            painted(app)
        await press(pilot, "escape")
        for key in ("3", "4", "0"):
            await press(pilot, key)
            assert "[/]" in painted(app)
        app.query(Document)
        await press(pilot, "1", "n")
        app.screen.query("Input").first().value = "52"  # type: ignore[attr-defined]
        await settled(pilot)
        painted(app)
        await press(pilot, "escape", "slash", *"var", "enter")
        painted(app)


async def test_what_is_told_and_what_is_drafted_is_text(hostile: Desk) -> None:
    hostile.save_draft(ticket_id(4211), "reply", EVIL)
    async with at(hostile) as (app, pilot):
        app.tell(EVIL, warn=True)
        app.tell_error(MscError("held", owner_name=EVIL))
        await settled(pilot)
        painted(app)
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        assert app.screen.query_one(Composer).display
        painted(app)
        app.held = None
        app.screen.action_act("ticket.cancel")
        await settled(pilot)
        painted(app)


async def test_a_hostile_contact_can_be_chosen(hostile: Desk) -> None:
    apply(hostile, [("contact", Contact(id="c-x", name=f"zeta {EVIL}", created_at=ANDI.created_at))])
    app = console(hostile)
    async with app.run_test(size=(120, 34)) as pilot:
        await settled(pilot)
        await press(pilot, "n", *"zeta")
        assert "zeta" in painted(app)

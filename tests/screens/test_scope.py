"""Rights and scope that change while somebody sits at the console."""

from dataclasses import replace
from pathlib import Path

import pytest

from msc_console.config import Home
from msc_console.desk import Desk
from msc_console.domain.decide import decide
from msc_console.domain.terms import Role
from msc_console.screens.composer import Composer
from msc_console.store.replica import Replica
from msc_console.sync.wire import Line
from tests.support.screens import screen_text

from .stage import NOW, RINA, apply, at, desk_at, press, settled, ticket_id, until, until_true


def leaves(desk: Desk, number: int) -> None:
    """News from central: a ticket is no longer this person's to see."""
    line = Line(t="leave", entity="ticket", id=ticket_id(number), seq=2000)
    with desk.cache.write() as conn:
        Replica(decide, desk.context_of).apply_page(conn, [line], "cursor", NOW, up_to_date=True)


async def test_a_ticket_that_leaves_while_somebody_writes_takes_no_word_along(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        await press(pilot, "c", *"tulisanku")
        leaves(desk, 4211)
        app._news(frozenset({ticket_id(4211)}))
        await until(pilot, "bukan lagi bagian Anda")
        await press(pilot, *"panjang", "ctrl+s")
        await settled(pilot)
        composer = app.screen.query_one(Composer)
        assert composer.text == "tulisankupanjang"
        assert not composer.area.read_only
        draft = desk.draft(ticket_id(4211), "note")
        assert draft is not None
        assert draft.body == "tulisankupanjang"
        await press(pilot, "escape", "escape")
        assert app.current_mode == "queue"
        assert "MSC-004211" not in screen_text(app)


@pytest.mark.parametrize(("role", "told"), [(Role.WFM, True), (Role.CUSTOMER, True), (Role.QA, False)])
async def test_a_role_that_gets_no_tickets_is_told_so(tmp_path: Path, role: Role, told: bool) -> None:
    person = replace(RINA, role=role)
    desk = desk_at(Home(tmp_path / "msc"), person)
    apply(desk, [("person", person)])
    async with at(desk, (80, 24)) as (app, _pilot):
        text = screen_text(app)
        assert ("Peran Anda bekerja tanpa tiket." in text) is told
        assert "(n baru)" in text


async def test_rights_that_change_reach_the_open_screen(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        assert "(r balas)" not in screen_text(app)
        apply(desk, [("person", replace(RINA, role=Role.QA))])
        app._news(frozenset())
        await until(pilot, "(r balas)")
        await press(pilot, "r")
        assert "tidak berhak" in app.told
        apply(desk, [("person", RINA)])
        app._news(frozenset())
        await until_true(pilot, lambda: "(r balas)" not in screen_text(app))

"""A closed ticket whose timeline lies at central: said so, asked for, and shown when it has come."""

from pathlib import Path

import pytest

from tests.support.screens import screen_text

from .stage import at, seeded, settled, ticket_id, until, until_true

pytestmark = pytest.mark.slow


async def test_opening_it_asks_for_the_timeline(tmp_path: Path) -> None:
    desk, id = seeded(tmp_path), ticket_id(4211)
    with desk.cache.write() as conn:
        conn.execute("INSERT INTO thin (ticket) VALUES (?)", (id,))
    async with at(desk) as (app, pilot):
        app.open_ticket(id)
        await until(pilot, "Lini masa ada di pusat")
        await until_true(pilot, lambda: desk.wanted() == (id,))
        with desk.cache.write() as conn:
            conn.execute("DELETE FROM thin")
        app.screen.reload(frozenset({id}))
        await settled(pilot)
        assert "Lini masa ada di pusat" not in screen_text(app)

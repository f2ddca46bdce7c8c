"""What stands beside the work: articles that fit the ticket, how the line to central is, a clock that is off."""

from dataclasses import replace
from datetime import timedelta

import pytest

from msc_console import clock
from msc_console.config import Settings
from msc_console.desk import Desk
from msc_console.desk.reading import CLOCK_OFF
from msc_console.screens.knowledge import KnowledgePick
from msc_console.store import settings as kept
from msc_console.sync.status import SyncStatus
from msc_console.widgets.pick_list import PickList
from msc_console.widgets.status_line import render_status
from tests.support.screens import screen_text

from .stage import ARTICLES, apply, at, console, press, settled, ticket_id, until


@pytest.fixture
def library(desk: Desk) -> Desk:
    """Enough articles that a rare word counts for more than a common one."""
    others = ("Akun terkunci saat masuk", "OTP terlambat saat masuk", "Sertifikat habis", "Wajah ditolak saat daftar")
    told = [
        replace(ARTICLES[0], id=f"a-x{at}", code=f"PT-1{at:02}", title=title, body="Tanyakan nomornya.")
        for at, title in enumerate(others)
    ]
    apply(desk, [("article", one) for one in told])
    return desk


def codes(desk: Desk, number: int) -> list[str]:
    return [article.code for article in desk.suggestions(desk.find_ticket(ticket_id(number)))]


def test_a_tickets_subject_brings_articles_to_mind_the_best_first(library: Desk) -> None:
    assert codes(library, 4160)[0] == "PT-002"
    assert codes(library, 4211)[0] == "PT-001"


def test_articles_of_another_service_are_not_suggested(library: Desk) -> None:
    apply(library, [("article", replace(ARTICLES[1], service="sign", ver=2))])
    assert "PT-002" not in codes(library, 4160)
    apply(library, [("article", replace(ARTICLES[1], service=None, ver=3))])
    assert codes(library, 4160)[0] == "PT-002"


async def test_a_ticket_shows_them_and_the_key_starts_with_the_best(library: Desk) -> None:
    async with at(library, (120, 34)) as (app, pilot):
        app.open_ticket(ticket_id(4160))
        await settled(pilot)
        assert "PT-002  Kode 504 pembubuh" in screen_text(app)
        await press(pilot, "k")
        await until(pilot, "Tunggu lima menit")
        assert isinstance(app.screen, KnowledgePick)
        assert app.screen.query_one(PickList).cursor_id == ARTICLES[1].id
        assert app.screen.query_one(PickList).count == len(library.articles())


async def test_before_the_first_try_the_console_is_neither_online_nor_offline(desk: Desk) -> None:
    async with at(desk) as (app, _pilot):
        app.settings = Settings(central="https://central.example")
        status = app.status_of("Antrean", None)
        assert status.connecting
        line = "".join(text for text, _tone in render_status(status, 120, app.zone))
        assert "menghubungi" in line
        assert "luring" not in line
        app.sync_status = SyncStatus(since=clock.now())
        assert not app.status_of("", None).connecting
    assert not console(desk).status_of("", None).connecting  # none is set: offline, and the sync screen says why


@pytest.mark.parametrize(("off", "told"), [(CLOCK_OFF * 3, "terlambat 6m"), (-CLOCK_OFF * 3, "terlalu cepat 6m")])
async def test_a_clock_that_is_off_is_said(desk: Desk, off: timedelta, told: str) -> None:
    now = clock.now()
    with desk.cache.write() as conn:
        kept.hear_time(conn, now + off, now)
    async with at(desk, (120, 34)) as (app, pilot):
        await until(pilot, "jam meleset")
        await press(pilot, "0")
        assert f"jam laptop ini {told}" in screen_text(app)


async def test_a_clock_that_is_nearly_right_is_not(desk: Desk) -> None:
    now = clock.now()
    with desk.cache.write() as conn:
        kept.hear_time(conn, now + CLOCK_OFF - timedelta(seconds=1), now)
    async with at(desk, (120, 34)) as (app, pilot):
        await press(pilot, "0")
        assert "jam" not in screen_text(app)

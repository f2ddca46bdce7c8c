"""Each screen as it was last approved of, at three sizes."""

from pathlib import Path

import pytest

from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.screens.console import Console
from tests.support.golden import Golden
from tests.support.screens import screen_text

from .stage import SIZES, at, press, settled, ticket_id, until


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_as_drawn(desk: Desk, size: tuple[int, int], golden: Golden) -> None:
    name = f"{size[0]}x{size[1]}"
    pictures = {}
    desk.note(ticket_id(4205), "Sudah saya telepon.")
    async with at(desk, size) as (app, pilot):
        await press(pilot, "j", "space", "j")
        await until(pilot, "3 dari 8")
        if size[1] >= 30:
            await until(pilot, f"  {app.screen.subject().label}  {app.screen.subject().subject}")
        pictures["queue"] = screen_text(app)
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        pictures["ticket"] = screen_text(app)
        await press(pilot, "question_mark")
        pictures["help"] = screen_text(app)
        await press(pilot, "escape", "3")
        pictures["knowledge"] = screen_text(app)
        await press(pilot, "4")
        pictures["escalations"] = screen_text(app)
        await press(pilot, "0")
        pictures["sync"] = screen_text(app)
    for screen, picture in pictures.items():
        golden(f"screens/{screen}_{name}", picture)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_sign_in_as_drawn(tmp_path: Path, size: tuple[int, int], golden: Golden) -> None:
    chosen = Settings(central="https://pusat.example")
    app = Console(Home(tmp_path / "msc"), chosen, login="rina")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        golden(f"screens/sign_in_{size[0]}x{size[1]}", screen_text(app))


@pytest.mark.parametrize("size", [(79, 24), (80, 23)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_too_small_a_window_says_so(desk: Desk, size: tuple[int, int]) -> None:
    async with at(desk, size) as (app, pilot):
        text = screen_text(app)
        assert "Jendela terlalu kecil: paling sedikit 80x24." in text
        assert "MSC-" not in text
        await pilot.resize_terminal(80, 24)
        await until(pilot, "MSC-004102")

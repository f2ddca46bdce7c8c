"""What is painted piece by piece is what a whole frame would show."""

from collections.abc import Mapping

import pytest
from textual._compositor import Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from msc_console.desk import Desk
from msc_console.screens.near_paint import NearCompositor
from msc_console.widgets.painted import Painted
from msc_console.widgets.status_line import StatusLine
from msc_console.widgets.ticket_list import TicketList

from .stage import SIZES, at, until_true


def pieces(screen: Screen[None], crop: Region) -> list[Mapping[int, Strip]]:
    return list(screen._compositor._render_chops(crop, lambda y: crop.y <= y < crop.bottom))


@pytest.mark.parametrize("size", SIZES)
async def test_any_part_is_the_same_as_in_the_whole(desk: Desk, size: tuple[int, int]) -> None:
    async with at(desk, size) as (app, _pilot):
        screen = app.screen
        width, height = size
        crops = [Region(0, y, width, 3) for y in range(0, height, 3)]
        crops += [screen.query_one(TicketList).region, Region(width // 2, 4, 5, 1), Region(width - 3, 0, 3, height)]
        assert isinstance(screen._compositor, NearCompositor)
        near = [pieces(screen, crop) for crop in crops]
        screen._compositor.__class__ = Compositor
        compared = 0
        for crop, mine in zip(crops, near, strict=True):
            for y, line in enumerate(pieces(screen, crop)):
                for x, strip in line.items():
                    if crop.y <= y < crop.bottom and x < crop.right and strip and x + strip.cell_length > crop.x:
                        assert mine[y][x] == strip, (crop, x, y)
                        compared += 1
        assert compared > 2 * height


async def test_a_key_in_the_list_asks_no_line_far_from_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Painted] = []
    async with at(desk) as (app, pilot):
        render = Painted.render_lines

        def counted(self: Painted, crop: Region) -> list[Strip]:
            asked.append(self)
            return render(self, crop)

        monkeypatch.setattr(Painted, "render_lines", counted, raising=False)
        tickets = app.screen.query_one(TicketList)
        await pilot.press("down")
        await until_true(pilot, lambda: tickets in asked)
        assert app.screen.query_one(StatusLine) not in asked

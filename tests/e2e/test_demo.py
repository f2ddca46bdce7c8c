"""`msc demo` on a terminal, as whoever tries the product out for the first time meets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from msc_console.demo_run import making, server
from msc_console.demo_run.place import Demo

from .terminal import ENTER, ctrl, terminal

pytestmark = pytest.mark.slow


@pytest.fixture
def demo(cheap: None, tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path / "demo")
    yield demo
    server.stop(demo)
    making.lock_sessions(demo)


def test_two_consoles_share_a_central_and_the_last_one_stops_it(demo: Demo) -> None:
    env = {"MSC_DEMO": str(demo.folder), "MSC_KDF": "test", "MSC_LANGUAGE": "en"}
    with terminal("demo", env=env) as first:
        first.until("Signing in as agent", seconds=60)
        first.until("Rina Wulandari · Agent L0", seconds=60)
        first.until("● online")
        with terminal("demo", "as", "sari", env=env) as second:
            second.until("Sari Handayani · Supervisor", seconds=60)
            second.until("● online")
            assert making.open_consoles(demo) == 2
            first.still()
            first.keys(ctrl("q"))
            assert first.ended() == 0
            assert server.running(demo) is not None, "the other console still needs it"
            second.keys(ctrl("q"))
            assert second.ended() == 0
    assert server.running(demo) is None
    assert making.open_consoles(demo) == 0
    with terminal("demo", env=env) as again:
        again.until("Rina Wulandari · Agent L0", seconds=60)
        assert b"Signing in" not in again.raw
        again.still()
        again.keys("\x03")
        again.still()
        assert again.process.isalive(), "Ctrl+C does not take the demo away from under the console"
        again.keys(ctrl("q"), ENTER)
        assert again.ended() == 0
    assert server.running(demo) is None

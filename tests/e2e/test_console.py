"""The console on a real terminal: keys work tickets while central dies and comes back, and nothing is there twice."""

import os
import re
import signal

import pytest
from sqlalchemy import text

from tests.support.hostile import DANGEROUS, VECTORS

from .accounts import TOOK, answers, cache_rows, central_rows, outbox_ids
from .conftest import Laptops
from .stage import Centre
from .terminal import DOWN, ENTER, ESC, TAB, Terminal, ctrl, pasted, terminal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

HEAD = 2
"""The line of the ticket screen that names the ticket."""


def jump(console: Terminal, number: str) -> None:
    """To a ticket by its number."""
    console.keys(ctrl("g"))
    console.until("Go to ticket")
    console.type(number)
    console.until(lambda shown: number in shown.split("Go to ticket")[1])
    console.keys(ENTER)
    console.until(lambda shown: number in shown.split("\n")[HEAD] and "Go to ticket" not in shown)


def write(console: Terminal, key: str, box: str, words: str) -> None:
    """Opens a box by its key, writes into it and sends it."""
    console.keys(key)
    console.until(box)
    console.still()
    console.type(words)
    console.until(words)
    console.keys(ctrl("s"))
    console.until(lambda shown: box not in shown)


def test_four_tickets_by_keys_with_central_gone_in_between(centre: Centre, laptops: Laptops) -> None:
    first, second, third, fourth, *_ = centre.fill(6)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    with terminal(env=rina.environment) as console:
        console.until("● online")
        console.until(first)
        jump(console, first)
        console.keys("t")
        console.until("took the ticket")
        jump(console, second)
        write(console, "c", "Note, only for us", "Diperiksa lewat tombol.")
        console.until("Diperiksa lewat tombol.")
        centre.kill()
        jump(console, third)
        console.keys("h")
        console.until("Waits for")
        console.still()
        console.keys(TAB)
        console.type("Menunggu foto")
        console.until("Menunggu foto")
        console.keys(ctrl("s"))
        console.until(lambda shown: "wait customer" in shown.split("\n")[HEAD] or "waiting" in shown.split("\n")[HEAD])
        console.until("○ offline")
        jump(console, fourth)
        write(console, "l", "Solution", "Kuota sudah dikembalikan.")
        console.until(lambda shown: "resolved" in shown.split("\n")[HEAD])
        console.until("queued 2")
        centre.start()
        console.keys("0")
        console.still()
        console.keys("s")
        console.until("● online", seconds=60)
        console.until("queued 0")
        console.keys(ctrl("q"))
        assert console.ended(5) == 0

    with rina.desk() as desk, centre.open() as central:
        ops = outbox_ids(desk)
        assert len(ops) == 4
        assert set(answers(central, ops).values()) <= {*TOOK}
        assert cache_rows(desk) == central_rows(central, desk.person)
        with central.read() as conn:
            counted = conn.execute(text("SELECT kind, COUNT(*) FROM op WHERE device IS NOT NULL GROUP BY kind"))
            assert dict(counted.all()) == {
                "ticket.take": 1, "entry.note": 1, "ticket.hold": 1, "ticket.resolve": 1,
            }  # fmt: skip


def test_nothing_of_a_hostile_ticket_reaches_the_terminal(centre: Centre, laptops: Laptops) -> None:
    words = " ".join(VECTORS)
    number = centre.fill(1, subject=f"Awas {words}", body=f"Isi {words}", name=f"Nama {words[:60]}")[0]
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    with terminal(env=rina.environment) as console:
        console.until("Awas")
        jump(console, number)
        console.until("Isi")
        write(console, "c", "Note, only for us", "Catatan di tiket jahat")
        console.keys("0")
        console.until("Nothing waits")
        console.keys("1")
        console.until("Awas")
        console.keys(ctrl("q"))
        assert console.ended(5) == 0
        assert "[/var/log]" in words
        for vector in DANGEROUS:
            assert vector.encode() not in console.raw, ascii(vector)
        assert b"\x1b]52" not in console.raw
        assert not re.search(rb"\x1b\][02];PWNED", console.raw)
        assert b"PWNED\x1b\\" not in console.raw


def test_a_killed_console_gives_the_draft_back(centre: Centre, laptops: Laptops) -> None:
    number = centre.fill(1)[0]
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    with terminal(env=rina.environment) as console:
        console.until(number)
        jump(console, number)
        console.keys("r")
        console.until("Esc back")
        console.type("Yang terhormat, kami sudah")
        console.until("draft kept")
        os.kill(console.process.pid, signal.SIGKILL)
        assert console.ended() == -signal.SIGKILL
    with terminal(env=rina.environment) as console:
        console.until(number)
        assert "Another console" not in console.text, "the system has let go of the dead one's place"
        jump(console, number)
        console.keys("r")
        console.until("Yang terhormat, kami sudah")
        console.type(" membetulkannya.")
        console.until("kami sudah membetulkannya.")
        console.keys(ctrl("s"))
        console.until(lambda shown: "Esc back" not in shown)
        console.until("membetulkannya.")
        console.keys(ctrl("q"))
        console.keys("y")
        assert console.ended(5) == 0
    with rina.desk() as desk:
        assert len(outbox_ids(desk)) == 1
        ticket = desk.ticket(number)
        assert [act.command.args["body"] for act in ticket.acts] == ["Yang terhormat, kami sudah membetulkannya."]
        assert desk.draft(ticket.ticket.id, "reply") is None


def test_small_pasted_into_and_left(centre: Centre, laptops: Laptops) -> None:
    number = centre.fill(1)[0]
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    with terminal(env=rina.environment) as console:
        console.until(number)
        jump(console, number)
        console.resize(80, 24)
        console.until(lambda shown: number in shown and len(shown.split("\n")) == 24)
        console.keys("c")
        console.until("Note, only for us")
        console.still()
        console.type(pasted("Baris satu\nq Baris dua"))
        console.until("q Baris dua")
        console.type(pasted(" \x1b]52;c;UFdORUQ=\x1b\\"))
        console.still()
        console.keys(ctrl("s"))
        console.until(lambda shown: "Note, only for us" not in shown)
        console.resize(60, 15)
        console.until(lambda shown: number not in shown)
        console.until("at least 80x24")
        console.resize(120, 34)
        console.until(number)
        console.keys(ESC)
        console.until("My queues")
        console.keys(DOWN, ESC, ESC)
        console.until("My queues")
        console.keys(ctrl("q"))
        assert console.ended(5) == 0
    assert b"\x1b]52" not in console.raw
    with rina.desk() as desk:
        notes = [entry.body for entry in desk.ticket(number).entries if entry.kind == "note"]
        assert len(notes) == 1
        assert notes[0].startswith("Baris satu\nq Baris dua")
        assert "\x1b" not in notes[0]

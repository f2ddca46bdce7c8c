"""Keys, footer, palette and help come from one command object, and each can say why it is not to be used now."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from msc_console import commands, keymaps
from msc_console.desk import Desk
from msc_console.domain.model import Person
from msc_console.domain.terms import Role, State
from msc_console.errors import MscError, UsageError
from msc_console.screens.base import ConsoleScreen
from msc_console.screens.confirm import Confirm
from msc_console.screens.jump import Jump
from msc_console.screens.palette import Help, Palette
from msc_console.widgets.ticket_list import TicketList
from tests.support.screens import screen_text

from .stage import BAGUS, HENDRA, NOW, RINA, SARI, a_ticket, apply, at, press, settled, ticket_id, until_true

FREE = a_ticket(1, "bebas", ago=timedelta(hours=1))
OWN = replace(FREE, owner=RINA.id, state=State.OPEN)
THEIRS = replace(FREE, owner=BAGUS.id, state=State.OPEN, owned_at=NOW, claim_until=NOW + timedelta(minutes=9))
QA = Person(id="qa", login="qa", name="Q", role=Role.QA)


def test_no_screen_has_a_key_twice_or_too_many_letters() -> None:
    assert keymaps.clashes({}) == []
    for name, acts in commands.SCREENS.items():
        assert len(keymaps.letters(acts)) <= keymaps.LETTERS_MOST, name


def test_ids_are_unique_and_every_command_has_words() -> None:
    everything = {one for acts in (commands.EVERYWHERE, *commands.SCREENS.values()) for one in acts}
    by_id: dict[str, str] = {}
    for command in everything:
        assert by_id.setdefault(command.id, command.help) == command.help
        assert command.name
        assert command.sentence.endswith(".")


@pytest.mark.parametrize(
    ("command", "who", "ticket", "key"),
    [
        (commands.TAKE, RINA, FREE, None),
        (commands.TAKE, RINA, OWN, "already_yours"),
        (commands.TAKE, RINA, THEIRS, "held"),
        (commands.TAKE, RINA, replace(THEIRS, claim_until=NOW - timedelta(minutes=1)), None),
        (commands.TAKE, QA, FREE, "no_right"),
        (commands.TAKE, RINA, None, "nothing_chosen"),
        (commands.REPLY, RINA, THEIRS, "held"),
        (commands.REPLY, HENDRA, FREE, "no_right"),
        (commands.NOTE, RINA, THEIRS, None),
        (commands.RESUME, RINA, OWN, "transition"),
        (commands.RESUME, RINA, replace(OWN, state=State.WAITING_CUSTOMER), None),
        (commands.CLOSE, RINA, OWN, "transition"),
        (commands.ASSIGN, RINA, THEIRS, "held"),
        (commands.ASSIGN, SARI, THEIRS, None),
        (commands.RELEASE, RINA, FREE, "not_held"),
        (commands.ESCALATE, HENDRA, THEIRS, None),
        (commands.NEW, QA, None, "no_right"),
        (commands.QUIT, QA, None, None),
    ],
)
def test_a_command_says_why_not(command: commands.Command, who: Person, ticket: object, key: str | None) -> None:
    why = commands.why_not(command, who, ticket, NOW, "Bagus")  # type: ignore[arg-type]
    assert (why.key if why else None) == key


@pytest.mark.parametrize(
    ("command", "state", "meant"),
    [
        (commands.RESOLVE, State.OPEN, commands.RESOLVE),
        (commands.RESOLVE, State.RESOLVED, commands.CLOSE),
        (commands.RESOLVE, State.CLOSED, commands.RESOLVE),
        (commands.RESUME, State.WAITING_CUSTOMER, commands.RESUME),
        (commands.RESUME, State.RESOLVED, commands.REOPEN),
        (commands.RESUME, State.CLOSED, commands.REOPEN),
        (commands.HOLD, State.RESOLVED, commands.HOLD),
    ],
)
def test_a_key_goes_on_the_same_way_on_a_resolved_ticket(
    command: commands.Command, state: State, meant: commands.Command
) -> None:
    assert commands.meant(command, replace(OWN, state=state)) is meant
    assert commands.meant(command, None) is command


@pytest.mark.parametrize(("key", "hint", "state"), [("l", "l tutup", State.CLOSED), ("u", "u buka lagi", State.OPEN)])
async def test_a_resolved_ticket_is_closed_or_reopened_by_a_key(desk: Desk, key: str, hint: str, state: State) -> None:
    done = a_ticket(4300, "Sudah beres", ago=timedelta(hours=1), owner=RINA.id)
    apply(desk, [("ticket", replace(done, state=State.RESOLVED, resolved_at=NOW))])
    async with at(desk, (200, 50)) as (app, pilot):
        app.open_ticket(ticket_id(4300))
        await settled(pilot)
        assert hint in screen_text(app)
        await press(pilot, key)
        if key == "u":
            await press(pilot, *"masih", "ctrl+s")
        await until_true(pilot, lambda: desk.find_ticket(ticket_id(4300)).state == state)


def test_keys_as_people_read_them() -> None:
    shown = [keymaps.shown(keys) for keys in ("ctrl+s,ctrl+enter", "question_mark,f1", "t", "space", "shift+tab", "")]
    assert shown == ["^s", "?", "t", "Spasi", "shift+Tab", ""]
    assert keymaps.shown("ctrl+s,ctrl+enter", every=True) == "^s ^Enter"


def test_a_keymap_that_gives_a_key_twice_is_found() -> None:
    assert ("x", "ticket.take", "ticket.reply") in keymaps.clashes({"ticket.take": "x", "ticket.reply": "x"})
    assert keymaps.unknown({"ticket.take": "x", "ticket.nope": "y"}) == ["ticket.nope"]


@pytest.mark.parametrize(
    ("text", "key"), [(b"a = [", "config_syntax"), (b"\xff", "config_syntax"), (b'"ticket.take" = 3', "config_value")]
)
def test_a_keymap_that_cannot_be_read_is_said(tmp_path: Path, text: bytes, key: str) -> None:
    (tmp_path / "keys.toml").write_bytes(text)
    with pytest.raises(UsageError) as caught:
        keymaps.read(tmp_path / "keys.toml")
    assert caught.value.key == key


async def test_a_keymap_moves_a_key_and_the_hint_follows(desk: Desk) -> None:
    laptop = desk.home.folder.parent.parent / "laptop"
    (laptop / "keys.toml").write_text('"ticket.take" = "y"\n"ticket.reply" = "c"\n')
    async with at(desk) as (app, pilot):
        assert "Tombol c dipakai dua kali" in screen_text(app)
        assert "y ambil" in screen_text(app)
        app.screen.query_one(TicketList).go_to(ticket_id(4177))
        await press(pilot, "t")
        assert desk.find_ticket(ticket_id(4177)).owner is None
        await press(pilot, "y")
        assert desk.find_ticket(ticket_id(4177)).owner == RINA.id


async def test_a_keymap_that_names_no_command_is_said(desk: Desk) -> None:
    laptop = desk.home.folder.parent.parent / "laptop"
    (laptop / "keys.toml").write_text('"ticket.tkae" = "y"\n"pick.down" = "J"\n"form.take" = "f2"\n')
    async with at(desk) as (app, _pilot):
        text = screen_text(app)
        assert "Berkas tombol menyebut ticket.tkae, yang bukan perintah." in text
        assert "pick.down" not in text
        assert "form.take" not in text


async def test_a_key_that_cannot_be_used_says_why(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4187))
        await settled(pilot)
        assert "(r balas)" in screen_text(app)
        await press(pilot, "r")
        assert "Bagus Santoso memegang tiket ini sejak" in screen_text(app)


async def test_the_palette_lists_runs_and_explains(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4198))
        await press(pilot, "ctrl+p", *"tutup")
        assert isinstance(app.screen, Palette)
        why = app.words_of(MscError("transition", state="open"))
        assert f"Tutup              {why[:30]}" in screen_text(app)
        await press(pilot, "escape", "ctrl+p", *"klasif", "enter")
        assert "Klasifikasi · MSC-004198" in screen_text(app)


async def test_help_lists_the_live_keys_and_filters(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "f1")
        assert isinstance(app.screen, Help)
        assert "Ambil tiket: Anda pemegangnya." in screen_text(app)
        await press(pilot, *"eskal")
        text = screen_text(app)
        assert "Minta bantuan tingkat di atas." in text
        assert "Ambil tiket" not in text
        assert "Urgensi, dampak" not in text
        await press(pilot, "escape")
        assert isinstance(app.screen, ConsoleScreen)


async def test_the_ticket_screen_shows_what_was_under_the_cursor_or_says_only_that_nothing_is_open(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4198))
        await press(pilot, "2")
        assert app.open_ticket_id == ticket_id(4198)
        await press(pilot, "escape")
        assert app.current_mode == "queue"
    async with at(desk) as (app, pilot):
        await press(pilot, "3", "2")
        text = screen_text(app)
        assert "Tidak ada tiket yang terbuka" in text
        assert "Belum ada yang terjadi" not in text


async def test_screens_by_number_and_a_ticket_by_number(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        for keys, mode in (("3", "knowledge"), ("4", "escalations"), ("0", "sync"), ("2", "ticket"), ("1", "queue")):
            await press(pilot, *keys)
            assert app.current_mode == mode
        await press(pilot, "g", "3")
        assert app.current_mode == "knowledge"
        await press(pilot, "ctrl+g", *"99", "enter")
        assert isinstance(app.screen, Jump)
        assert "Tidak ada tiket itu" in screen_text(app)
        app.screen.query_one("Input").value = "4198"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert app.open_ticket_id == ticket_id(4198)
        await press(pilot, "escape")
        assert app.current_mode == "knowledge"
        await press(pilot, "escape")
        assert app.current_mode == "queue"
        await press(pilot, "escape", "escape")
        assert app.is_running


async def test_quitting_asks_only_when_something_is_unsent(desk: Desk) -> None:
    desk.take(ticket_id(4177))
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+q")
        assert isinstance(app.screen, Confirm)
        assert "1 perbuatan belum terkirim" in screen_text(app)
        await press(pilot, "enter")
        assert app.is_running
        assert not isinstance(app.screen, Confirm)
        await press(pilot, "ctrl+q")
        await pilot.press("y")
        await until_true(pilot, lambda: not app.is_running)


async def test_quitting_with_nothing_unsent_just_quits(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await pilot.press("ctrl+q")
        await until_true(pilot, lambda: not app.is_running)
        assert app.return_value == 0


@pytest.mark.parametrize("action", ["screenshot", "command_palette", "suspend_process"])
async def test_textual_s_own_actions_are_off(desk: Desk, action: str) -> None:
    async with at(desk) as (app, _pilot):
        assert app.check_action(action, ()) is False

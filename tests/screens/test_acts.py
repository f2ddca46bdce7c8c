"""What a person does on the screens, down to the cache."""

from dataclasses import replace

import pytest

from msc_console.desk import Desk
from msc_console.domain.terms import Op, State
from msc_console.screens.classify import ClassifyForm
from msc_console.screens.confirm import Confirm
from msc_console.screens.forms import CancelForm, Form, HoldForm, ResolveForm
from msc_console.screens.lists import Results
from msc_console.screens.new_ticket import NewTicketForm
from msc_console.store import settings
from msc_console.widgets.pick_list import PickList
from msc_console.widgets.ticket_list import TicketList
from tests.support.screens import screen_text

from .filling import fill
from .stage import (
    ANDI,
    BAGUS,
    HOUR,
    MINUTE,
    RINA,
    a_ticket,
    apply,
    at,
    press,
    set_up,
    settled,
    ticket_id,
    tickets,
    until,
    until_true,
)

pytestmark = pytest.mark.slow


async def test_taking_shows_at_once_and_waits_for_central(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        tickets_ = app.screen.query_one(TicketList)
        tickets_.go_to(ticket_id(4177))
        await press(pilot, "t")
        await until(pilot, "MSC-004177 diambil.")
        assert tickets_.cursor_id == ticket_id(4177)
        assert desk.find_ticket(ticket_id(4177)).owner == RINA.id
        await until(pilot, "antre 1")


async def test_a_verb_works_on_marks_with_a_result_for_each(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        listed = app.screen.query_one(TicketList)
        for number in (4177, 4187, 4211):
            listed.go_to(ticket_id(number))
            listed.action_mark()
        await press(pilot, "t")
        assert isinstance(app.screen, Results)
        text = screen_text(app)
        assert "2 tersimpan, 1 tidak" in text
        assert "! MSC-004187" in text
        assert "Bagus Santoso" in text
        await press(pilot, "escape")
        assert set(listed.marked) == {ticket_id(number) for number in (4177, 4187, 4211)}
        assert desk.find_ticket(ticket_id(4211)).owner == RINA.id


async def test_hold_asks_for_a_reason_and_resume_ends_it(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4198))
        await press(pilot, "h")
        assert isinstance(app.screen, HoldForm)
        await press(pilot, "ctrl+s")
        assert "Belum diisi: Alasan." in screen_text(app)
        fill(app, state="waiting_vendor", reason="menunggu vendor POS")
        await press(pilot, "ctrl+s")
        held = desk.find_ticket(ticket_id(4198))
        assert (held.state, held.hold_reason) == (State.WAITING_VENDOR, "menunggu vendor POS")
        await press(pilot, "u")
        assert desk.find_ticket(ticket_id(4198)).state == State.OPEN


async def test_escaping_a_form_changes_nothing(desk: Desk) -> None:
    before = desk.find_ticket(ticket_id(4198))
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4198))
        await press(pilot, "h")
        fill(app, reason="tidak jadi")
        await press(pilot, "escape")
        assert desk.find_ticket(ticket_id(4198)) == before
        assert desk.counts() == (0, 0)


async def test_classifying_shows_the_priority_that_comes_of_it(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4205))
        await press(pilot, "f")
        assert isinstance(app.screen, ClassifyForm)
        assert "P3 sedang" in screen_text(app)
        await press(pilot, "ctrl+s")
        assert "Tidak ada yang diubah." in screen_text(app)
        fill(app, urgency="high", impact="high", service="sign")
        await settled(pilot)
        assert "P1! kritis" in screen_text(app)
        fill(app, component="portal")
        await press(pilot, "ctrl+s")
        after = desk.find_ticket(ticket_id(4205))
        assert (str(after.priority), after.service, after.component) == ("critical", "sign", "portal")


async def test_resolving_keeps_what_was_typed_when_it_is_left(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4205))
        await press(pilot, "l")
        fill(app, solution="Sertifikat diperbarui.")
        await press(pilot, "escape", "l")
        assert isinstance(app.screen, ResolveForm)
        assert "Sertifikat diperbarui." in screen_text(app)
        await press(pilot, "ctrl+s")
        assert desk.find_ticket(ticket_id(4205)).state == State.RESOLVED
        assert desk.draft(ticket_id(4205), Op.TICKET_RESOLVE) is None


@pytest.mark.parametrize(("key", "state"), [("enter", State.OPEN), ("y", State.CANCELLED)])
async def test_cancelling_is_confirmed_on_another_key(desk: Desk, key: str, state: State) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4205))
        await settled(pilot)
        app.screen.action_act("ticket.cancel")
        await settled(pilot)
        assert isinstance(app.screen, CancelForm)
        fill(app, reason="salah kirim")
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, Confirm)
        assert app.screen.focused is not None
        assert app.screen.focused.id == "no"
        await press(pilot, key)
        assert desk.find_ticket(ticket_id(4205)).state == state


async def test_assign_move_escalate_call_time(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        for act, values in (
            ("ticket.call", {"minutes": "7", "body": "sudah jelas"}),
            ("ticket.time", {"minutes": "12"}),
            ("ticket.escalate", {"tier": "l2", "reason": "504 lagi"}),
            ("ticket.assign", {"login": "bagus"}),
        ):
            app.open_ticket(ticket_id(4205))
            await settled(pilot)
            app.screen.action_act(act)
            await settled(pilot)
            assert isinstance(app.screen, Form), act
            fill(app, **values)
            await press(pilot, "ctrl+s")
        ticket = desk.ticket(ticket_id(4205))
        assert ticket.ticket.owner == BAGUS.id
        assert [str(hop.tier) for hop in ticket.hops] == ["l2"]
        assert [entry.data.get("minutes") for entry in ticket.entries[-4:]] == [7, 12, None, None]
        app.open_ticket(ticket_id(4198))
        await settled(pilot)
        app.screen.action_act("ticket.move")
        await settled(pilot)
        fill(app, queue="triage")
        await press(pilot, "ctrl+s")
        assert desk.find_ticket(ticket_id(4198)).queue == "triage"


async def test_classifying_takes_a_value_away_and_another_service_takes_its_parts_along(desk: Desk) -> None:
    id = ticket_id(4198)
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(id)
        await press(pilot, "f")
        fill(app, category="")
        await press(pilot, "ctrl+s")
        await until_true(pilot, lambda: desk.find_ticket(id).category is None)
        assert desk.find_ticket(id).component == "stamping"
        await press(pilot, "f")
        fill(app, service="sign")
        await settled(pilot)
        await press(pilot, "ctrl+s")
        await until_true(pilot, lambda: desk.find_ticket(id).service == "sign")
        assert desk.find_ticket(id).component is None


async def test_a_new_ticket_for_a_known_contact(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "n")
        assert isinstance(app.screen, NewTicketForm)
        fill(app, contact="andi")
        await until(pilot, "Andi Prasetyo  Bank Sagara")
        app.screen.query_one("#contacts", PickList).action_choose()
        await settled(pilot)
        fill(app, subject="Kuota hilang", body="Sejak pagi.", urgency="high")
        await press(pilot, "ctrl+s")
        await until_true(pilot, lambda: app.current_mode == "ticket")
        ticket = desk.find_ticket("~K7Q-1")
        assert (ticket.subject, ticket.contact, ticket.owner, str(ticket.priority)) == (
            "Kuota hilang", ANDI.id, RINA.id, "high",
        )  # fmt: skip
        await until(pilot, "~K7Q-1")


async def test_the_routes_of_the_centre_choose_the_queue_until_the_person_does(desk: Desk) -> None:
    routes = [{"b2b": True, "queue": "priority"}, {"service": "pos", "b2b": False, "queue": "helpdesk"}]
    set_up(desk, "site", {"zone": "Asia/Jakarta", "routes": routes})
    async with at(desk) as (app, pilot):
        await press(pilot, "n")
        form = app.screen
        assert form.values()["queue"] == "triage"
        fill(app, service="pos")
        await settled(pilot)
        assert form.values()["queue"] == "helpdesk"
        await press(pilot, *"andi", "enter")
        assert form.values()["contact_id"] == ANDI.id
        assert form.values()["queue"] == "priority"
        fill(app, queue="triage")
        await settled(pilot)
        fill(app, service="sign")
        await settled(pilot)
        assert form.values()["queue"] == "triage"


async def test_a_new_ticket_makes_its_contact_and_survives_being_left(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "n")
        fill(app, contact="Tini Baru", subject="Halo", body="panjang")
        await press(pilot, "ctrl+s")
        assert "Kontak baru memerlukan nomor atau alamat." in screen_text(app)
        await press(pilot, "escape", "n")
        assert isinstance(app.screen, NewTicketForm)
        text = screen_text(app)
        assert "Tini Baru" in text
        assert "panjang" in text
        fill(app, address="tini@surat.example", take="")
        await press(pilot, "ctrl+s")
        await until_true(pilot, lambda: desk.draft("", Op.TICKET_CREATE) is None)
        found = desk.find_contacts("Tini")
        assert [(str(one.channel), one.value) for one in found[0].addresses] == [("email", "tini@surat.example")]
        assert desk.find_ticket("~K7Q-1").contact == found[0].id
        assert app.current_mode == "queue"


async def test_next_and_previous_go_along_the_view(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        rows = desk.tickets("queues")
        app.open_ticket(rows[2].id)
        await settled(pilot)
        await press(pilot, "n")
        assert app.open_ticket_id == rows[3].id
        await press(pilot, "p", "p")
        assert app.open_ticket_id == rows[1].id
        await press(pilot, "p", "p")
        assert app.open_ticket_id == rows[0].id
        assert "Itu yang pertama." in app.told


async def test_search_finds_as_it_is_typed_and_esc_ends_it(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        listed = app.screen.query_one(TicketList)
        await press(pilot, "slash", *"galat")
        await until_true(pilot, lambda: listed.count == 1)
        assert listed.cursor_id == ticket_id(4160)
        await press(pilot, "enter", "escape")
        assert listed.count == 8


async def test_views_at_the_left_and_in_a_box(desk: Desk) -> None:
    async with at(desk, (80, 24)) as (app, pilot):
        await press(pilot, "v", "j", "enter")
        assert app.screen.query_one(TicketList).count == 5
        await until(pilot, "Milik saya 5")
    async with at(desk) as (app, pilot):
        await press(pilot, "v", "j", "enter")
        assert app.screen.query_one(TicketList).count == 5
        assert app.screen.query_one(TicketList).has_focus


async def test_news_repaint_the_rows_and_keep_the_cursor(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        listed = app.screen.query_one(TicketList)
        listed.go_to(ticket_id(4198))
        news = replace(next(one for one in tickets() if one.number == 4198), subject="Perihal baru", ver=9)
        apply(desk, [("ticket", news), ("ticket", a_ticket(4999, "Mendesak", ago=HOUR))])
        await until_true(pilot, lambda: listed.count == 9)
        assert listed.row is not None
        assert (listed.cursor_id, listed.row.subject) == (ticket_id(4198), "Perihal baru")


async def test_an_alias_that_becomes_a_number_keeps_the_cursor(desk: Desk) -> None:
    fresh = a_ticket(4998, "Baru dari telepon", ago=HOUR, owner=RINA.id)
    apply(desk, [("ticket", replace(fresh, number=None, alias="~K7Q-9"))])
    async with at(desk) as (app, pilot):
        listed = app.screen.query_one(TicketList)
        listed.go_to(fresh.id)
        await until(pilot, "~K7Q-9")
        apply(desk, [("ticket", replace(fresh, alias="~K7Q-9", ver=9)), ("ticket", a_ticket(4999, "x", ago=2 * HOUR))])
        app.changed_here(frozenset({fresh.id}))
        await until(pilot, "MSC-004998")
        assert listed.cursor_id == fresh.id


async def test_what_came_since_the_last_look_stands_below_a_line(desk: Desk) -> None:
    id = ticket_id(4211)
    entries = desk.ticket(id).entries
    with desk.cache.write() as conn:
        settings.mark_seen(conn, id, entries[0].at + MINUTE)
    async with at(desk) as (app, pilot):
        app.open_ticket(id)
        await settled(pilot)
        lines = screen_text(app).splitlines()
        unread = next(at for at, line in enumerate(lines) if "belum dibaca" in line)
        assert "surel" in lines[unread - 3] or "telepon" in lines[unread - 3]
        assert "menelepon pelanggan" in lines[unread + 1]
        desk.note(id, "dari saya")  # news on the open ticket leaves the line where it is
        app.changed_here(frozenset({id}))
        await until(pilot, "dari saya")
        assert screen_text(app).count("belum dibaca") == 1
        app.open_ticket(ticket_id(4198))
        await settled(pilot)
        app.open_ticket(id)
        await settled(pilot)
        assert "belum dibaca" not in screen_text(app)


async def test_a_ticket_that_was_never_open_has_no_line(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        assert "belum dibaca" not in screen_text(app)

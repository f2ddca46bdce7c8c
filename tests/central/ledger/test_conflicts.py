"""Conflicts at central: made with the refusal, read by author and holder, settled once; ops that are taken back."""

from typing import Any

import pytest
from sqlalchemy import text

from msc_console import clock
from msc_console.central import ledger, migrate
from msc_console.central.db import Central
from msc_console.domain.terms import Role
from msc_console.sync.wire import Envelope, OpResult
from tests.central.ledger.stage import NOW, Cache, Laptop, Stage, new_id, person


def fenced(stage: Stage) -> tuple[str, Laptop, Laptop, OpResult]:
    """Rina's solution of a ticket that Lena gave to Budi meanwhile."""
    rina, budi = stage.laptop(stage.rina), stage.laptop(stage.budi)
    ticket = rina.create(take=True)
    given = stage.laptop(stage.lead).do(
        "ticket.assign", ticket, {"owner": stage.budi.id}, before={"owner": stage.rina.id}
    )
    assert given.result == "applied"
    got = rina.do(
        "ticket.resolve", ticket, {"solution": "Sudah beres"}, basis={"epoch": 1, "ver": 1}, before={"state": "open"}
    )
    assert got.result == "fenced"
    return ticket, rina, budi, got


def settle(laptop: Laptop, ticket: str, conflict: str, choice: str, **fields: Any) -> OpResult:
    return laptop.do(
        "conflict.resolve", ticket, {"conflict": conflict, "choice": choice}, basis={"epoch": 2, "ver": 2}, **fields
    )


@pytest.mark.protocol("P-180", "P-181")
def test_a_fenced_act_is_a_row_that_author_and_holder_read(stage: Stage) -> None:
    ticket, _, _, got = fenced(stage)
    assert (got.data["conflict"], got.data["by"]) == (got.op, "Lena")
    row = stage.row("conflict", got.op)
    assert (row["ticket"], row["kind"], row["state"], row["ver"]) == (ticket, "fenced", "open", 1)
    assert row["received_at"] == row["theirs_at"] == clock.to_ms(NOW)
    assert (row["theirs_by"], row["epoch"], row["author_name"]) == ("Lena", 2, "Rina")
    for who in (stage.rina, stage.budi):
        cache = Cache(stage.central, who)
        cache.pull(1)
        read = cache.rows["conflict", got.op]
        assert (read["args"], read["fields"]) == ({"solution": "Sudah beres"}, {"state": ["open", "resolved", "open"]})
    assert got.seq == stage.scalar("SELECT max(seq) FROM change WHERE entity = 'conflict'")
    assert Cache(stage.central, stage.sari).pull()[-1].entity != "conflict"


@pytest.mark.protocol("P-180", "P-062")
def test_an_op_that_is_answered_again_makes_no_second_conflict(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    op = rina.seal("ticket.set", ticket, {"subject": "Baru"}, basis={"epoch": 1}, before={"subject": "Lain"})
    first, again = rina.push(op)[0], rina.push(op)[0]
    assert (first.result, again.result, again.data["conflict"]) == ("conflict", "duplicate", op.op)
    assert stage.scalar("SELECT count(*) FROM conflict") == 1
    assert stage.scalar("SELECT count(*) FROM change WHERE entity = 'conflict'") == 1


@pytest.mark.protocol("P-180")
def test_other_refusals_make_none(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    assert rina.do("entry.note", ticket, {"body": " "}).result == "invalid"
    assert stage.laptop(stage.sari).do("entry.note", ticket, {"body": "x"}).result == "forbidden"
    assert stage.scalar("SELECT count(*) FROM conflict") == 0


@pytest.mark.protocol("P-181")
def test_it_leaves_and_enters_with_its_ticket_and_the_customers_people_see_neither(stage: Stage) -> None:
    ticket, _, _, got = fenced(stage)
    sari, budi = Cache(stage.central, stage.sari), Cache(stage.central, stage.budi)
    sari.pull()
    budi.pull()
    lead = stage.laptop(stage.lead)
    assert lead.do("ticket.move", ticket, {"queue": "khusus"}, before={"queue": "umum"}).result == "applied"
    sari.pull(1)
    budi.pull(1)
    assert ("conflict", got.op) in sari.rows
    assert ("conflict", got.op) not in budi.rows
    customer = Cache(stage.central, person("pelanggan", Role.CUSTOMER, ("umum", "khusus")))
    customer.pull()
    assert customer.ids("conflict") == set()
    assert customer.ids("ticket") == set()


@pytest.mark.protocol("P-182", "P-181")
def test_the_holder_adopts_and_every_cache_shows_it(stage: Stage) -> None:
    ticket, _, budi, got = fenced(stage)
    done = settle(budi, ticket, got.op, "mine", before={"state": "open"})
    assert done.result == "applied", done
    row = stage.row("conflict", got.op)
    assert (row["state"], row["choice"], row["resolved_by"], row["ver"]) == ("adopted", "mine", stage.budi.id, 2)
    assert (stage.row("ticket", ticket)["state"], stage.row("entry", done.op)["body"]) == ("resolved", "Sudah beres")
    cache = Cache(stage.central, stage.rina)
    cache.pull(2)
    assert cache.rows["conflict", got.op]["state"] == "adopted"


@pytest.mark.protocol("P-185")
def test_two_people_settle_one_conflict_and_the_first_counts(stage: Stage) -> None:
    ticket, rina, budi, got = fenced(stage)
    assert settle(rina, ticket, got.op, "withdraw").result == "applied"
    late = settle(budi, ticket, got.op, "mine", before={"state": "open"})
    assert (late.result, late.reason) == ("invalid", "conflict_closed")
    assert stage.row("conflict", got.op)["state"] == "withdrawn"
    assert stage.row("ticket", ticket)["state"] == "open"


@pytest.mark.protocol("P-182")
def test_a_settling_that_is_fenced_names_the_conflict_and_makes_none(stage: Stage) -> None:
    ticket, rina, _, got = fenced(stage)
    again = settle(rina, ticket, got.op, "mine", before={"state": "open"})
    assert (again.result, again.data["conflict"]) == ("fenced", got.op)
    assert stage.row("conflict", got.op)["state"] == "open"
    assert stage.scalar("SELECT count(*) FROM conflict") == 1


@pytest.mark.protocol("P-186")
def test_a_second_try_under_a_new_id_closes_the_conflict_of_the_first(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    basis = {"epoch": 1, "ver": 1}
    got = rina.do("ticket.set", ticket, {"subject": "Baru"}, basis=basis, before={"subject": "Lain"})
    assert got.result == "conflict"
    retry = rina.do(
        "ticket.set", ticket, {"subject": "Baru"}, basis=basis, before={"subject": "Stempel gagal"}, cause=got.op
    )
    assert retry.result == "applied"
    row = stage.row("conflict", got.op)
    assert (row["state"], row["choice"]) == ("resolved", "mine")


@pytest.mark.protocol("P-187", "P-188")
def test_a_deferred_op_is_taken_back_for_good(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    waiting = rina.seal("entry.note", ticket, {"body": "nanti"}, deps=[new_id()])
    assert rina.push(waiting)[0].result == "deferred"
    back = rina.do("op.withdraw", ticket, {"op": waiting.op})
    assert (back.result, back.seq) == ("applied", 0)
    assert ledger.statuses(stage.central, stage.rina, [waiting.op])[0].reason == "withdrawn"
    again = rina.push(waiting)[0]
    assert (again.result, again.reason, again.data["result"]) == ("duplicate", "withdrawn", "invalid")
    assert stage.scalar("SELECT count(*) FROM entry WHERE id = :id", id=waiting.op) == 0


@pytest.mark.protocol("P-188")
def test_an_op_that_arrives_after_its_withdrawal_is_not_done(stage: Stage) -> None:
    rina, other = stage.laptop(stage.rina), stage.laptop(stage.rina)
    ticket = rina.create()
    late = other.seal("entry.note", ticket, {"body": "terlambat"})
    assert rina.do("op.withdraw", ticket, {"op": late.op}).result == "applied"
    got = other.push(late)[0]
    assert (got.result, got.reason) == ("invalid", "withdrawn")
    follower = other.do("entry.note", ticket, {"body": "jalan terus"})
    assert follower.result == "applied"


@pytest.mark.protocol("P-188")
@pytest.mark.parametrize("broken", [False, True])
def test_an_op_and_its_withdrawal_in_one_push(stage: Stage, broken: bool) -> None:
    """Sealed offline, taken back offline: it is never applied. A forged withdrawal takes nothing back."""
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    op = rina.seal("entry.note", ticket, {"body": "salah tiket"})
    back = rina.seal("op.withdraw", ticket, {"op": op.op}, **({"body": "0" * 64} if broken else {}))
    got = rina.push(op, back)
    if broken:
        assert [(one.result, one.reason) for one in got] == [("applied", None), ("forbidden", "bad_signature")]
    else:
        assert [(one.result, one.reason) for one in got] == [("invalid", "withdrawn"), ("applied", None)]


@pytest.mark.protocol("P-187")
def test_what_is_applied_is_not_taken_back_nor_another_persons_op(stage: Stage) -> None:
    rina, budi = stage.laptop(stage.rina), stage.laptop(stage.budi)
    ticket = rina.create()
    note = rina.do("entry.note", ticket, {"body": "sudah"})
    back = rina.do("op.withdraw", ticket, {"op": note.op})
    assert (back.result, back.reason) == ("invalid", "op_applied")
    waiting = rina.seal("entry.note", ticket, {"body": "nanti"}, deps=[new_id()])
    assert rina.push(waiting)[0].result == "deferred"
    assert budi.do("op.withdraw", ticket, {"op": waiting.op}).result == "applied"
    assert ledger.statuses(stage.central, stage.rina, [waiting.op])[0].result == "deferred"
    released: Envelope = waiting
    assert rina.push(released)[0].result == "deferred"


@pytest.mark.protocol("P-180")
def test_a_database_of_before_opens_and_makes_conflicts(central_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema 1 with a ticket in it: it is migrated in place and nothing of it changes."""
    from tests.central.ledger.stage import set_up

    every = migrate.scripts()
    monkeypatch.setattr(migrate, "scripts", lambda: every[:1])
    old = Central.open(central_url)
    with old.write() as conn:
        conn.execute(text("INSERT INTO meta (key, value) VALUES ('site_name', 'Pusat')"))
        generation = conn.execute(text("SELECT generation FROM feed_head")).scalar_one()
    old.close()
    monkeypatch.setattr(migrate, "scripts", lambda: every)
    central = Central.open(central_url)
    stage = set_up(central)
    assert stage.scalar("SELECT value FROM meta WHERE key = 'site_name'") == "Pusat"
    assert stage.scalar("SELECT generation FROM feed_head") == generation
    assert stage.scalar("SELECT max(version) FROM migration") == every[-1][0]
    _, _, _, got = fenced(stage)
    assert stage.row("conflict", got.op)["state"] == "open"
    central.close()

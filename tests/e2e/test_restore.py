"""Central is lost and comes back from last night's backup, with real laptops that know more than it does."""

import pytest
from sqlalchemy import text

from msc_console import clock
from msc_console.central import backup, restore

from .accounts import TOOK, answers, cache_rows, central_rows, outbox_ids
from .conftest import Laptops
from .stage import Centre, Laptop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


def head(centre: Centre) -> tuple[str, int]:
    with centre.open() as central, central.read() as conn:
        generation, number = conn.execute(text("SELECT generation, number FROM feed_head")).one()
        return str(generation), int(number)


def numbers(centre: Centre) -> dict[str, int]:
    """Ticket id -> number."""
    with centre.open() as central, central.read() as conn:
        return {str(id): int(number) for id, number in conn.execute(text("SELECT id, number FROM ticket"))}


def sign_in_again(laptop: Laptop) -> None:
    """No session outlives a restore. The person's authenticator has moved on since the last code."""
    refused = laptop.msc("sync", "now")
    assert refused.code == 4, refused
    laptop.leave()
    with laptop.centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET totp_step = 0"))
    laptop.sign_in()


def lost_and_restored(centre: Centre, laptops: Laptops) -> None:
    labels = centre.fill(6)
    rina, budi = laptops("rina", centre), laptops("budi", centre)
    before, after, unsent = [], [], []
    for laptop, mine in ((rina, labels[:2]), (budi, labels[2:4])):
        assert laptop.msc("sync", "now").code == 0
        before += [done["op"] for done in laptop.do("ticket", "take", *mine)]
    file = centre.folder / "nightly.msc"
    backup.backup(centre.url, file, clock.now())
    old, given = head(centre)

    # What central confirmed after the backup, and will forget.
    after += [done["op"] for done in rina.do("ticket", "note", labels[0], "Dicek, kuota masih ada.")]
    after += [done["op"] for done in rina.do("ticket", "resolve", labels[0], "Kuota dikembalikan.")]
    new = rina.do("ticket", "new", "Segel rusak", "--contact", "Pelanggan 1", "--queue", "triage", "--take")
    after += [done["op"] for done in new]
    after += [done["op"] for done in budi.do("ticket", "release", labels[2])]
    after += [done["op"] for done in budi.do("ticket", "take", labels[4])]
    after += [done["op"] for done in budi.do("ticket", "reply", labels[3], "Mohon dicoba lagi.")]
    with centre.open() as central:
        assert {answers(central, after)[op] for op in after} <= {*TOOK}
    told = numbers(centre)

    # What it never heard of.
    for laptop, ref in ((rina, labels[1]), (budi, labels[4])):
        laptop.cut()
        unsent += [done["op"] for done in laptop.do("ticket", "note", ref, "Ditulis tanpa sambungan.")]
        laptop.mend()
    kept = {}
    for laptop in (rina, budi):
        with laptop.desk() as desk:
            kept[laptop.login] = outbox_ids(desk)

    centre.kill()
    done = restore.restore(file, centre.url, clock.now(), replace=True)
    centre.start()
    assert head(centre)[0] == done.generation != old
    with centre.open() as central, central.read() as conn:
        known = set(conn.execute(text("SELECT op_id FROM op")).scalars())
    assert known & {*after, *unsent} == set(), "the restored central knows none of it"
    assert {*before} <= known

    for laptop in (rina, budi):
        sign_in_again(laptop)
        for _ in range(2):
            said = laptop.msc("sync", "now")
            assert said.code == 0, said
    for laptop in (rina, budi):
        assert laptop.msc("sync", "now").code == 0

    ops = before + after + unsent
    with centre.open() as central:
        codes = answers(central, ops)  # one answer each, and one entry in the timeline for each that took
        assert {op: code for op, code in codes.items() if code not in TOOK} == {}
        for laptop in (rina, budi):
            with laptop.desk() as desk:
                assert desk.counts() == (0, 0)
                assert kept[laptop.login] <= outbox_ids(desk), "no act has left the laptop's books"
                held, wanted = cache_rows(desk), central_rows(central, desk.person)
            for kind, rows in wanted.items():
                assert held[kind] == rows, kind
    now = numbers(centre)
    assert now.keys() == told.keys()
    again = {number for id, number in now.items() if number != told[id]}
    assert len(again) == 1
    assert min(again) > given + restore.NUMBERS, "no number that was told to a customer names another ticket"
    for laptop in (rina, budi):
        assert laptop.msc("sync", "verify", "--json").json["entities"] == []


@pytest.mark.protocol("P-089", "P-171", "P-172")
def test_lost_and_restored(centre: Centre, laptops: Laptops) -> None:
    lost_and_restored(centre, laptops)


@pytest.mark.protocol("P-089", "P-171", "P-172")
def test_lost_and_restored_on_postgresql(postgres_centre: Centre, laptops: Laptops) -> None:
    lost_and_restored(postgres_centre, laptops)

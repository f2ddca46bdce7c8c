"""Two laptops, one away for twenty tickets, and a central that is killed in between: every act is accounted for.

The commands run in this process, as typed; the sync that the kill hits runs in a process of its own, and so do the
two that make tickets offline.
"""

import json
import threading

import pytest
from sqlalchemy import text

from msc_console.domain.terms import Result
from msc_console.errors import Exit

from .accounts import TOOK, answers, cache_rows, central_rows, outbox_ids
from .conftest import Laptops
from .stage import Centre, Laptop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

CONTESTED = 3
EACH = 20


def work(laptop: Laptop, tickets: list[str]) -> list[str]:
    """A mix of acts on tickets that nobody holds; the ids of the acts."""
    ops = [done["op"] for done in laptop.do("ticket", "take", *tickets)]
    turns = [
        lambda ref: laptop.do("ticket", "note", ref, "Dicek: kuota masih ada."),
        lambda ref: laptop.do("ticket", "reply", ref, "Mohon dicoba lagi."),
        lambda ref: laptop.do("ticket", "call", ref, "Sudah dijelaskan.", "--minutes", "4", "--out"),
        lambda ref: laptop.do("ticket", "resolve", ref, "Kuota sudah dikembalikan."),
    ]
    for place, ref in enumerate(tickets):
        ops += [done["op"] for done in turns[place % len(turns)](ref)]
    ops += [
        done["op"] for done in laptop.do("ticket", "set", *tickets[::3], "--urgency", "high", "--category", "question")
    ]
    waiting = [ref for place, ref in enumerate(tickets) if place % len(turns) != 3][::4]
    ops += [
        done["op"] for done in laptop.do("ticket", "hold", *waiting, "--for", "customer", "--reason", "Menunggu berkas")
    ]
    return ops


def kill_during_sync(centre: Centre, laptop: Laptop, ops: list[str]) -> None:
    """Central dies as soon as it has committed the push, perhaps before the answer has left."""
    process = laptop.spawn("sync", "now")
    pause = threading.Event()
    with centre.open() as central:
        while process.poll() is None:
            with central.read() as conn:
                if conn.execute(text("SELECT 1 FROM op WHERE op_id = :op"), {"op": ops[0]}).scalar():
                    break
            pause.wait(0.002)
    centre.kill()
    process.kill()  # and the laptop's process dies with it
    process.communicate()


def away(laptop: Laptop, tickets: list[str]) -> list[str]:
    """Rina's shift with the line cut: twenty tickets, and two new ones, one of them for a new customer."""
    ops = work(laptop, tickets)
    contact = laptop.spawn("contact", "new", "Wulan Sari", "--email", "wulan@contoh.test", "--json")
    made = json.loads(contact.communicate()[0])
    ops.append(made[0]["op"])
    for words in (("Segel rusak", "--contact", "Wulan Sari", "--take"), ("Kuota hilang", "--contact", "Pelanggan 21")):
        new = laptop.spawn("ticket", "new", *words, "--queue", "triage", "--json")
        out, err = new.communicate()
        assert new.returncode == 0, err
        assert "Kept here" in err
        ops.append(json.loads(out)[0]["op"])
    return ops


def landing(centre: Centre, laptops: Laptops) -> None:
    numbers = centre.fill(2 * EACH)
    rina, budi = laptops("rina", centre), laptops("budi", centre)
    for laptop in (rina, budi):
        assert laptop.msc("sync", "now").code == 0

    rina.cut()
    theirs = away(rina, numbers[:EACH])
    refused = rina.msc("sync", "now")
    assert (refused.code, "can't be reached" in refused.err + refused.out) == (3, True)

    # Budi is online, works on as many, and on three of the same.
    ours = work(budi, numbers[EACH : EACH + EACH // 2])
    contested = numbers[:CONTESTED]
    ours += [done["op"] for done in budi.do("ticket", "take", *contested)]
    ours += [done["op"] for done in budi.do("ticket", "set", contested[0], "--urgency", "low")]
    ours += [done["op"] for done in budi.do("ticket", "resolve", contested[1], "Sudah beres.")]
    ours += [done["op"] for done in budi.do("ticket", "release", contested[2])]

    # The line shakes while he works the rest; what he has done leaves in one push, and central dies in it.
    budi.cut()
    late = work(budi, numbers[EACH + EACH // 2 :])
    budi.mend()
    kill_during_sync(centre, budi, late)
    ours += late + [done["op"] for done in budi.do("ticket", "note", numbers[-1], "Pusat mati, saya lanjut.")]
    centre.start()

    rina.mend()
    said = [laptop.msc("sync", "now").code for laptop in (rina, budi, rina)]
    assert said == [Exit.CONFLICT, Exit.OK, Exit.OK], "that acts were refused is told once"

    with centre.open() as central:
        codes = answers(central, theirs + ours)
        assert {codes[op] for op in ours} <= {*TOOK}, "Budi was first everywhere"
        for laptop, ops in ((rina, theirs), (budi, ours)):
            with laptop.desk() as desk:
                assert outbox_ids(desk) == set(ops), "no act was lost on the way to the outbox"
                assert desk.counts()[0] == 0
                held, wanted = cache_rows(desk), central_rows(central, desk.person)
            for kind, rows in wanted.items():
                assert held[kind] == rows, kind

    lost = {op for op in theirs if codes[op] not in TOOK}
    listed = rina.msc("sync", "list", "--json").json
    assert {act["op"] for act in listed} == lost, "what was not applied waits where a person sees it"
    ends = {(act["kind"], act["label"]): (act["result"]["result"], act["result"]["reason"]) for act in listed}
    first, second, third = contested
    assert ends == {
        ("ticket.take", first): (Result.FENCED, "held"),
        ("ticket.set", first): (Result.FENCED, "held"),
        ("ticket.hold", first): (Result.FENCED, "held"),
        ("ticket.take", second): (Result.INVALID, "not_workable"),
        ("entry.reply", second): (Result.FENCED, "held"),
        ("ticket.take", third): (Result.FENCED, "changed_hands"),
    }, "her note and her call on the same three are merged, the rest is hers to decide"
    told = rina.msc("sync", "list")
    assert all(label in told.out for label in contested)
    offered = {act["op"] for act in budi.msc("sync", "list", "--json").json}
    on_his = {act["op"] for act in listed if act["result"]["reason"] == "held"}
    assert len(on_his) == 4
    assert offered == on_his, "nothing of his own waits; hers on tickets that he holds are his to adopt"


def test_landing(centre: Centre, laptops: Laptops) -> None:
    landing(centre, laptops)


@pytest.mark.deep
def test_landing_on_postgresql(postgres_centre: Centre, laptops: Laptops) -> None:
    landing(postgres_centre, laptops)

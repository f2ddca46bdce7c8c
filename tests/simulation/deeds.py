"""What people do at their desks: any op kind on any ticket that they see, with details drawn from one number."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from msc_console.desk.acts import UNDO_SEND
from msc_console.desk.whole import Desk

from .setting import CONTACT, PEOPLE, QUEUES

POISON = "racun"
"""Central's rule trips over a call with this text (`world.World`)."""

Deed = Callable[[Desk, str, Random], object]

DEEDS: dict[str, Deed] = {
    "create": lambda desk, ref, dice: desk.new_ticket(
        f"Kartu {dice.randrange(999)}",
        dice.choice([CONTACT, None]),
        dice.choice(QUEUES),
        take=dice.random() < 0.3,
        urgency=dice.choice(["low", "medium", "high"]),
    ),
    "contact": lambda desk, ref, dice: desk.new_ticket(
        "Pelanggan baru",
        desk.new_contact(f"Sari {dice.randrange(99)}", [("email", "sari@contoh.example")]).target,
        dice.choice(QUEUES),
    ),
    "common": lambda desk, ref, dice: desk.new_ticket("Bersama", CONTACT, "umum"),
    "held": lambda desk, ref, dice: desk.new_ticket("Terpegang", CONTACT, "umum", take=True),
    "take": lambda desk, ref, dice: desk.take(ref),
    "release": lambda desk, ref, dice: desk.release(ref),
    "assign": lambda desk, ref, dice: desk.assign(ref, dice.choice(PEOPLE), "ganti"),
    "move": lambda desk, ref, dice: desk.move(ref, dice.choice(QUEUES)),
    "set": lambda desk, ref, dice: desk.set(
        ref,
        **dice.choice(
            [
                {"urgency": dice.choice(["low", "medium", "high"])},
                {"impact": dice.choice(["low", "medium", "high"])},
                {"subject": f"Ubah {dice.randrange(99)}"},
                {"service": dice.choice(["pos", ""])},
                {"kind": dice.choice(["incident", "request"])},
            ]
        ),
    ),
    "hold": lambda desk, ref, dice: desk.hold(ref, dice.choice(["waiting_customer", "waiting_vendor"]), "menunggu"),
    "resume": lambda desk, ref, dice: desk.resume(ref),
    "resolve": lambda desk, ref, dice: desk.resolve(ref, f"Selesai {dice.randrange(99)}"),
    "close": lambda desk, ref, dice: desk.close(ref),
    "reopen": lambda desk, ref, dice: desk.reopen(ref, "belum"),
    "cancel": lambda desk, ref, dice: desk.cancel(ref, "salah"),
    "note": lambda desk, ref, dice: desk.note(ref, f"Catatan {dice.randrange(999)}"),
    "reply": lambda desk, ref, dice: desk.reply(
        ref, f"Balasan {dice.randrange(999)}", hold=dice.choice([None, UNDO_SEND, timedelta(minutes=5)])
    ),
    "call": lambda desk, ref, dice: desk.call(ref, "out", dice.randrange(1, 9), "telepon"),
    "time": lambda desk, ref, dice: desk.time(ref, dice.randrange(1, 60)),
    "escalate": lambda desk, ref, dice: desk.escalate(ref, "l1", "tolong"),
    "ack": lambda desk, ref, dice: desk.acknowledge(ref),
    "return": lambda desk, ref, dice: desk.give_back(ref, "sudah"),
    "poison": lambda desk, ref, dice: desk.call(ref, "in", 1, POISON),
}
"""Name -> the deed on the ticket `ref`."""
LEVELS = ("low", "high", "medium")
CLASHES: dict[str, Callable[[Desk, str, int], object]] = {
    "urgency": lambda desk, ref, n: desk.set(ref, urgency=LEVELS[n % 3]),
    "impact": lambda desk, ref, n: desk.set(ref, impact=LEVELS[n % 3]),
    "subject": lambda desk, ref, n: desk.set(ref, subject=f"Judul {n % 99}"),
    "kind": lambda desk, ref, n: desk.set(ref, kind=("request", "inquiry", "incident")[n % 3]),
    "owner": lambda desk, ref, n: desk.assign(ref, PEOPLE[n % 3], "ganti"),
    "claim": lambda desk, ref, n: desk.take(ref),
    "queue": lambda desk, ref, n: desk.move(ref, ("khusus", "triage", "umum")[n % 3]),
    "state": lambda desk, ref, n: (
        lambda: desk.hold(ref, "waiting_customer", "menunggu"),
        lambda: desk.cancel(ref, "salah"),
        lambda: desk.resolve(ref, f"Selesai {n % 99}"),
    )[n % 3](),
}
"""Field -> a deed that gives it one of three values, the next number another one, so that people who can't see each
other contradict. A new ticket has the third of them."""
WAYS_OUT = ("mine", "theirs", "note", "withdraw", "offer", "retry", "dismiss")
OFTEN = ("take", "take", "take", "set", "set", "set", "note", "resolve", "reply", "hold", "escalate", "move", "assign")


def pick(dice: Random) -> str:
    """A deed's name; some are more common than others."""
    return dice.choice((*DEEDS, *OFTEN))

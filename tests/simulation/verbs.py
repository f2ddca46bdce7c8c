"""What may happen in a simulated centre: each verb takes the world and the details of its action."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from random import Random

from msc_console.desk import unsettled
from msc_console.store import outbox
from msc_console.sync.moves import Source

from . import deeds
from .laptop import DISK, Laptop
from .routes import SPEECHES
from .setting import PEOPLE, QUEUES
from .way import FAULTS
from .world import MOST_STEPS, World

PATIENCE = 400
"""Seconds after which whatever a laptop waits for is due."""

# -- people at their desks


def begin(world: World) -> None:
    """Everybody has what central holds for them."""
    for laptop in world.laptops.values():
        laptop.talk(MOST_STEPS)


def act(world: World, who: str, deed: str, number: int) -> str:
    """A deed on one of the tickets that the person sees."""
    laptop, dice = world.laptops[who], Random(number)
    tickets = [row[0] for row in laptop.rows("SELECT id FROM ticket ORDER BY n")]
    if not tickets and deed not in ("create", "contact"):
        return "nothing"
    ref = dice.choice(tickets) if tickets else ""
    return _did(world, laptop, lambda: deeds.DEEDS[deed](laptop.desk, ref, dice))


def clash(world: World, who: str, field: str, number: int) -> str:
    """A deed on the ticket that everybody works on (the newest), which contradicts what others say of the
    same field."""
    laptop = world.laptops[who]
    found = laptop.rows(
        "SELECT id FROM ticket WHERE ver > 0 AND queue = 'umum' AND closed_at IS NULL ORDER BY number DESC, id"
    )
    if not found:
        return "nothing"
    return _did(world, laptop, lambda: deeds.CLASHES[field](laptop.desk, found[0][0], number))


def later_act(world: World, who: str, number: int) -> str:
    """A note in the form of a later version of its kind, as a console that is ahead of central would write it."""
    told = act(world, who, "note", number)
    laptop = world.laptops[who]

    def rewrite() -> None:
        with laptop.cache.write() as conn:
            n, target = conn.execute("SELECT n, target FROM outbox ORDER BY n DESC LIMIT 1").fetchone()
            conn.execute("UPDATE outbox SET version = 2 WHERE n = ?", (n,))
            laptop.desk.replica.refold(conn, target)

    if told == "done" and world.at_desk(laptop, rewrite) == "done":
        world.tally["fault.later_kind"] += 1
    return told


def _did(world: World, laptop: Laptop, work: Callable[[], object]) -> str:
    told = world.at_desk(laptop, work)
    if told == "done":
        world.tally["ops"] += 1
    return told


def tidy(world: World, who: str, how: str, number: int) -> str:
    """Edit or take back one of the acts of the outbox."""
    laptop, dice = world.laptops[who], Random(number)
    state = "open" if how == "edit" else dice.choice(["open", "sealed"])
    ids = [row[0] for row in laptop.rows("SELECT id FROM outbox WHERE state = ? ORDER BY n", state)]
    if not ids:
        return "nothing"
    op = dice.choice(ids)
    return world.at_desk(laptop, lambda: _edit(laptop, op, dice) if how == "edit" else laptop.desk.withdraw(op))


def _edit(laptop: Laptop, op: str, dice: Random) -> None:
    with laptop.cache.write() as conn:
        found = outbox.get(conn, op)
        if "body" in found.command.args:
            args = {**found.command.args, "body": f"Diubah {dice.randrange(99)}"}
            laptop.desk.replica.edit(conn, op, args, found.hold_until)


def settle(world: World, who: str, way_out: str, number: int) -> str:
    """A person takes one of the ways out of something that needs them."""
    laptop, dice = world.laptops[who], Random(number)
    with laptop.seen():
        rows = [row for row in unsettled.unsettled(laptop.desk) if row.standing <= unsettled.Standing.OFFERED]
    if not rows:
        return "nothing"
    row, desk = dice.choice(rows), laptop.desk
    ways: dict[str, Callable[[], object]] = {
        "offer": lambda: unsettled.offer(desk, row),
        "retry": lambda: desk.retry(row.id),
        "dismiss": lambda: desk.dismiss(row.id),
    }
    told = world.at_desk(laptop, ways.get(way_out, lambda: desk.settle(row.id, way_out)))  # type: ignore[arg-type]
    if told == "done":
        world.tally[f"settled.{way_out}"] += 1
    return told


def open_ticket(world: World, who: str, number: int) -> str:
    """A person looks at a ticket; one whose timeline lies at central, if there is any."""
    laptop = world.laptops[who]
    found = laptop.rows("SELECT ticket FROM thin ORDER BY ticket") or laptop.rows("SELECT id FROM ticket ORDER BY id")
    if not found:
        return "nothing"
    return world.at_desk(laptop, lambda: laptop.desk.mark_seen(Random(number).choice(found)[0]))


# -- laptops


def talk(world: World, who: str, steps: int) -> int:
    """Some steps of the conversation, which may end in the middle of it."""
    return world.laptops[who].talk(steps)


def fault(world: World, who: str, kind: str, after: int) -> None:
    """A coming request meets a fault (`way.FAULTS`), after some that go well."""
    world.laptops[who].faults += [None] * after + [kind]


def disk(world: World, who: str, kind: str, after: int) -> None:
    """A coming commit meets a fault (`laptop.DISK`)."""
    world.laptops[who].cache.plan += [None] * after + [kind]


def ready(world: World, who: str) -> int:
    """Somebody sits down with everything in order: the line is up, they have signed in, what was still to befall the
    laptop does not, and it has what central holds."""
    laptop = world.laptops[who]
    laptop.online = True
    laptop.faults.clear()
    laptop.cache.plan.clear()
    wait(world, PATIENCE)
    laptop.sign_in()
    return laptop.talk(MOST_STEPS)


def line(world: World, who: str, up: bool) -> None:
    """The network of a laptop is there, or not."""
    if not up and world.laptops[who].online:
        world.tally["fault.offline"] += 1
    world.laptops[who].online = up
    if up:
        world.laptops[who].poke(Source.WAKE)


def wait(world: World, seconds: int) -> None:
    """Time passes."""
    world.chance.ms += seconds * 1000


def sleep(world: World, who: str, seconds: int) -> None:
    """The laptop is shut for a while: its wall clock goes on, and it finds itself awake."""
    wait(world, seconds)
    world.tally["fault.sleep"] += 1
    world.laptops[who].poke(Source.WAKE)


def jump(world: World, who: str, seconds: int) -> None:
    """The wall clock of a laptop is set."""
    world.laptops[who].pending_jump += timedelta(seconds=seconds)
    world.tally["fault.clock_jump"] += 1
    world.laptops[who].step()


def crash(world: World, who: str) -> None:
    """The process dies between two commits."""
    world.tally["fault.crash"] += 1
    world.laptops[who].die()


def clone(world: World, who: str, whole: bool) -> str:
    """A second copy of the laptop's files goes to work; `whole`: the nonce that lies beside the cache too."""
    if len(world.laptops) >= len(PEOPLE) + 2:
        return "enough"
    folder, first = world.office.place(who), world.laptops[who]
    name = f"{who}+{len(world.laptops)}"
    twin = Laptop(name, first.login, folder, world.chance, world.office)
    first.copy_to(twin.folder)
    if not whole:
        (twin.folder / "incarnation").unlink(missing_ok=True)
    twin.skew = first.skew
    twin.start()
    twin.sign_in()
    world.laptops[name] = twin
    world.memory.copied(who, name)
    world.tally["fault.clone"] += 1
    return name


def backup(world: World, who: str) -> None:
    """Keep a copy of the laptop's cache, as a disk image would."""
    laptop, folder = world.laptops[who], world.office.place(who)
    laptop.copy_to(folder)
    laptop.copies.append(folder)
    world.memory.copied(who, folder.name)


def put_back(world: World, who: str) -> str:
    """The laptop's cache is put back from the newest copy; the nonce outside it stays as it is."""
    laptop = world.laptops[who]
    if not laptop.copies:
        return "nothing"
    kept, fresh = laptop.copies[-1], world.office.place(who)
    laptop.close()
    shutil.copytree(kept, fresh)
    (fresh / "incarnation").unlink(missing_ok=True)
    if (laptop.folder / "incarnation").exists():
        shutil.copyfile(laptop.folder / "incarnation", fresh / "incarnation")
    laptop.folder = fresh
    world.memory.copied(kept.name, who)
    world.tally["fault.put_back"] += 1
    laptop.start()
    laptop.sign_in()
    return "back"


def lose(world: World, who: str) -> None:
    """The laptop is gone with what had not left it; its person begins on an empty one with the same device key."""
    laptop = world.laptops[who]
    laptop.close()
    world.memory.lost(who)
    world.tally["fault.lost_laptop"] += 1
    fresh = Laptop.new(who, laptop.login, world.office.place(who), world.chance, world.office)
    fresh.skew, fresh.online, fresh.disk_struck = laptop.skew, laptop.online, laptop.disk_struck
    fresh.cache.struck = fresh.disk_struck
    world.laptops[who] = fresh


def sizes(world: World, who: str, page: int, push: int) -> None:
    """From now on this laptop gets pages and may send pushes of this size."""
    world.office.routes.pages[who], world.office.routes.pushes[who] = page, push


def verify(world: World, who: str) -> None:
    """A person wants the cache compared with central."""
    world.laptops[who].driver.want_verify()
    world.laptops[who].poke()


def sign_in(world: World, who: str) -> str:
    """The person signs in again."""
    return world.at_desk(world.laptops[who], world.laptops[who].sign_in)


# -- central


def queues(world: World, login: str, number: int) -> None:
    """A person gets other queues."""
    if world.office.active(login):
        dice = Random(number)
        world.tally["fault.other_queues"] += 1
        world.office.change(login, queues=tuple(sorted(dice.sample(QUEUES, dice.randrange(1, 4)))))


def switch(world: World, login: str, on: bool) -> None:
    """A person is switched off, or on again."""
    if not on and world.office.active(login):
        world.tally["fault.switched_off"] += 1
    world.office.switch(login, on=on)


def restart(world: World) -> None:
    world.tally["fault.central_restart"] += 1
    world.office.restart()


def keep(world: World) -> None:
    world.office.keep()


def roll_back(world: World) -> bool:
    """Central is restored to its newest backup."""
    done = world.office.roll_back()
    if done:
        world.tally["fault.central_restored"] += 1
        world.memory.central_restored()
    return done


def tick(world: World) -> None:
    world.office.tick()


def compact(world: World, days: int) -> None:
    world.tally["fault.compaction"] += 1
    world.office.compact(days)


def cut(world: World) -> bool:
    """What is being cut of snapshots goes one part further."""
    return world.office.routes.cutter.step()


def erase(world: World, number: int) -> str:
    told = world.office.erase(number)
    if told != "nothing":
        world.tally["fault.body_erased"] += 1
    return told


def speak(world: World, how: str) -> None:
    """Central is another version, with other protocols."""
    if how != "ours":
        world.tally[f"fault.speaks_{how}"] += 1
    world.office.speak(how)


KINDS = (
    *FAULTS, *(f"disk_{kind}" for kind in DISK), *(f"speaks_{how}" for how in SPEECHES if how != "ours"),
    "offline", "sleep", "clock_jump", "crash", "clone", "put_back", "lost_laptop", "other_queues", "switched_off",
    "taken_over", "later_kind", "body_erased", "central_restart", "central_restored", "compaction",
)  # fmt: skip
"""Every kind of fault. `World.result` counts each that had its effect, as `fault.<kind>`."""

VERBS: dict[str, Callable[..., object]] = {
    made.__name__: made
    for made in (
        begin, act, clash, later_act, tidy, settle, open_ticket, talk, fault, disk, ready, line, wait, sleep, jump,
        crash, clone, backup, put_back, lose, sizes, verify, sign_in, queues, switch, restart, keep, roll_back, tick,
        compact, cut, erase, speak,
    )
}  # fmt: skip

"""What central put aside, from the command line against a real central: seen, done, dismissed, heard of."""

import pytest
from sqlalchemy import text

from .conftest import Laptops
from .stage import Centre, Laptop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@pytest.fixture
def boss(centre: Centre, laptops: Laptops) -> Laptop:
    """Sari is the duty manager, and of the queue."""
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET role = 'manager' WHERE login = 'sari'"))
    return laptops("sari", centre)


@pytest.fixture
def late(centre: Centre, laptops: Laptops, boss: Laptop) -> tuple[Laptop, str]:
    """Rina wrote two notes with the network down, and has another role since."""
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.cut()
    for words in ("satu dari luar jaringan", "dua dari luar jaringan"):
        assert rina.msc("ticket", "note", number, words).code == 0
    assert boss.msc("user", "role", "rina", "qa").code == 0
    rina.mend()
    assert rina.msc("sync", "now").code == 5
    return rina, number


@pytest.mark.protocol("P-079", "P-195", "P-196")
def test_what_was_put_aside_is_seen_settled_and_heard_of(late: tuple[Laptop, str], boss: Laptop) -> None:
    rina, number = late
    table = boss.msc("quarantine")
    assert (table.code, number in table.out, "rina" in table.out) == (0, True, True), table
    first, second = boss.msc("quarantine", "list", "--json").json
    assert (first["author"], first["number"], first["reason"], first["words"]) == (
        "rina", number, "rights_gone", "shown"
    )  # fmt: skip
    page = boss.msc("quarantine", "show", first["op"][-8:])
    assert "satu dari luar jaringan" in page.out
    tried = boss.msc("quarantine", "retry", first["op"], "--dry-run", "--json")
    assert (tried.json[0]["result"], "dry run" in tried.err) == ("applied", True)
    assert boss.msc("quarantine", "retry", first["op"][-8:], "--json").json[0]["result"] == "applied"
    assert boss.msc("quarantine", "dismiss", second["op"], "--reason", "sudah dicatat di telepon").code == 0
    assert boss.msc("quarantine", "list", "--json").json == []
    once = boss.msc("quarantine", "retry", first["op"])
    assert (once.code, once.out) == (5, "")
    assert boss.msc("quarantine", "dismiss", second["op"], "--reason", "lagi").code == 5
    assert rina.msc("sync", "now").code in (0, 5)
    (left,) = rina.msc("sync", "list", "--json").json
    assert (left["op"], left["result"]["reason"]) == (second["op"], "dismissed")
    assert "sudah dicatat di telepon" in rina.msc("sync", "list").out
    assert "satu dari luar jaringan" in rina.msc("ticket", "show", number).out


def test_who_may_not_and_what_is_not_there(late: tuple[Laptop, str], boss: Laptop) -> None:
    rina, _number = late
    for words in (("list",), ("retry", "x" * 36), ("dismiss", "x" * 36, "--reason", "y")):
        said = rina.msc("quarantine", *words)
        assert (said.code, said.out) == (4, ""), said
    assert boss.msc("quarantine", "show", "ffff0000").code == 1
    assert boss.msc("quarantine", "retry", "f" * 36).code == 1
    assert boss.msc("quarantine", "dismiss", "f" * 36).code == 2
    boss.cut()
    gone = boss.msc("quarantine")
    assert (gone.code, "central alone" in gone.err) == (3, True)

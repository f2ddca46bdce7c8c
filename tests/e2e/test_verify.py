"""The self-check with a real central and a real cache: hand-made differences are found and put right in one go."""

from itertools import product

import pytest

from msc_console.desk import Desk
from msc_console.store import settings
from msc_console.store.opening import Connection

from .accounts import cache_rows, central_rows
from .conftest import Laptops
from .stage import Centre, Laptop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

EQUAL = {"missing": 0, "extra": 0, "wrong": 0, "kept": 0}


@pytest.fixture
def rina(centre: Centre, laptops: Laptops) -> Laptop:
    """Rina's laptop, in step with a centre of twelve tickets, three of which she works on."""
    numbers = centre.fill(12)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.do("ticket", "take", *numbers[:3])
    rina.do("ticket", "note", numbers[0], "Dicek.")
    rina.do("ticket", "escalate", numbers[1], "--tier", "l1", "--reason", "Perlu ahli")
    assert rina.msc("sync", "now").code == 0
    return rina


def verify(laptop: Laptop) -> dict[str, object]:
    said = laptop.msc("sync", "verify", "--json")
    assert said.code == 0, said
    found: dict[str, object] = said.json
    return found


def same(laptop: Laptop) -> None:
    """The cache is what central's tables say."""
    with laptop.centre.open() as central, laptop.desk() as desk:
        held, wanted = cache_rows(desk), central_rows(central, desk.person)
        for kind, rows in wanted.items():
            assert held[kind] == rows, kind


def tamper(laptop: Laptop, *statements: str) -> None:
    with laptop.desk() as desk, desk.cache.write() as conn:
        for statement in statements:
            conn.execute(statement)


@pytest.mark.protocol("P-165", "P-166")
def test_a_cache_in_step_is_found_so(rina: Laptop) -> None:
    found = verify(rina)
    with rina.desk() as desk, desk.cache.read() as conn:
        rows = sum(
            conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("ticket", "entry", "hop", "contact", "organisation", "person", "queue", "service", "article")
        )
    set_up = 3  # policy, duty, site
    assert found == EQUAL | {"rows": rows + set_up, "entities": [], "mended": 0}
    assert rows > 30


LAST = "SELECT id FROM {0} ORDER BY id DESC LIMIT 1"


@pytest.mark.protocol("P-167", "P-169")
def test_a_row_that_is_missing_comes_back(rina: Laptop) -> None:
    for count, entity in enumerate(("ticket", "entry", "hop", "contact", "person"), 1):
        tamper(rina, f"DELETE FROM {entity} WHERE id = ({LAST.format(entity)})")
        found = verify(rina)
        assert (found["missing"], found["extra"], found["wrong"]) == (1, 0, 0), entity
        same(rina)
        assert rina.msc("sync", "status", "--json").json["mended"] == count, "and it is counted"
    assert verify(rina)["entities"] == []


@pytest.mark.protocol("P-165", "P-169")
def test_a_part_of_the_set_up_that_differs_is_fetched(rina: Laptop) -> None:
    for part, how in product(("policy", "duty", "site"), ("changed", "gone")):
        with rina.desk() as desk, desk.cache.write() as conn:
            right = settings.set_up(conn, part)
            assert right
            settings.keep_set_up(conn, part, {} if how == "gone" else right | {"version": 99, "name": "Lain"})
        found = verify(rina)
        assert (found["missing"], found["wrong"]) == ((1, 0) if how == "gone" else (0, 1)), (part, how)
        assert found["entities"] == [part]
        with rina.desk() as desk, desk.cache.read() as conn:
            assert settings.set_up(conn, part) == right
        assert verify(rina)["entities"] == []


@pytest.mark.protocol("P-167", "P-169")
def test_a_row_of_another_version_is_replaced(rina: Laptop) -> None:
    for entity, by in product(("ticket", "entry", "contact"), (1, -1)):
        if by < 0:
            rina.do("ticket", "note", "MSC-000012", "Supaya versinya dua.")
            rina.msc("sync", "now")
        newest = f"(SELECT id FROM {entity} ORDER BY ver DESC, id LIMIT 1)"
        tamper(rina, f"UPDATE {entity} SET ver = ver + {by} WHERE id = {newest}")
        found = verify(rina)
        lost = by < 0 and entity != "ticket"  # version 0 is a row that central has never sent
        wanted = (1, 0, 0) if lost else (0, 0, 1)
        assert (found["missing"], found["extra"], found["wrong"]) == wanted, (entity, by)
        same(rina)


@pytest.mark.protocol("P-167", "P-169")
def test_a_row_too_much_goes_with_all_that_hangs_on_it(rina: Laptop) -> None:
    """A ticket that central knows nothing of, and its note."""
    with rina.desk() as desk, desk.cache.write() as conn:
        _copy(conn, "ticket", {"id": "ghost", "number": 999, "n": 900_007})
        _copy(conn, "entry", {"id": "ghost-note", "ticket": "ghost", "n": 900_007})
    found = verify(rina)
    assert (found["missing"], found["extra"], found["wrong"]) == (0, 1, 0)
    same(rina)


@pytest.mark.protocol("P-167", "P-169")
def test_an_orphan_goes(rina: Laptop) -> None:
    with rina.desk() as desk, desk.cache.write() as conn:
        _copy(conn, "entry", {"id": "ghost-note", "ticket": "nowhere", "n": 900_007})
    assert verify(rina)["extra"] == 1
    same(rina)


def _copy(conn: Connection, table: str, changes: dict[str, object]) -> None:
    """A row like the first, but for `changes`."""
    row = dict(conn.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()) | changes
    row.pop("due_order", None)
    names = ", ".join(f'"{name}"' for name in row)
    conn.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


@pytest.mark.protocol("P-169")
def test_a_row_with_unsettled_acts_stays(rina: Laptop) -> None:
    """The act of a person is never taken away with the row under it: both stay, and it is said."""
    rina.cut()
    made = rina.do("ticket", "note", "MSC-000004", "Belum terkirim.")
    with rina.desk() as desk, desk.cache.write() as conn:
        _copy(conn, "ticket", {"id": "ghost", "number": 999, "n": 900_007})
        conn.execute("UPDATE outbox SET state = 'attention', target = 'ghost' WHERE id = ?", (made[0]["op"],))
    rina.mend()
    found = verify(rina)
    assert (found["missing"], found["extra"], found["kept"]) == (0, 0, 1)
    with rina.desk() as desk, desk.cache.read() as conn:
        assert conn.execute("SELECT count(*) FROM ticket WHERE id = 'ghost'").fetchone()[0] == 1
        assert desk.counts() == (0, 1)


@pytest.mark.protocol("P-165", "P-169")
def test_what_own_acts_close_or_open_again_is_no_difference(rina: Laptop) -> None:
    rina.do("ticket", "resolve", "MSC-000006", "Selesai.")
    rina.do("ticket", "close", "MSC-000006")
    assert rina.msc("sync", "now").code == 0
    rina.cut()
    rina.do("ticket", "reopen", "MSC-000006", "--reason", "Muncul lagi")
    rina.do("ticket", "cancel", "MSC-000005", "--reason", "Salah kirim")
    tamper(rina, "UPDATE outbox SET state = 'attention', result = '{\"result\": \"invalid\"}'")
    rina.mend()
    found = verify(rina)
    assert (found["entities"], found["missing"], found["kept"]) == ([], 0, 0)


@pytest.mark.protocol("P-165", "P-169")
def test_what_was_closed_long_ago_goes_unless_own_acts_wait(rina: Laptop) -> None:
    for number in ("MSC-000006", "MSC-000007"):
        rina.do("ticket", "resolve", number, "Selesai.")
        rina.do("ticket", "close", number)
    assert rina.msc("sync", "now").code == 0
    rina.cut()
    rina.do("ticket", "note", "MSC-000007", "Belum terkirim.")
    tamper(
        rina,
        "UPDATE outbox SET state = 'attention', result = '{\"result\": \"invalid\"}'",
        "UPDATE ticket SET closed_at = 0 WHERE number IN (6, 7)",
        "UPDATE base SET doc = json_set(doc, '$.closed_at', 0) WHERE entity = 'ticket'",
    )
    rina.mend()
    with rina.centre.open() as central, central.write() as conn:
        conn.exec_driver_sql("UPDATE ticket SET closed_at = 0 WHERE number IN (6, 7)")
    assert verify(rina)["entities"] == []
    with rina.desk() as desk, desk.cache.read() as conn:
        assert [row[0] for row in conn.execute("SELECT number FROM ticket WHERE number IN (6, 7)")] == [7]
        orphans = "SELECT count(*) FROM entry WHERE ticket NOT IN (SELECT id FROM ticket)"
        assert conn.execute(orphans).fetchone()[0] == 0


@pytest.mark.protocol("P-166")
def test_by_itself_it_is_done_at_the_first_round_and_not_at_each(rina: Laptop) -> None:
    with rina.desk() as desk:
        first = _verified_at(desk)
    assert first, "the rounds of the fixture did it"
    tamper(rina, f"DELETE FROM contact WHERE id = ({LAST.format('contact')})")
    assert rina.msc("sync", "now").code == 0
    with rina.desk() as desk:
        assert _verified_at(desk) == first
    assert verify(rina)["missing"] == 1


def _verified_at(desk: Desk) -> str:
    from msc_console.desk.seat import STATE
    from msc_console.store import settings

    with desk.cache.read() as conn:
        return str(settings.get(conn, STATE, {}).get("verified_at") or "")

"""Many rows by one statement come to what they come to one by one, on each database."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from msc_console import clock, records
from msc_console.central import sql
from msc_console.domain.model import Contact

from .stage import Stage

WORDS = 'Halo "dunia" \\ %s :nama \u2028 \U0001f600\n'


def contact(number: int, name: str) -> dict[str, Any]:
    kept = Contact(id=f"00000000-0000-7000-8000-{number:012d}", ver=1, name=name, created_at=clock.from_ms(number))
    return records.to_row(kept)


def stored(stage: Stage) -> dict[str, str]:
    with stage.central.read() as conn:
        return {row.id: row.name for row in conn.execute(text("SELECT id, name FROM contact"))}


def test_rows_are_kept_as_they_are(stage: Stage) -> None:
    rows = [contact(n, f"{WORDS}{n}") for n in range(300)]
    with stage.central.write() as conn:
        sql.many(conn, sql.upsert("contact"), rows)
        found = sql.by_ids(conn, sql.select("contact", "id IN :ids"), [row["id"] for row in rows])
    assert [dict(row) for row in found] == rows


def test_the_last_of_two_rows_with_one_key_counts(stage: Stage) -> None:
    with stage.central.write() as conn:
        sql.many(conn, sql.upsert("contact"), [contact(1, "lama"), contact(2, "dua"), contact(1, "baru")])
    assert stored(stage) == {contact(1, "")["id"]: "baru", contact(2, "")["id"]: "dua"}


def test_the_first_stays_where_rows_that_are_there_are_left_alone(stage: Stage) -> None:
    with stage.central.write() as conn:
        sql.many(conn, sql.insert_new("contact"), [contact(1, "pertama"), contact(1, "kedua")])
    assert list(stored(stage).values()) == ["pertama"]


@pytest.mark.parametrize("value", [{"no": "text"}, object()])
def test_what_no_column_takes_is_refused(stage: Stage, value: object) -> None:
    rows = [contact(1, "baik"), {**contact(2, "racun"), "organisation_name": value}]
    with pytest.raises(DBAPIError), stage.central.write() as conn:
        sql.many(conn, sql.upsert("contact"), rows)
    assert stored(stage) == {}


def test_a_nul_is_refused_where_the_database_refuses_it(stage: Stage) -> None:
    def write() -> None:
        with stage.central.write() as conn:
            sql.many(conn, sql.upsert("contact"), [contact(1, "a\0b")])

    if stage.central.dialect == "postgresql":
        with pytest.raises(DBAPIError):
            write()
    else:
        write()
        assert list(stored(stage).values()) == ["a\0b"]

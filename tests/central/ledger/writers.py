"""A process that writes to the feed: `python -m tests.central.ledger.writers URL NAME TURNS`.

Each turn is a transaction of one to three new queues; every fourth is rolled back after it took its numbers. What was
committed is printed, a line per turn, after the commit.
"""

import json
import sys
from typing import Any

from sqlalchemy import Connection

from msc_console import records
from msc_console.central import feed, sql
from msc_console.central.db import Central
from msc_console.domain.model import Queue
from msc_console.domain.scope import COMMON
from tests.central.ledger.stage import NOW


class RolledBack(Exception):
    """Thrown away on purpose."""


def write(conn: Connection, ids: list[str]) -> None:
    """New queues; nobody has heard of them yet."""
    sql.many(conn, sql.upsert("queue"), [records.to_row(Queue(id=id, ver=1, key=id, name=id)) for id in ids])


def announce(conn: Connection, ids: list[str]) -> feed.Reserved:
    """The feed's rows of these queues."""
    found = [feed.Change(entity="queue", id=id, ver=1, put_groups=frozenset({COMMON})) for id in ids]
    return feed.announce(conn, found, at=NOW)


def turn(central: Central, name: str, number: int) -> dict[str, Any]:
    """One transaction: its ids and first seq; no ids where it was rolled back."""
    ids = [f"{name}-{number}-{part}" for part in range(1 + number % 3)]
    try:
        with central.write() as conn:
            write(conn, ids)
            taken = announce(conn, ids)
            if number % 4 == 3:
                raise RolledBack
    except RolledBack:
        return {"ids": [], "seq": 0}
    return {"ids": ids, "seq": taken.first_seq}


def main(url: str, name: str, turns: str) -> None:
    central = Central.open(url)
    try:
        for number in range(int(turns)):
            sys.stdout.write(json.dumps(turn(central, name, number)) + "\n")
            sys.stdout.flush()
    finally:
        central.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

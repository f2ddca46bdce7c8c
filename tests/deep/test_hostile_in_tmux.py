"""What customers, colleagues and articles say, on every screen, inside a terminal that acts on what it is told."""

import shutil
import sys
from dataclasses import replace

import pytest

from msc_console import clock, records
from msc_console.central import feed, sql
from msc_console.domain.model import Article
from msc_console.domain.scope import KNOWLEDGE
from msc_console.text import BAD
from tests.e2e.conftest import Laptops
from tests.e2e.stage import Centre, Laptop, new_id
from tests.support.vectors import SEQUENCES, SHOWN

from .tmux import MARKS, TITLE, WINDOW, Tmux, tmux

pytestmark = [
    pytest.mark.deep,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux on this machine"),
]

PASTED = "\x1b]52;c;UFdORUQ=\x1b\\"
ALL = SHOWN
THREES = [ALL[start : start + 3] for start in range(0, len(ALL), 3)]
EVERY = "\n\n".join(ALL)
SUBJECT = 190
"""Characters that a subject may have, as the rules count them."""


def test_the_trap_works() -> None:
    with tmux(
        "sh", "-c", 'printf %s "$1"; exec cat', "sh", f"{PASTED}\x1b]2;PWNED\x1b\\\x1bkPWNED\x1b\\da\u202eh"
    ) as pane:
        pane.until("da")
        assert "buffer" in pane.buffers()
        assert pane.tell("show-buffer") == "PWNED"
        assert pane.about()[:2] == ("PWNED", "PWNED")
        assert BAD.search(MARKS.sub("", pane.painted).replace("\n", "")), "tmux shows what it was given"


def _marked(vectors: list[str]) -> list[str]:
    return [form.format(vector) for vector in vectors for form in ("# {}", "- {}", "`{}`", "{}")]


def write_articles(centre: Centre) -> None:
    """Articles as a careless editor's tool would leave them in the database."""
    now = clock.now()
    one = Article(id=new_id(), ver=1, code="PT-001", title=" ".join(ALL), body=f"# {EVERY}\n\n{EVERY}", updated_at=now)
    rows = [one] + [
        replace(one, id=new_id(), code=f"PT-{place:03d}", title=" ".join(some), body="\n\n".join(_marked(some)))
        for place, some in enumerate(THREES, start=2)
    ]
    with centre.open() as central, central.write() as conn:
        for row in rows:
            conn.execute(sql.upsert("article"), records.to_row(row))
        told = [feed.Change(entity="article", id=row.id, ver=1, put_groups=frozenset({KNOWLEDGE})) for row in rows]
        feed.announce(conn, told, at=now)


def spoil(laptop: Laptop) -> None:
    """Every text that others wrote as it was before anybody cleaned it: the last net has to hold alone."""
    with laptop.desk() as desk, desk.cache.write() as conn:
        for table, column in (
            ("ticket", "subject"), ("ticket", "contact_name"), ("entry", "body"), ("entry", "author_name"),
            ("contact", "name"), ("article", "title"), ("article", "body"), ("queue", "name"),
        ):  # fmt: skip
            ids = [row["id"] for row in conn.execute(f"SELECT id FROM {table} ORDER BY id")]
            for place, id in enumerate(ids):
                words = EVERY if column == "body" else f"{ALL[place % len(ALL)]} awas {' '.join(ALL)}"
                conn.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (words, id))


def clean(pane: Tmux, where: str) -> None:
    """Nothing has come through to this terminal."""
    pane.still()
    painted = pane.painted
    assert pane.buffers() == "", where
    assert pane.about() == (TITLE, WINDOW, "1", "0"), where
    for vector in SEQUENCES:
        assert vector not in painted, (where, ascii(vector))
    left = BAD.search(MARKS.sub("", painted).replace("\n", ""))
    assert left is None, (where, ascii(left))


@pytest.mark.parametrize("last_net", [False, True], ids=["as it comes", "nobody cleaned it"])
def test_nothing_comes_through(centre: Centre, laptops: Laptops, last_net: bool) -> None:
    (first,) = centre.fill(1, subject=f"Awas {' '.join(ALL)}"[:SUBJECT], body=EVERY, name="Nama \x1b]2;PWNED\x1b\\")
    for vector in ALL:
        centre.fill(1, subject=f"{vector} s", body=vector, name=f"{vector} n")
    write_articles(centre)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.do("ticket", "take", first)
    rina.do("ticket", "escalate", first, "--tier", "l1", "--reason", " ".join(ALL))
    rina.cut()
    rina.do("ticket", "note", first, EVERY)
    rina.do("ticket", "reply", first, EVERY)
    if last_net:
        spoil(rina)
    with tmux(sys.executable, "-m", "msc_console", env=rina.environment) as pane:
        pane.until("offline")
        walk(pane, first)
        pane.keys("C-q")
        pane.still()
        if pane.about()[3] == "0":
            pane.keys("y")
        pane.until(lambda _text: pane.about()[3] == "1")
        assert pane.about() == (TITLE, WINDOW, "0", "1")
        assert pane.buffers() == ""


def walk(pane: Tmux, first: str) -> None:
    """Every screen and every box that shows others' words."""
    pane.until("MSC-")
    clean(pane, "queue")
    for turn in range(3):
        pane.keys("PageDown")
        clean(pane, f"queue {turn}")
    pane.keys("v")
    clean(pane, "views")
    pane.keys("Escape", "/")
    pane.type("awas")
    clean(pane, "search")
    pane.keys("Escape", "Escape")
    pane.keys("C-g")
    pane.until("Go to ticket")
    pane.type(first)
    clean(pane, "jump")
    pane.keys("Enter")
    pane.until(lambda text: first in text.split("\n")[2] and "Go to ticket" not in text)
    clean(pane, "ticket")
    for key in ("Home", "PageDown", "PageDown", "PageDown", "End"):
        pane.keys(key)
        clean(pane, f"ticket {key}")
    for key, box in (
        ("c", "note"),
        ("r", "reply"),
        ("h", "hold"),
        ("e", "escalate"),
        ("l", "resolve"),
        ("f", "classify"),
        ("k", "insert"),
    ):
        pane.keys(key)
        clean(pane, f"ticket {box}")
        pane.keys("Escape")
    for _next in range(4):
        pane.keys("n")
        clean(pane, "next ticket")
    pane.keys("3")
    pane.until("PT-001")
    clean(pane, "knowledge")
    for _article in THREES:
        pane.keys("Down")
        clean(pane, "article")
    pane.keys("4")
    pane.until("Escalations")
    clean(pane, "escalations")
    pane.keys("0")
    pane.until(first)
    clean(pane, "sync")
    pane.keys("Down")
    clean(pane, "sync, the other act")
    for key, name in (("?", "help"), ("C-p", "palette")):
        pane.keys(key)
        clean(pane, name)
        pane.type("a")
        clean(pane, f"{name}, searched")
        pane.keys("Escape")
    pane.keys("1")
    pane.until("MSC-")

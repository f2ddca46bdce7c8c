"""What the reading commands show, in each form, and what never reaches a terminal."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock, i18n
from msc_console.desk import Desk
from msc_console.domain.model import Address, Article, Contact, Entry, Organisation, Queue
from msc_console.domain.terms import Channel, EntryKind, Role, Visibility
from msc_console.errors import Exit
from msc_console.store import index
from msc_console.store.opening import Cache
from msc_console.text import BAD
from tests.store.world import RINA, a_ticket
from tests.support.vectors import SHOWN

from .conftest import IDS, Line, Msc, seed, things

READS = (
    "ticket list", "ticket list --view mine", "ticket list --queue helpdesk", "ticket find stempel", "ticket show 4",
    "contact find andi", "contact show andi", "kb list", "kb search kuota", "kb show PT-017", "queue list",
    "escalation list", "sync list", "workflow",
)  # fmt: skip
TWELVES = [SHOWN[start : start + 12] for start in range(0, len(SHOWN), 12)]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("words", READS)
@pytest.mark.parametrize("form", ["table", "json", "csv", "ids"])
def test_every_read_has_every_form(msc: Msc, words: str, form: str) -> None:
    ran = msc(*words.split(), "-o", form)
    assert ran.code == Exit.OK, ran.err
    if form == "json":
        assert ran.out.isascii()
        json.loads(ran.out)
    if form == "csv":
        rows = list(csv.reader(io.StringIO(ran.out)))
        assert len({len(row) for row in rows}) <= 1
    if form == "ids" and words != "sync list":
        assert ran.out.strip()


@pytest.mark.usefixtures("desk")
def test_a_list_for_people(msc: Msc, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = msc("ticket", "list").out.splitlines()
    assert wide[0].split() == ["Nomor", "P", "Tenggat", "Keadaan", "Pemegang", "Knl", "Pelanggan", "Perihal"]
    assert wide[1].startswith("MSC-000001  P3  2j 59m")
    assert "Bank Sagara" in wide[1]
    assert len(wide) == 7
    monkeypatch.setenv("COLUMNS", "80")
    narrow = msc("ticket", "list").out.splitlines()
    assert max(map(len, narrow)) <= 80
    assert narrow[1].startswith("MSC-000001  P3  2j 59m")


@pytest.mark.usefixtures("desk")
def test_the_forms_of_a_list_agree(msc: Msc) -> None:
    rows = json.loads(msc("ticket", "list", "--json").out)
    assert [row["label"] for row in rows] == msc("ticket", "list", "-q").out.split()
    assert {"id", "label", "subject", "customer", "priority", "state", "mine", "channel", "due", "updated_at"} <= set(
        rows[0]
    )
    assert "key" not in rows[0]
    assert clock.parse(rows[0]["due"]) > clock.now()
    assert [row["label"] for row in json.loads(msc("ticket", "list", "--view", "mine", "--json").out)] == ["MSC-000004"]


@pytest.mark.usefixtures("desk")
def test_one_ticket(msc: Msc) -> None:
    found = json.loads(msc("ticket", "show", "MSC-000004", "--json").out)
    assert found["label"] == "MSC-000004"
    assert found["id"] == IDS[4]
    assert found["holder"]["login"] == "rina"
    assert found["customer"]["name"] == "Andi Prasetyo"
    assert [entry["body"] for entry in found["entries"]] == ["Log sudah dilihat"]
    assert [hop["reason"] for hop in found["hops"]] == ["perlu log"]
    assert found["acts"] == []
    page = msc("ticket", "show", "4").out
    assert page.startswith("MSC-000004  Stempel gagal\n")
    assert "Rina Wulandari" in page
    assert "Log sudah dilihat" in page
    assert "andi@sagara.example" in page


@pytest.mark.usefixtures("desk")
def test_counts(msc: Msc) -> None:
    piles = {pile["key"]: pile for pile in json.loads(msc("queue", "--json").out)}
    assert piles["queues"]["tickets"] == 6
    assert piles["mine"]["tickets"] == 1
    assert piles["queue:priority"] == {
        "key": "queue:priority", "name": "Helpdesk Priority", "kind": "regular", "mine": False, "tickets": 0,
    }  # fmt: skip


@pytest.mark.usefixtures("desk")
def test_what_names_no_ticket_or_several(msc: Msc) -> None:
    for words in (
        "ticket show 77",
        "ticket show ~K7Q-9",
        "ticket show 0198aaaaaaaa",
        "kb show PT-99",
        "contact show zz",
    ):
        ran = msc(*words.split())
        assert (ran.code, ran.out) == (Exit.FAILED, "")
        assert ran.err
    several = msc("ticket", "show", IDS[14][:-1])
    assert several.code == Exit.USAGE
    assert IDS[14][:8] in several.err
    people = msc("contact", "show", "and")
    assert people.code == Exit.USAGE
    assert "Andre Wijaya" in people.err
    assert msc("ticket", "list", "--view", "mine", "--queue", "helpdesk").code == Exit.USAGE
    assert msc("ticket", "list", "--view", "nope").code == Exit.FAILED


def test_nothing_there_is_said_and_is_no_data(msc: Msc, desk: Desk) -> None:
    ran = msc("sync", "list")
    assert (ran.code, ran.out) == (Exit.OK, "")
    assert ran.err == "Tidak ada yang menunggu pusat.\n"
    assert json.loads(msc("sync", "list", "--json").out) == []


def test_the_workflow_needs_nobody(msc: Msc) -> None:
    rows = {row["act"]: row for row in json.loads(msc("workflow", "--json").out)}
    assert rows["ticket.hold"]["to"] == ["waiting_customer", "waiting_vendor", "scheduled"]
    assert rows["ticket.hold"]["pauses"] == {
        "customer": ["waiting_customer"], "provider": ["waiting_customer", "waiting_vendor"],
    }  # fmt: skip
    assert "agent" in rows["ticket.take"]["roles"]
    assert "resolver" not in rows["ticket.take"]["roles"]


def hostile(vector: str) -> dict[str, list[Any]]:
    """Everything with a vector in each text that others may write."""
    now = clock.now()
    text = f"x{vector}y"
    given = things()
    given["queue"] = [Queue(id="q1", ver=2, key="helpdesk", name=text)]
    given["person"] = [RINA, *given["person"][1:]]
    given["contact"] = [
        Contact(
            id="andi", ver=2, name=f"Andi {text}", organisation_name=text, created_at=now,
            addresses=(Address(channel=Channel.EMAIL, value=text),),
        )
    ]  # fmt: skip
    given["organisation"] = [Organisation(id="o1", ver=1, name=text)]
    given["article"] = [Article(id="a1", ver=2, code="PT-017", title=f"kuota {text}", body=text, updated_at=now)]
    texts = {"subject": f"stempel {text}", "contact_name": text, "organisation_name": text, "hold_reason": text}
    given["ticket"] = [
        a_ticket(
            IDS[4], number=4, ver=2, state="open", owner="rina", owner_epoch=1, service=text, component=text,
            category=text, priority_reason=text, tags=(text,), **texts,
        )
    ]  # fmt: skip
    given["entry"] = [
        Entry(
            id=f"e{n}", ticket=IDS[4], ver=2, kind=kind, act=text, author_name=text, body=text, made_at=now, at=now,
            visibility=Visibility.PUBLIC, changes={"subject": [text, text]}, data={"reason": text, "proxy": text},
            delivery_note=text,
        )
        for n, kind in enumerate(EntryKind)
    ]  # fmt: skip
    return given


@pytest.mark.parametrize("vectors", TWELVES, ids=lambda some: ascii(some[0][:20]))
def test_hostile_text_reaches_no_terminal(msc: Msc, desk: Desk, vectors: list[str]) -> None:
    seed(desk, hostile(" ".join(vectors)))
    for words in READS:
        for form in ("table", "json", "csv", "ids"):
            ran = msc(*words.split(), "-o", form)
            assert ran.code == Exit.OK, (words, ran.err)
            for stream in (ran.out, ran.err):
                assert BAD.search(stream.replace("\n", "")) is None, (words, form)
    listed = msc("ticket", "list").out
    assert [vector for vector in vectors if vector.startswith("[") and vector not in listed] == []


def test_hostile_words_of_the_person_are_not_echoed_raw(msc: Msc, desk: Desk) -> None:
    ran = msc("ticket", "show", "\x1b]2;PWNED\x07")
    assert ran.code == Exit.FAILED
    assert BAD.search(ran.err.replace("\n", "")) is None
    ran = msc("ticket", "note", "4", "\x1b[31mmerah", "--dry-run")
    assert BAD.search(ran.out.replace("\n", "")) is None


def test_a_spreadsheet_runs_nothing(msc: Msc, desk: Desk) -> None:
    for start in "=+-@":
        seed(desk, {"ticket": [a_ticket(IDS[4], number=4, ver=3, state="open", owner="rina", subject=f"{start}cmd|x")]})
        row = next(csv.DictReader(io.StringIO(msc("ticket", "list", "--view", "mine", "-o", "csv").out)))
        assert row["subject"] == f"'{start}cmd|x"


def test_english_by_setting(msc: Msc, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_LANGUAGE", "en")
    ran = msc("ticket", "list")
    assert ran.out.split()[:4] == ["Number", "P", "Due", "State"]
    assert i18n.language() == "en"


def test_a_damaged_cache_is_told_as_a_sentence(msc: Msc, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Cache) -> None:
        raise RuntimeError("token=secret-words")

    monkeypatch.setattr(Cache, "read", broken)
    ran = msc("ticket", "list")
    assert ran.code == Exit.FAILED
    assert "secret-words" not in ran.err + ran.out
    assert "crash.log" in ran.err
    kept = (desk.home.folder.parents[1] / "laptop" / "crash.log").read_text("ascii")
    assert "secret-words" not in kept
    assert json.loads(kept)["reference"] in ran.err


def test_a_timeline_that_lies_at_central_is_fetched_or_said_so(
    msc: Msc, desk: Desk, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.cache.write() as conn:
        conn.execute("INSERT INTO thin (ticket) VALUES (?)", (IDS[4],))
    ran = msc("ticket", "show", "4")
    assert ran.code == Exit.OK
    assert "Lini masa ada di pusat" in ran.err
    assert desk.wanted() == (IDS[4],)
    round_ = line.sync_once

    def filling(desk: Desk, seconds: float = 0, *, patient: bool = True) -> Any:
        with desk.cache.write() as conn:
            conn.execute("DELETE FROM thin WHERE wanted = 1")
        return round_(desk, seconds, patient=patient)

    monkeypatch.setattr("msc_console.desk.conversing.sync_once", filling)
    assert msc("ticket", "show", "4").err == ""


@pytest.mark.usefixtures("line")
def test_a_search_says_that_the_index_is_still_being_built(msc: Msc, desk: Desk) -> None:
    assert msc("ticket", "find", "stempel").err == ""
    with desk.cache.write() as conn:
        index.leave_for_later(conn, {"ticket": [IDS[1]]})
    assert "Indeks masih disusun" in msc("ticket", "find", "stempel").err
    with desk.cache.write() as conn:
        while index.catch_up(conn, 2):
            pass
    ran = msc("ticket", "find", "stempel")
    assert ran.err == ""
    assert "MSC-000001" in ran.out


@pytest.mark.parametrize("form", ["table", "json", "csv", "ids", "xlsx"])
def test_any_form_goes_to_a_new_file_of_ones_own(desk: Desk, msc: Msc, tmp_path: Path, form: str) -> None:
    seed(desk, {"person": [replace(RINA, ver=2, role=Role.SUPERVISOR)]})
    file = tmp_path / "tiket"
    ran = msc("ticket", "list", "-o", form, "--save", str(file))
    assert (ran.code, ran.out) == (Exit.OK, ""), ran.err
    assert str(file) in ran.err
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    if form == "xlsx":
        assert zipfile.is_zipfile(file)
    else:
        assert content.decode() == msc("ticket", "list", "-o", form).out
    again = msc("ticket", "list", "-o", form, "--save", str(file))
    assert (again.code, file.read_bytes()) == (Exit.USAGE, content)
    assert msc("ticket", "list", "--save", str(tmp_path / "no" / "file")).code == Exit.USAGE


@pytest.mark.usefixtures("desk")
def test_a_workbook_needs_a_file(msc: Msc) -> None:
    ran = msc("ticket", "list", "-o", "xlsx")
    assert (ran.code, ran.out, "--save" in ran.err) == (Exit.USAGE, "", True)

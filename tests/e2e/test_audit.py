"""The trail at an auditor's laptop: read, checked against what was kept apart, written to files; files are told of."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from msc_console import clock
from msc_console.central import checkpoints, masterkey
from msc_console.errors import Exit

from .conftest import Laptops
from .stage import Centre, Laptop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@pytest.fixture
def sari(centre: Centre, laptops: Laptops) -> Laptop:
    """The duty manager, at a centre where something has happened."""
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET role = 'manager' WHERE login = 'sari'"))
    centre.fill(2)
    sari = laptops("sari", centre)
    assert sari.msc("sync", "now").code == 0
    return sari


def kept(laptop: Laptop, folder: Path) -> tuple[str, str]:
    """A file with a checkpoint of now, and the key that it counts under."""
    file, key = folder / "points", masterkey.load(folder / "central.key")
    with laptop.centre.open() as central:
        file.write_text(checkpoints.make(central, key, clock.now(), ""), "utf-8")
        return str(file), checkpoints.verifier_key(central, key)


def acts(laptop: Laptop, *words: str) -> list[str]:
    said = laptop.msc("audit", "list", *words, "--json")
    assert said.code == 0, said
    return [row["act"] for row in said.json]


def test_whoever_may_reads_it_and_finds_the_first_record_that_does_not_fit(sari: Laptop, tmp_path: Path) -> None:
    assert acts(sari, "--by", "sari", "--act", "session") == ["session.start"]
    assert set(acts(sari, "--about", "MSC-000001")) == {"op", "audit.read"}
    assert acts(sari, "--since", "2099-01-01T00:00:00Z") == []
    table = sari.msc("audit", "list", "--by", "sari", "-n", "3")
    assert "sari" in table.out
    assert "audit.read" in table.out
    file, key = kept(sari, tmp_path)
    good = sari.msc("audit", "verify", "--checkpoints", file, "--key", key, "--json")
    assert (good.code, good.json["ok"], good.json["checkpoints"]) == (0, True, 1), good
    with sari.centre.open() as central, central.write() as conn:
        for statement in ("DROP TRIGGER audit_no_update", "UPDATE audit SET actor = 'x' WHERE seq IN (2, 4)"):
            conn.execute(text(statement))
    bad = sari.msc("audit", "verify", "--checkpoints", file, "--key", key)
    assert bad.code == Exit.FAILED
    assert "Record 2 was changed" in bad.out
    assert sari.msc("audit", "verify", "--checkpoints", file).code == Exit.USAGE
    other = sari.msc("audit", "verify", "--checkpoints", file, "--key", key.replace("msc-audit/", "msc-audit/x"))
    assert other.code == Exit.USAGE


def test_without_central_nothing_is_read_and_the_sentence_says_so(sari: Laptop, tmp_path: Path) -> None:
    sari.cut()
    for words in (("list",), ("verify",), ("export", str(tmp_path / "x.csv"))):
        said = sari.msc("audit", *words)
        assert (said.code, "The audit trail is at central alone" in said.err) == (Exit.UNREACHABLE, True), said
    assert not (tmp_path / "x.csv").exists()


def test_a_trail_in_a_file_verifies_elsewhere_and_says_that_it_was_taken(sari: Laptop, tmp_path: Path) -> None:
    for form in ("jsonl", "csv", "xlsx"):
        assert sari.msc("audit", "export", str(tmp_path / f"trail.{form}")).code == 0
    rows = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert (tmp_path / "trail.csv").read_text("utf-8-sig").count('"session.start"') == 1
    assert zipfile.ZipFile(tmp_path / "trail.xlsx").testzip() is None
    told = [json.loads(row["data"]) for row in sari.msc("audit", "list", "--act", "export", "--json").json]
    assert [(one["what"], one["form"]) for one in told] == [("audit export", form) for form in ("jsonl", "csv", "xlsx")]
    assert sari.msc("audit", "export", str(tmp_path / "trail.pdf")).code == Exit.USAGE
    assert sari.msc("audit", "export", str(tmp_path / "trail.csv")).code == Exit.USAGE, "no file is written over"


@pytest.mark.protocol("P-231")
def test_a_file_made_offline_is_told_of_with_the_next_round(sari: Laptop, tmp_path: Path) -> None:
    sari.cut()
    assert sari.msc("ticket", "list", "-o", "csv", "--save", str(tmp_path / "list.csv")).code == 0
    assert (tmp_path / "list.csv").exists()
    sari.mend()
    assert acts(sari, "--act", "export") == []
    for _ in range(2):
        assert sari.msc("sync", "now").code == 0, "told once"
    (told,) = sari.msc("audit", "list", "--act", "export", "--json").json
    about = json.loads(told["data"])
    assert (about["what"], about["form"], about["rows"]) == ("ticket list", "csv", 2)


def test_an_agent_reads_no_trail_and_writes_no_file(centre: Centre, laptops: Laptops, tmp_path: Path) -> None:
    rina = laptops("rina", centre)
    assert rina.msc("audit", "list").code == Exit.NOT_ALLOWED
    said = rina.msc("ticket", "list", "--save", str(tmp_path / "x"))
    assert (said.code, said.out) == (Exit.NOT_ALLOWED, ""), said
    assert not (tmp_path / "x").exists()
    assert rina.msc("sync", "export", str(tmp_path / "mine.json")).code == 0, "one's own unsettled acts are one's own"

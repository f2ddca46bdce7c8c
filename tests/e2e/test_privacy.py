"""What a customer's person may ask for: all of it in two files, and its erasure, by the duty manager's command line."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from msc_console.errors import Exit

from .conftest import Laptops
from .stage import Centre

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


def test_a_person_is_given_out_and_erased(centre: Centre, laptops: Laptops, tmp_path: Path) -> None:
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET role = 'manager' WHERE login = 'sari'"))
    (number,) = centre.fill(1, name="Andi Wibowo", body="Nomor saya \x1b[31m0812")
    sari, rina = laptops("sari", centre), laptops("rina", centre)
    assert rina.msc("sync", "now").code == sari.msc("sync", "now").code == 0
    file = tmp_path / "andi.json"
    assert sari.msc("contact", "export", "andi", str(file)).code == 0
    assert json.loads(file.read_text())["contact"]["name"] == "Andi Wibowo"
    readable = file.with_suffix(".txt").read_text("utf-8")
    assert "pelanggan0@contoh.test" in readable
    assert "0812" in readable
    assert "\x1b" not in readable
    assert sari.msc("contact", "export", "andi", str(tmp_path / "teks.TXT")).code == 0
    assert json.loads((tmp_path / "teks.json").read_text()) | {"made_at": ""} == json.loads(file.read_text()) | {
        "made_at": ""
    }
    assert (tmp_path / "teks.txt").read_text("utf-8") == readable
    taken = sari.msc("contact", "export", "andi", str(tmp_path / "andi.two"))
    assert (taken.code, "andi.txt" in taken.err) == (Exit.USAGE, True)
    assert not (tmp_path / "andi.two").exists(), "none of the two goes alone"
    assert rina.msc("contact", "export", "andi", str(tmp_path / "x.json")).code == Exit.NOT_ALLOWED
    assert not (tmp_path / "x.json").exists()

    unsure = sari.msc("contact", "erase", "andi")
    assert (unsure.code, "Andi Wibowo" in unsure.err) == (Exit.USAGE, True)
    early = sari.msc("contact", "erase", "andi", "--yes")
    assert (early.code, number in early.err) == (Exit.CONFLICT, True), early
    sari.do("ticket", "cancel", number, "--reason", "diminta")
    assert sari.msc("sync", "now").code == 0
    done = sari.msc("contact", "erase", "andi", "--yes", "--json")
    assert (done.code, done.json["tickets"]) == (0, 1), done
    for laptop in (sari, rina):
        assert laptop.msc("sync", "now").code == 0
        assert laptop.msc("contact", "find", "andi").out == ""
        assert "Andi" not in laptop.msc("ticket", "show", number).out
        assert laptop.msc("sync", "verify", "--json").json["entities"] == []
    sari.cut()
    away = sari.msc("contact", "erase", "#", "--yes")
    assert away.code != 0

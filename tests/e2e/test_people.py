"""Looking after people from the command line, against a real central: lists, off-boarding, laptops, scripts' tokens."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import text

from msc_console import clock
from msc_console.central import former, recovery

from .conftest import Laptops
from .stage import Centre, Laptop, Said

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@pytest.fixture
def boss(centre: Centre, laptops: Laptops) -> Laptop:
    """Sari is the duty manager."""
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET role = 'manager' WHERE login = 'sari'"))
    return laptops("sari", centre)


def test_somebody_leaves(centre: Centre, laptops: Laptops, boss: Laptop) -> None:
    (number,) = centre.fill(1)
    recovery.init(centre.url, clock.now())
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    assert rina.do("ticket", "take", number, "--wait")[0]["result"]["result"] == "applied"
    rina.cut()
    rina.do("ticket", "note", number, "dari luar jaringan")
    tried = boss.msc("user", "disable", "rina", "--offboard", "--dry-run", "--json")
    assert (tried.code, "dry run" in tried.err) == (0, True)
    assert boss.msc("user", "show", "rina", "--json").json["tickets"] == 1
    done = boss.msc("user", "disable", "rina", "--offboard")
    assert done.code == 0, done.err
    assert number in done.out
    assert "recovery key" in done.err
    assert tried.json["devices"][0] in done.out
    again = boss.msc("user", "disable", "rina", "--offboard", "--json").json
    assert (again["tickets"], again["devices"], again["sessions"]) == ([], [], 0)
    assert [row["state"] for row in boss.msc("user", "devices", "rina", "--json").json] == ["revoked"]
    rina.mend()
    told = rina.msc("sync", "now")
    assert (told.code, "revoked" in told.err) == (4, True), told
    assert len(list((rina.home.laptop / "rescued").glob("rina-*.age"))) == 1, "what was unsent is saved first"
    assert not rina.home.person("rina").cache.exists()
    rows = {row["login"]: row for row in boss.msc("user", "list", "--json").json}
    assert (rows["rina"]["active"], rows["budi"]["active"]) == (False, True)


def test_who_may_not_hears_so_and_why(centre: Centre, laptops: Laptops, boss: Laptop) -> None:
    rina = laptops("rina", centre)
    for words in (("user", "list"), ("user", "disable", "budi"), ("device", "list"), ("token", "list")):
        said = rina.msc(*words)
        assert (said.code, said.out) == (4, "")
    last = boss.msc("user", "disable", "sari")
    assert (last.code, "Nobody would be left" in last.err) == (5, True)
    assert boss.msc("user", "show", "siapa").code == 1
    assert boss.msc("user", "role", "budi", "raja").code == 1
    boss.cut()
    assert boss.msc("user", "list").code == 3
    boss.mend()
    made = boss.msc("user", "add", "wati", "--name", "Wati", "--role", "agent", "--queue", "triage", "--json").json
    assert (made["login"], made["can_sign_in"], len(made["password"])) == ("wati", True, 32)
    assert boss.msc("user", "role", "wati", "eos", "-q").out.strip() == "wati"
    assert boss.msc("user", "enable", "wati", "--json").json[0]["role"] == "eos"
    assert rina.msc("sync", "now").code == 0
    ended = boss.msc("user", "sessions", "rina", "--end", "--json").json
    assert (ended["sessions"], ended["devices"]) == (1, [])
    code = boss.msc("device", "list", "--json").json[0]["code"]
    assert boss.msc("device", "revoke", code.lower(), "--dry-run", "--json").json[0]["state"] == "revoked"
    assert {row["state"] for row in boss.msc("device", "list", "--json").json} == {"active"}


def test_a_script_reads_with_its_token(boss: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = boss.msc("token", "create", "pantauan", "--network", "127.0.0.0/8", "--dry-run", "--json")
    assert (tried.code, tried.json["token"], "dry run" in tried.err) == (0, "", True)
    assert boss.msc("token", "create", "x", "--network", "kacau", "--dry-run").code != 0
    assert boss.msc("token", "list", "--json").json == []
    made = boss.msc("token", "create", "pantauan", "--network", "127.0.0.0/8", "--json").json
    rehearsed = boss.msc("token", "revoke", made["id"], "--dry-run")
    assert (rehearsed.code, "dry run" in rehearsed.err, "Ended" in rehearsed.err) == (0, True, False)
    assert boss.msc("token", "revoke", "000000000000", "--dry-run").code == 1
    file = tmp_path / "token"
    file.write_text(made["token"] + "\n")
    file.chmod(0o600)
    asked = ("api", "GET", "/v1/changes?limit=5")
    by_file = boss.msc(*asked, "--token-file", str(file))
    assert by_file.code == 0, by_file.err
    assert by_file.out.isascii()
    assert [json.loads(line)["t"] for line in by_file.out.splitlines()][-1] == "end"
    by_input = boss.msc(*asked, "--token-file", "-", stdin=made["token"] + "\n")
    monkeypatch.setenv("MSC_TOKEN", made["token"])
    for said in (by_input, boss.msc(*asked)):
        assert said.out.splitlines()[:-1] == by_file.out.splitlines()[:-1]
    assert boss.msc("api", "GET", "/v1/users").code == 4, "a script may not"
    assert boss.msc("api", "DELETE", "/v1/tokens").code == 2
    assert made["token"] not in boss.msc("token", "list", "--json").out
    assert boss.msc("token", "revoke", made["id"]).code == 0
    refused = boss.msc(*asked)
    assert (refused.code, "msc token create" in refused.err) == (4, True)
    monkeypatch.delenv("MSC_TOKEN")
    file.chmod(0o644)
    assert boss.msc(*asked, "--token-file", str(file)).code == 2
    own = boss.msc("api", "GET", "/v1/users")
    assert [user["login"] for user in json.loads(own.out)["users"]] == ["budi", "rina", "sari"]


def test_whoever_has_left_is_erased(centre: Centre, laptops: Laptops, boss: Laptop) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.do("ticket", "take", number, "--wait")
    with centre.open() as central, central.write() as conn:
        name = conn.execute(text("SELECT name FROM person WHERE login = 'rina'")).scalar_one()
        conn.execute(text("UPDATE meta SET value = '[]' WHERE key = 'centre_logins'"))
    early = boss.msc("user", "erase", "rina", "--yes")
    assert (early.code, "--offboard" in early.err) == (5, True), early
    assert boss.msc("user", "disable", "rina", "--offboard").code == 0
    unsure = boss.msc("user", "erase", "rina")
    assert (unsure.code, name in unsure.err) == (2, True), unsure
    tried = boss.msc("user", "erase", "rina", "--dry-run", "--json")
    assert (tried.code, "dry run" in tried.err) == (0, True)
    done = boss.msc("user", "erase", "rina", "--yes", "--json")
    assert (done.code, done.json) == (0, tried.json), done
    assert boss.msc("user", "show", "rina").code == 1
    with centre.open() as central:
        while former.step(central, clock.now()):
            pass
    assert boss.msc("sync", "now").code == 0
    shown = boss.msc("ticket", "show", number)
    assert (name in shown.out, done.json["login"] in shown.out) == (False, True), shown.out


def test_a_forgotten_password_is_set_back_by_two(centre: Centre, laptops: Laptops, boss: Laptop) -> None:
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET role = 'supervisor' WHERE login = 'budi'"))
    lead, rina = laptops("budi", centre), laptops("rina", centre)
    asked = lead.msc("user", "reset-password", "rina", "--json")
    assert (asked.code, asked.json[0]["what"], asked.json[0]["password"]) == (0, "password", "")
    assert lead.msc("user", "reset-password", "rina", "--approve").code == 4
    assert boss.msc("user", "reset-password", "-q").out.strip() == "rina"
    assert boss.msc("user", "reset-2fa").out == ""
    done = boss.msc("user", "reset-password", "rina", "--approve")
    made = boss_password(done.out)
    assert "shown this once" in done.err
    assert rina.msc("sync", "now").code == 4
    own = "burung camar pulang petang"

    def login(*lines: str) -> Said:
        clock_code = pyotp.TOTP(centre.secrets["rina"]).at(clock.now() + timedelta(seconds=30))
        return rina.msc("login", "-u", "rina", "--stdin", stdin="\n".join(lines).format(code=clock_code) + "\n")

    vault = rina.home.person("rina").vault
    vault.unlink()  # a laptop on which the former password opened a vault needs that one, or the recovery key
    rina.home.person("rina").cache.unlink()
    assert login(made, "{code}").code == 2
    assert "would be guessed" in login(made, "{code}", made).err
    assert login(made, "{code}", own).code == 0
    assert rina.msc("sync", "now").code == 0
    assert rina.msc("lock").code == 0
    rina.cut()
    away = login(own, "0")
    assert away.code == 0, "the vault is written under the new one"


def boss_password(shown: str) -> str:
    """What the approver reads in the table."""
    found = re.search(r"(?:[A-Z2-7]{4}-){6}[A-Z2-7]{2}", shown)
    assert found is not None, shown
    return found[0]

"""What is done at the server's own command line, and to ways in, is recorded like everything else."""

from dataclasses import replace
from pathlib import Path

from msc_console.central import backup, delivery, enrolling, own_account, recovery, resets, tokens
from msc_console.domain.terms import Channel, Role
from msc_console.sync.wire import Code, PasswordChange
from msc_console.sync.wire_accounts import AuthenticatorLeft

from .accounts import NEW_PASSWORD, audited, person
from .conftest import PASSWORD, Laptop, Place
from .test_accounts import set_up


def test_each_act_of_an_administrator_has_its_record(place: Place, tmp_path: Path) -> None:
    delivery.switch_on(place.central, Channel.EMAIL, tmp_path / "out", place.hands.at)
    delivery.switch_off(place.central, Channel.EMAIL, place.hands.at)
    enrolling.first(place.url, "rina", place.hands.at)
    recovery.init(place.url, place.hands.at)
    backup.backup(place.url, tmp_path / "central.msc", place.hands.at)
    once = ("channel.on", "channel.off", "device.enrolment", "recovery_key.make", "central.backup")
    assert [audited(place, act) for act in once] == [1] * len(once)
    assert audited(place, "person.enrol") == 2


def test_each_change_of_a_way_in_has_its_record(place: Place) -> None:
    def session(access: str) -> tokens.Session:
        return tokens.authenticate(place.central, access, "access", place.hands.at)

    codes = set_up(place).recovery
    used = Code(code=codes[0], take_over=True)
    first = session(place.auth.code(place.pending("rina", Laptop.new()), used, place.hands.at).access)
    place.auth.change_password(first, PasswordChange(PASSWORD, NEW_PASSWORD), place.hands.at)
    left = AuthenticatorLeft(NEW_PASSWORD, codes[1])
    own_account.leave_authenticator(place.auth, first, left, place.hands.at)
    lead = person(place, "rina", Role.SUPERVISOR)
    with place.central.write() as conn:
        asked = resets.ask(conn, "budi", lead, place.hands.at)
        resets.approve(conn, asked.id, replace(lead, id="m", login="mira"), place.hands.at)
    wanted = {
        "totp.begin": 1, "totp.confirm": 1, "recovery.make": 1, "recovery.use": 2, "person.password": 1,
        "totp.leave": 1, "reset.ask": 1, "reset.approve": 1,
    }  # fmt: skip
    assert {act: audited(place, act) for act in wanted} == wanted

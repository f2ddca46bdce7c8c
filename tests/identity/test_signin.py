"""Signing in: what central is shown, when the vault is written, and starting without central."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from msc_console import clock, device_proof, seal
from msc_console.config import Home, KeyringPolicy
from msc_console.errors import NotAllowed, Unreachable
from msc_console.identity import vault
from msc_console.identity.custody import Custody
from msc_console.identity.errors import KeyringUnavailable, VaultMissing, WrongPassword
from msc_console.identity.signer import InProcess
from msc_console.identity.signin import DeviceWords, SignIn, refresh, totp_now, unlock
from msc_console.sync.wire import Pending, Tokens
from msc_console.sync.wire_accounts import Confirmed
from tests.identity.conftest import LOGIN, PASSWORD, SECRET
from tests.identity.keyrings import Memory, keyring

CODE, NONCE = "123456", "n" * 54
NEW_PASSWORD = "kuda hitam di tepi kali"


@dataclass
class Central:
    """Judges one password and one code, and gives a device id to each key it sees."""

    password: str = PASSWORD
    reachable: bool = True
    devices: dict[str, str] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    vaults: list[str] = field(default_factory=list)
    enrolments: list[str] = field(default_factory=list)
    keyring: str = ""

    def nonce(self) -> str:
        if not self.reachable:
            raise Unreachable("unreachable")
        return NONCE

    def sign_in(self, login: str, password: str, device: DeviceWords) -> Pending:
        device_key = device.device_key
        assert device_proof.holds(device.nonce, login, device_key, device.receive_key, device.proof)
        assert device.nonce == NONCE
        self.asked.append((login, device_key, device.name))
        self.enrolments.append(device.enrolment)
        if password != self.password:
            raise NotAllowed("bad_credentials")
        self.vaults.append(device.vault)
        return Pending(f"pending|{device_key}", "2026-07-02T03:09:05.678Z", self.keyring)

    def confirm(self, token: str, first: str, second: str, new: str = "") -> Confirmed:
        return Confirmed(self.code(token, code=second, take_over=False, new=new), [first])

    def code(self, token: str, *, code: str, take_over: bool, new: str = "") -> Tokens:
        self.asked.append(take_over)
        self.password = new or self.password
        if code != CODE:
            raise NotAllowed("bad_code")
        key = token.removeprefix("pending|")
        device = self.devices.setdefault(key, f"device-{len(self.devices) + 1}")
        return self._tokens(device)

    def refresh(self, *, refresh: str, proof: str) -> Tokens:
        if not seal.verify(next(iter(self.devices)), f"msc-refresh|{refresh}".encode(), proof):
            raise NotAllowed("bad_proof")
        return self._tokens("device-1")

    def _tokens(self, device: str) -> Tokens:
        later = "2026-07-02T15:04:05.678Z"
        return Tokens("access", later, "refresh", later, device, "K7Q", {"id": "person-1", "login": LOGIN}, later)


@pytest.fixture
def central() -> Central:
    return Central()


def _sign_in(central: Central, home: Home, password: str = PASSWORD, old: str | None = None) -> SignIn:
    flow = SignIn(central, home.person(LOGIN), LOGIN, "laptop-7", laptop=KeyringPolicy.OPTIONAL)
    flow.begin(password, old)
    return flow


def test_first_sign_in_makes_keys_and_a_vault(central: Central, home: Home) -> None:
    signed = _sign_in(central, home).finish(CODE)
    assert (signed.secret.device, signed.secret.code, signed.secret.person) == ("device-1", "K7Q", "person-1")
    assert central.asked == [(LOGIN, seal.public_key(signed.secret.device_key), "laptop-7"), False]
    assert unlock(home.person(LOGIN), LOGIN, PASSWORD) == signed.secret


def test_take_over_reaches_central(central: Central, home: Home) -> None:
    _sign_in(central, home).finish(CODE, take_over=True)
    assert central.asked[-1] is True


def test_nothing_is_written_before_central_has_accepted_both(central: Central, home: Home) -> None:
    path = home.person(LOGIN).vault
    with pytest.raises(NotAllowed, match="bad_credentials"):
        _sign_in(central, home, "a password that is wrong")
    assert not path.exists()
    flow = _sign_in(central, home)
    with pytest.raises(NotAllowed, match="bad_code"):
        flow.finish("000000")
    assert not path.exists()
    flow.finish(CODE)
    assert path.exists()


def test_a_vault_is_written_under_the_password_that_takes_the_place_of_one_that_others_were_told(
    central: Central, home: Home
) -> None:
    first = _sign_in(central, home).finish(CODE, new=NEW_PASSWORD).secret
    assert unlock(home.person(LOGIN), LOGIN, NEW_PASSWORD) == first
    with pytest.raises(WrongPassword):
        unlock(home.person(LOGIN), LOGIN, PASSWORD)
    assert _sign_in(central, home, NEW_PASSWORD).confirm("0", CODE, new=PASSWORD)[0].secret == first
    assert unlock(home.person(LOGIN), LOGIN, PASSWORD) == first


def test_two_people_on_a_laptop_have_different_keys(central: Central, home: Home) -> None:
    first = _sign_in(central, home).finish(CODE).secret
    other = SignIn(central, home.person("bagus"), "bagus", laptop=KeyringPolicy.OPTIONAL)
    other.begin(PASSWORD)
    second = other.finish(CODE).secret
    assert first.data_key != second.data_key
    assert first.device_key != second.device_key
    assert first.device != second.device


def test_a_later_sign_in_is_the_same_device_and_leaves_the_vault_alone(central: Central, home: Home) -> None:
    first = _sign_in(central, home).finish(CODE).secret
    before = home.person(LOGIN).vault.read_bytes()
    assert _sign_in(central, home).finish(CODE).secret == first
    assert list(central.devices.values()) == ["device-1"]
    assert home.person(LOGIN).vault.read_bytes() == before


def test_a_password_changed_elsewhere_asks_for_the_former_one_once(central: Central, home: Home) -> None:
    first = _sign_in(central, home).finish(CODE).secret
    central.password = NEW_PASSWORD
    with pytest.raises(WrongPassword):
        _sign_in(central, home, NEW_PASSWORD)
    assert _sign_in(central, home, NEW_PASSWORD, PASSWORD).finish(CODE).secret == first
    assert unlock(home.person(LOGIN), LOGIN, NEW_PASSWORD) == first
    with pytest.raises(WrongPassword):
        unlock(home.person(LOGIN), LOGIN, PASSWORD)


def test_a_device_that_central_names_anew_keeps_its_keys(central: Central, home: Home) -> None:
    first = _sign_in(central, home).finish(CODE).secret
    central.devices[seal.public_key(first.device_key)] = "device-9"
    second = _sign_in(central, home).finish(CODE).secret
    assert (second.device, second.data_key, second.device_key) == ("device-9", first.data_key, first.device_key)
    assert unlock(home.person(LOGIN), LOGIN, PASSWORD) == second


def test_offline_the_password_alone_starts(central: Central, home: Home) -> None:
    first = _sign_in(central, home).finish(CODE).secret
    central.reachable = False
    with pytest.raises(Unreachable):
        _sign_in(central, home)
    assert unlock(home.person(LOGIN), LOGIN, PASSWORD) == first
    with pytest.raises(WrongPassword):
        unlock(home.person(LOGIN), LOGIN, "a password that is wrong")


def test_offline_a_stranger_to_this_laptop_can_not_start(home: Home) -> None:
    with pytest.raises(VaultMissing):
        unlock(home.person(LOGIN), LOGIN, PASSWORD)


def test_a_code_without_a_password_is_a_mistake_of_the_caller(central: Central, home: Home) -> None:
    flow = SignIn(central, home.person(LOGIN), LOGIN, laptop=KeyringPolicy.OPTIONAL)
    with pytest.raises(RuntimeError):
        flow.finish(CODE)
    flow.begin(PASSWORD)
    flow.finish(CODE)
    with pytest.raises(RuntimeError):
        flow.finish(CODE)


def test_refresh_is_proven_by_the_device_key(central: Central, home: Home) -> None:
    signed = _sign_in(central, home).finish(CODE)
    assert refresh(central, signed.tokens.refresh, InProcess(signed.secret)).access == "access"
    with pytest.raises(NotAllowed, match="bad_proof"):
        refresh(central, signed.tokens.refresh, InProcess(SECRET))


def test_the_vault_is_dated(central: Central, home: Home) -> None:
    _sign_in(central, home).finish(CODE, now=clock.parse("2026-07-02T03:04:05.678Z"))
    assert b'"created":"2026-07-02T03:04:05.678Z"' in home.person(LOGIN).vault.read_bytes()


@pytest.mark.parametrize(
    ("moment", "code"),
    [("1970-01-01T00:00:59Z", "287082"), ("2005-03-18T01:58:29Z", "081804"), ("2033-05-18T03:33:20Z", "279037")],
)
def test_totp_agrees_with_rfc_6238(moment: str, code: str) -> None:
    assert totp_now("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", clock.parse(moment)) == code


def test_no_password_is_kept_after_a_sign_in(central: Central, home: Home) -> None:
    flow = _sign_in(central, home)
    assert vault.vault_exists(home.person(LOGIN).vault) is False
    flow.finish(CODE)
    assert PASSWORD not in [value for name, value in vars(flow).items() if name != "_central"]


def test_central_hears_how_the_keys_are_kept(central: Central, home: Home) -> None:
    _sign_in(central, home).finish(CODE)
    assert central.vaults == ["password"]
    assert vault.mode_of(home.person(LOGIN).vault) == "password"


@pytest.mark.parametrize(
    ("laptop", "site", "asked"),
    [
        (KeyringPolicy.REQUIRED, "optional", 0),
        (None, "required", 1),
        (None, "", 1),
        (KeyringPolicy.OPTIONAL, "required", 1),
    ],
)
def test_without_a_keyring_nobody_signs_in_where_one_is_required(
    central: Central, home: Home, laptop: KeyringPolicy | None, site: str, asked: int
) -> None:
    """The laptop's own word is heard before central is asked, central's before a code is used."""
    central.keyring = site
    flow = SignIn(central, home.person(LOGIN), LOGIN, laptop=laptop)
    with pytest.raises(KeyringUnavailable):
        flow.begin(PASSWORD)
    assert len(central.asked) == asked
    assert not home.person(LOGIN).vault.exists()


def test_a_vault_of_one_half_gets_the_other_when_the_site_asks_for_it(central: Central, home: Home) -> None:
    first = _sign_in(central, home).finish(CODE).secret
    people, central.keyring = home.person(LOGIN), "required"
    keys = Custody(people, LOGIN, keyring=keyring(people.folder, Memory()))
    flow = SignIn(central, people, LOGIN, laptop=KeyringPolicy.OPTIONAL, custody=keys)
    flow.begin(PASSWORD)
    assert flow.finish(CODE).secret == first
    assert (keys.mode, keys.open(PASSWORD)) == ("keyring", first)


def test_where_a_keyring_works_a_new_vault_needs_it(central: Central, home: Home) -> None:
    people, central.keyring = home.person(LOGIN), "optional"
    keys = Custody(people, LOGIN, keyring=keyring(people.make().folder, Memory()))
    flow = SignIn(central, people, LOGIN, custody=keys)
    flow.begin(PASSWORD)
    secret = flow.finish(CODE).secret
    assert (central.vaults, keys.mode, keys.open(PASSWORD)) == (["keyring"], "keyring", secret)


def test_the_code_for_a_new_laptop_goes_with_the_password(central: Central, home: Home) -> None:
    flow = SignIn(central, home.person(LOGIN), LOGIN, laptop=KeyringPolicy.OPTIONAL)
    flow.begin(PASSWORD, enrolment="ABCD-EFGH")
    assert central.enrolments == ["ABCD-EFGH"]


def test_two_codes_of_a_new_authenticator_finish_a_sign_in_too(central: Central, home: Home) -> None:
    signed, codes = _sign_in(central, home).confirm("111111", CODE)
    assert codes == ["111111"]
    assert unlock(home.person(LOGIN), LOGIN, PASSWORD) == signed.secret

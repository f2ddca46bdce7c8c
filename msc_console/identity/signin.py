"""Signing in: password and one-time code judged by central, and the vault that remembers them for offline starts.

The first sign-in of a person on a laptop makes device key, data key and vault; each later one opens the vault first,
because the device key that central knows lies in it. Offline the password alone opens the vault: the enrolled laptop
is the second factor. How central is reached is the caller's business (`CentralAuth`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from .. import clock, device_proof, seal
from ..config import KeyringPolicy, PersonHome
from . import vault
from .custody import Custody, permitted
from .kdf import KdfPolicy
from .offline_pass import Signed
from .recovery import Recovered
from .signer import Signer
from .vault import MODE_PASSWORD, Secrets


class Pending(Protocol):
    """Central's answer to a right password (`sync.wire.Pending`)."""

    @property
    def token(self) -> str:
        """Good for the one-time code alone."""

    @property
    def expires_at(self) -> str:
        """RFC 3339."""

    @property
    def keyring(self) -> str:
        """The site's word about keyrings; may be empty."""

    @property
    def setup(self) -> bool:
        """Whether the authenticator has to be set up first."""

    @property
    def change(self) -> bool:
        """Whether another password has to come with the code."""


class Tokens(Protocol):
    """Central's answer to a right code (`sync.wire.Tokens`)."""

    @property
    def refresh(self) -> str:
        """Refresh token."""

    @property
    def device(self) -> str:
        """The id central gave to this device."""

    @property
    def device_code(self) -> str:
        """Its three letters."""

    @property
    def person(self) -> dict[str, Any]:
        """The person's wire document."""

    @property
    def offline(self) -> Signed | None:
        """The pass for working without central."""


class Confirmed(Protocol):
    """Central's answer to two right codes (`sync.wire_accounts.Confirmed`)."""

    @property
    def tokens(self) -> Tokens:
        """As after a code."""

    @property
    def recovery(self) -> list[str]:
        """The codes for a lost telephone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWords:
    """What a laptop says of itself: both public keys and the proof (hex), its name, how it keeps its keys, and the code
    that lets a new one in."""

    device_key: str
    receive_key: str
    nonce: str
    proof: str
    name: str
    vault: str
    enrolment: str


class CentralAuth(Protocol):
    """What signing in asks of central. Refusals are raised by the caller's transport and pass through unchanged."""

    def nonce(self) -> str:
        """What the device's proof has to be about."""

    def sign_in(self, login: str, password: str, device: DeviceWords) -> Pending:
        """The password, on this laptop."""

    def confirm(self, token: str, first: str, second: str, new: str = "") -> Confirmed:
        """Two codes of a new authenticator, under a pending token that said `setup`; `new`: as for `code`."""

    def code(self, token: str, *, code: str, take_over: bool, new: str = "") -> Tokens:
        """The one-time code under a pending token; `new`: the password from now on, where that said `change`."""

    def refresh(self, *, refresh: str, proof: str) -> Tokens:
        """New tokens for a refresh token with the device's proof."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A finished sign-in: central's tokens, and the secrets to start a session with."""

    tokens: Tokens
    secret: Secrets


class SignIn:
    """One sign-in of `login`: `begin` with the password, then `finish` with the code, again after a wrong code.

    Nothing is written before central has accepted both. `people` holds the person's files; `laptop` is this laptop's
    word about the keyring; `mode` makes a new vault of that mode whatever keyring there is (the demo touches none);
    `recovered` are the cache's keys from the holders of the recovery key, for a new vault where one opens no more.
    """

    def __init__(
        self,
        central: CentralAuth,
        people: PersonHome,
        login: str,
        device_name: str = "",
        policy: KdfPolicy | None = None,
        *,
        laptop: KeyringPolicy | None = None,
        mode: str | None = None,
        custody: Custody | None = None,
        recovered: Recovered | None = None,
    ) -> None:
        self._central = central
        self._people = people
        self._login = login
        self._device_name = device_name
        self._custody = custody or Custody(people, login, policy)
        self._laptop = laptop
        self._mode = mode
        self._recovered = recovered
        self._token = ""
        self._password = ""
        self._vault_password: str | None = None
        self._secret = Secrets(b"", b"", "", "", "")

    @property
    def secret(self) -> Secrets:
        """What the vault held, once `begin` has opened it; fresh keys without a device's id at a first sign-in."""
        return self._secret

    def begin(self, password: str, vault_password: str | None = None, enrolment: str = "") -> Pending:
        """Show central the password. Raises what `Custody.open` raises (except VaultMissing) and what central does;
        KeyringUnavailable where the keyring is needed and can't be used.

        `vault_password` is the former password, needed once when it was changed elsewhere since this vault was
        written; the vault is then written again under the new one. Its absence shows as WrongPassword.
        `enrolment` lets a laptop in that central doesn't know.
        """
        asked = self._laptop or KeyringPolicy.OPTIONAL  # central's word is not known yet
        if vault.vault_exists(self._people.vault) and self._recovered is None:
            self._vault_password = password if vault_password is None else vault_password
            self._secret = self._custody.open(self._vault_password)
            self._mode = self._custody.mode
        else:
            self._vault_password = None
            self._mode = self._mode or self._custody.mode_for_new(asked)
            private, _ = seal.new_device_key()
            held = self._recovered or Recovered(vault.new_data_key())
            self._secret = Secrets(held.data_key, private, "", "", "", held.former_key)
        if self._mode == MODE_PASSWORD and asked is KeyringPolicy.REQUIRED:
            self._mode = self._custody.mode_for_new(asked)
        pending = self._central.sign_in(self._login, password, self._words(self._central.nonce(), enrolment))
        if self._mode == MODE_PASSWORD:
            self._mode_permitted(pending.keyring)
        self._token, self._password = pending.token, password
        return pending

    def _words(self, nonce: str, enrolment: str) -> DeviceWords:
        key = self._secret.device_key
        return DeviceWords(
            device_key=seal.public_key(key),
            receive_key=device_proof.receive_key(key),
            nonce=nonce,
            proof=device_proof.prove(key, nonce, self._login),
            name=self._device_name,
            vault=self._mode or "",
            enrolment=enrolment,
        )

    def _mode_permitted(self, central: str) -> None:
        """A vault that the password alone opens goes on only where policy permits it; else the keyring is taken in."""
        word = permitted(self._laptop, central)
        if word is KeyringPolicy.REQUIRED:
            self._mode = self._custody.mode_for_new(word)

    def finish(self, code: str, take_over: bool = False, now: datetime | None = None, *, new: str = "") -> SignedIn:
        """Show central the one-time code and write the vault where needed. Raises what central does.

        `take_over` ends the person's session on another device. `now` dates a new vault. `new` is the password from now
        on, of central and vault, where central asked for one.
        """
        if not self._token:
            raise RuntimeError("finish before begin")
        return self._accepted(self._central.code(self._token, code=code, take_over=take_over, new=new), now, new)

    def confirm(
        self, first: str, second: str, now: datetime | None = None, *, new: str = ""
    ) -> tuple[SignedIn, list[str]]:
        """In place of `finish` where the authenticator is set up: two codes of it. The recovery codes beside."""
        if not self._token:
            raise RuntimeError("confirm before begin")
        done = self._central.confirm(self._token, first, second, new)
        return self._accepted(done.tokens, now, new), done.recovery

    def _accepted(self, tokens: Tokens, now: datetime | None, new: str) -> SignedIn:
        held = self._secret
        secret = replace(held, device=tokens.device, code=tokens.device_code, person=str(tokens.person["id"]))
        password, at = new or self._password, now or clock.now()
        if self._vault_password is None:
            self._custody.make(password, secret, at, self._mode or MODE_PASSWORD)
        elif self._vault_password != password or secret != held:
            self._custody.rewrap(self._vault_password, password, secret, at)
        if self._mode != self._custody.mode:
            self._custody.to_keyring(password, at)
        self._token = self._password = ""
        self._vault_password = None
        return SignedIn(tokens, secret)


def unlock(people: PersonHome, login: str, password: str, policy: KdfPolicy | None = None) -> Secrets:
    """Start without central: the secrets of a person who has signed in here before. Raises as `Custody.open`."""
    return Custody(people, login, policy).open(password)


def refresh(central: CentralAuth, token: str, signer: Signer) -> Tokens:
    """New tokens for the refresh token `token`, proven by the device key of the unlocked session."""
    return central.refresh(refresh=token, proof=signer.sign_refresh(token))


def totp_now(seed: str, at: datetime) -> str:
    """The six digits (RFC 6238, SHA-1, 30 s) of the base32 `seed` at `at`: the demo's stand-in for a phone."""
    import pyotp

    return pyotp.TOTP(seed).at(at)

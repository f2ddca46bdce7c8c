"""What a person asks central about the own account and those of others. Part of `transport`, which sends it."""

from typing import Any

import msgspec

from .answers import usable
from .pages import S, clean_message
from .wire import Code, DeviceAsk, DeviceStanding, PasswordChange, Pending, Refresh, SignIn, Tokens
from .wire_accounts import (
    Account,
    AuthenticatorLeft,
    Confirm,
    Confirmed,
    Enrolment,
    EnrolmentAsk,
    NoticesSeen,
    RecoveryAsk,
    RecoveryCodes,
    Reset,
    ResetAsk,
    Resets,
    Seed,
)


class AccountCalls:
    """The calls; `HttpTransport` has the line. Nothing that counts as a try is repeated by itself."""

    def _ask(self, method: str, path: str, kind: type[S], asked: msgspec.Struct | None = None, **more: Any) -> S:
        """One request and its message."""
        raise NotImplementedError

    def _tell(self, method: str, path: str, asked: msgspec.Struct | None = None, **more: Any) -> None:
        """One request that is answered without a word."""
        raise NotImplementedError

    def _access(self) -> str:
        """The access token; NotAllowed `signed_out` without one."""
        raise NotImplementedError

    def sign_in(self, asked: SignIn, timeout: float | None = None) -> Pending:
        """The password, with the device's proof."""
        return self._ask("POST", "/v1/session", Pending, asked, timeout=timeout, again=False)

    def code(self, token: str, asked: Code, timeout: float | None = None) -> Tokens:
        """The one-time code, under the token of `sign_in`."""
        return usable(self._ask("POST", "/v1/session/code", Tokens, asked, token=token, timeout=timeout, again=False))

    def refresh(self, asked: Refresh, timeout: float | None = None) -> Tokens:
        """New tokens for a refresh token. A lost reply may be asked for again within 30 s."""
        return usable(self._ask("POST", "/v1/session/refresh", Tokens, asked, timeout=timeout))

    def seed(self, token: str, timeout: float | None = None) -> Seed:
        """A seed for the authenticator, under the token of a `sign_in` that said `setup`."""
        return clean_message(self._ask("POST", "/v1/totp/setup", Seed, token=token, timeout=timeout, again=False))

    def confirm(self, token: str, asked: Confirm, timeout: float | None = None) -> Confirmed:
        """Two codes of the seed: the session, and the recovery codes."""
        done = self._ask("POST", "/v1/totp/confirm", Confirmed, asked, token=token, timeout=timeout, again=False)
        return Confirmed(tokens=usable(done.tokens), recovery=clean_message(done).recovery)

    def change_password(self, asked: PasswordChange, timeout: float | None = None) -> None:
        """A new password for the one who is signed in."""
        self._tell("PUT", "/v1/session/password", asked, token=self._access(), timeout=timeout, again=False)

    def account(self, timeout: float | None = None) -> Account:
        """How the caller gets in, with the notices that they have not seen."""
        return clean_message(self._ask("GET", "/v1/account", Account, token=self._access(), timeout=timeout))

    def notices_seen(self, asked: NoticesSeen, timeout: float | None = None) -> None:
        """These are not told again."""
        self._tell("POST", "/v1/account/seen", asked, token=self._access(), timeout=timeout)

    def recovery_codes(self, asked: RecoveryAsk, timeout: float | None = None) -> RecoveryCodes:
        """Ten new ones; the former end."""
        more: Any = {"token": self._access(), "timeout": timeout, "again": False}
        return clean_message(self._ask("POST", "/v1/account/recovery", RecoveryCodes, asked, **more))

    def leave_authenticator(self, asked: AuthenticatorLeft, timeout: float | None = None) -> None:
        """All sessions end, and the next sign-in sets another up."""
        more: Any = {"token": self._access(), "timeout": timeout, "again": False}
        self._tell("POST", "/v1/account/authenticator", asked, **more)

    def enrol(self, asked: EnrolmentAsk, timeout: float | None = None) -> Enrolment:
        """A code for a new laptop of somebody."""
        more: Any = {"token": self._access(), "timeout": timeout}
        return clean_message(self._ask("POST", "/v1/enrolments", Enrolment, asked, **more))

    def resets(self, timeout: float | None = None) -> Resets:
        """What waits for a second person."""
        return clean_message(self._ask("GET", "/v1/resets/waiting", Resets, token=self._access(), timeout=timeout))

    def ask_reset(self, asked: ResetAsk, timeout: float | None = None) -> Reset:
        """Ask that somebody's second factor or password is set back."""
        more: Any = {"token": self._access(), "timeout": timeout}
        return clean_message(self._ask("POST", "/v1/resets", Reset, asked, **more))

    def approve_reset(self, id: str, timeout: float | None = None) -> Reset:
        """Approve what another has asked for; `id` as `resets` gave it. A password is told once: not repeated."""
        more: Any = {"token": self._access(), "timeout": timeout, "again": False}
        return clean_message(self._ask("POST", f"/v1/resets/{id}/approve", Reset, **more))

    def standing(self, asked: DeviceAsk, timeout: float | None = None) -> DeviceStanding:
        """How this device stands at central. Needs no session."""
        return clean_message(self._ask("POST", "/v1/device", DeviceStanding, asked, timeout=timeout))

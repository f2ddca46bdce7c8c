"""Coming to the desk and leaving it: who is here, unlocking, signing in at central, signing out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .. import clock, config
from ..config import Home, KeyringPolicy, PersonHome, Settings
from ..errors import MscError, NotAllowed, UsageError
from ..identity.agent import Client, SessionGone, SessionRefused
from ..store import settings
from ..store.opening import Cache
from .reading import Reading
from .seat import INCARNATION, Seat, Unlocked
from .signing import LiveSigner

if TYPE_CHECKING:
    from ..identity.signin import DeviceWords
    from ..identity.vault import Secrets
    from ..sync.transport import HttpTransport
    from ..sync.wire_accounts import Seed
    from . import Desk

S = TypeVar("S", bound=Seat)
D = TypeVar("D")

SHIFT = timedelta(hours=14)
"""A shift of 12 h and 2 h more: how long a session stays unlocked."""
LEAST_CHARACTERS = 15
"""Of a password: what central asks for, told before it is asked."""
UNFIT = frozenset(
    {"passwords_differ", "password_too_short", "password_too_long", "password_guessable", "password_must_change"}
)
"""What is wrong with a new password; the code that went with it is unused."""
CLOCK_TOLD_SECONDS = 60
"""From here on a sign-in says that this laptop's clock is off."""


def current_login(home: Home) -> str | None:
    """Who signed in last on this laptop."""
    try:
        return home.current.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def vault_mode(home: Home, login: str) -> str | None:
    """How the keys are kept on this laptop: `password` = in a vault that the password alone opens, `keyring` = the
    system's keyring is needed as well. None when there is no vault to be read."""
    from ..identity.vault import mode_of

    return mode_of(home.person(login).vault)


def sit_down(home: Home, chosen: Settings, login: str | None = None, *, read_only: bool = False) -> "Desk":
    """The desk of an unlocked session. NotAllowed `signed_out` when there is none."""
    from .whole import Desk

    return _sit_down(Desk, home, chosen, login, read_only=read_only)


def sit_down_to_read(home: Home, chosen: Settings, login: str | None = None) -> Reading:
    """As `sit_down`, for whoever will only look: the rules of acting are not loaded."""
    return _sit_down(Reading, home, chosen, login, read_only=False)


def _sit_down(kind: type[S], home: Home, chosen: Settings, login: str | None, *, read_only: bool) -> S:
    login = login or current_login(home)
    if login is None:
        raise NotAllowed("signed_out")
    client = Client.connect(home, login)
    if client is None:
        raise NotAllowed("signed_out")
    try:
        status = client.status()
        signer = LiveSigner(home, login, client)
        unlocked = Unlocked(
            login=login, person=status["person"], device=status["device"], code=status["code"], signer=signer
        )
        key = client.data_key()
    except (SessionGone, SessionRefused) as gone:
        raise NotAllowed("signed_out") from gone
    return _open(kind, home.person(login), chosen, unlocked, key, read_only=read_only)


def sit_down_with(people: PersonHome, chosen: Settings, login: str, secret: "Secrets") -> "Desk":
    """The desk of keys held in this process, for embedding and tests."""
    from ..identity.signer import InProcess
    from .whole import Desk

    unlocked = Unlocked(
        login=login, person=secret.person, device=secret.device, code=secret.code, signer=InProcess(secret)
    )
    return _open(Desk, people, chosen, unlocked, secret.data_key, read_only=False)


def _open(kind: type[S], people: PersonHome, chosen: Settings, unlocked: Unlocked, key: bytes, *, read_only: bool) -> S:
    cache = Cache.open(people.cache, key, read_only=read_only)
    if not read_only:
        _same_incarnation(cache, people.incarnation)
    return kind(people, chosen, cache, unlocked)


def _same_incarnation(cache: Cache, path: Path) -> None:
    """A cache that was restored or cloned no longer matches the nonce beside it: its chain starts anew."""
    with cache.read() as conn:
        inside = settings.get(conn, INCARNATION)
    outside = path.read_text("utf-8").strip() if path.exists() else None
    if inside is not None and inside == outside:
        return
    from .syncing import new_incarnation

    new_incarnation(cache, path)


@dataclass(slots=True)
class SigningIn:
    """A sign-in under way: `password`, then `code`, again after a wrong one."""

    home: Home
    chosen: Settings
    login: str
    device_name: str = ""
    policy: Any = None
    """`identity.kdf.KdfPolicy`; None is the one in force."""
    mode: str | None = None
    """Of a new vault: None = `keyring` where there is one that can be used."""
    recovered: Any = None
    """`identity.recovery.Recovered`: sign in over the cache of these keys, in place of a vault that opens no more."""
    enrolment: str = ""
    """The code that lets a laptop in that central doesn't know."""
    needs_setup: bool = False
    """After `password`: the authenticator has to be set up, by `seed` and `confirm` in place of `code`."""
    needs_password: bool = False
    """After `password`: others were told it, so `own_password` has to be called before `code` or `confirm`, and again
    when these refuse it by one of `UNFIT`."""
    clock_off: timedelta = timedelta(0)
    """After `password`: how far this laptop's clock is from central's; later = above zero. See `seconds_off`."""
    _flow: Any = None
    _pending: Any = None
    _transport: "HttpTransport | None" = None
    _password: str = ""
    _new: str = ""

    def password(self, password: str, former: str | None = None) -> None:
        """Show central the password. Its refusals and the transport's faults pass as `MscError`.

        `former`: the one that still opens this laptop's vault, after it was changed elsewhere.
        """
        from ..identity.signin import SignIn
        from .conversing import NoTokens, transport

        config.private_umask()
        people = self.home.make().person(self.login).make()
        self._transport = transport(self.chosen, NoTokens())
        central = _Central(self._transport)
        self._flow = SignIn(
            central,
            people,
            self.login,
            self.device_name,
            self.policy,
            laptop=self.chosen.keyring,
            mode=self.mode,
            recovered=self.recovered,
        )
        try:
            self._pending = self._flow.begin(password, former, self.enrolment)
        except MscError as refused:
            self._transport.close()
            if refused.key == "credentials_wrong":
                self._revoked(self._flow.secret)
            raise
        finally:
            self.clock_off = central.clock_off
        self.needs_setup, self.needs_password = self._pending.setup, self._pending.change
        self._password = password

    def own_password(self, new: str, again: str) -> None:
        """The password from now on, in place of the one that others were told; central has the last word on it.
        UsageError of `UNFIT`."""
        if new != again:
            raise UsageError("passwords_differ")
        if len(new) < LEAST_CHARACTERS:
            raise UsageError("password_too_short", least=LEAST_CHARACTERS)
        self._new = new

    def close(self) -> None:
        """Ends the line to central; also for a sign-in that is given up."""
        if self._transport is not None:
            self._transport.close()

    def seed(self) -> "Seed":
        """A new seed for the authenticator; the last one that was given counts."""
        assert self._transport is not None
        return self._transport.seed(self._pending.token)

    def confirm(self, first: str, second: str) -> list[str]:
        """Two codes of it finish the sign-in. The recovery codes, which nobody can show again."""
        done, codes = self._judged("codes_wrong", lambda: self._flow.confirm(first, second, new=self._new))
        self._signed_in(done)
        return list(codes)

    def _revoked(self, secret: "Secrets") -> None:
        """The vault opened and central refuses all the same: perhaps this laptop was revoked. Raises `wiping.Wiped`."""
        from ..identity.signer import InProcess
        from . import wiping

        people = self.home.person(self.login)
        if not secret.device or secret.former_key or not people.cache.exists():
            return
        cache = Cache.open(people.cache, secret.data_key)
        try:
            wiping.look(self.home, self.chosen, self.login, cache, InProcess(secret), secret.device)
        finally:
            cache.close()

    def code(self, code: str, *, take_over: bool = False) -> None:
        """Show central the one-time code, start the session and keep the tokens."""
        self._signed_in(self._judged("code_wrong", lambda: self._flow.finish(code, take_over, new=self._new)))

    @staticmethod
    def _judged(wrong: str, judging: Callable[[], D]) -> D:
        """Central has one word for all that is wrong; here it is known what was shown to it last."""
        try:
            return judging()
        except MscError as refused:
            if refused.key != "credentials_wrong":
                raise
            raise NotAllowed(wrong) from None

    def _signed_in(self, done: Any) -> None:
        """Keeps what central gave and starts the session."""
        from ..identity import recovery
        from ..identity.custody import Custody
        from ..identity.launch import start_session
        from . import keeping, offline
        from .syncing import keep_tokens

        people = self.home.person(self.login)
        keys = Custody(people, self.login, self.policy)
        secret = keeping.settle(people, keys, self._new or self._password, done.secret)
        self._password = self._new = ""
        cache = Cache.open(people.cache, secret.data_key)
        try:
            _same_incarnation(cache, people.incarnation)
            keep_tokens(cache, done.tokens, pin=True)
            given = offline.kept_or_none(cache)
            until = session_until(cache, keys.mode or "")
        finally:
            cache.close()
        if given is not None:
            keys.remember(given.counter, anew=True)
            recovery.seal(people, self.login, secret, given.recovery, clock.now())
        recovery.finished(people)
        end_session(self.home, self.login)
        start_session(self.home, self.login, secret, until).close()
        self.home.current.write_text(self.login, "utf-8")
        self.close()


def session_until(cache: Cache, mode: str) -> datetime:
    """Until when a session that begins now may be unlocked: a shift, half of one where the password alone opens the
    vault, and no longer than the pass for working without central."""
    from ..identity.vault import MODE_PASSWORD
    from . import offline

    until = clock.now() + (SHIFT / 2 if mode == MODE_PASSWORD else SHIFT)
    given = offline.kept_or_none(cache)
    if given is None:
        return until
    with cache.read() as conn:
        offset, _ = settings.server_time(conn)
    return min(until, given.ends(mode) - offset)


def seconds_off(offset: timedelta) -> int:
    """Whole seconds of an offset of clocks that is worth telling; 0 for a smaller one."""
    seconds = abs(round(offset.total_seconds()))
    return seconds if seconds >= CLOCK_TOLD_SECONDS else 0


class _Central:
    """`identity.signin.CentralAuth` over the transport; its faults and refusals pass through."""

    def __init__(self, way: "HttpTransport") -> None:
        self._way = way
        self.clock_off = timedelta(0)

    def nonce(self) -> str:
        hello = self._way.hello()
        self.clock_off = clock.now() - clock.parse(hello.server_time)
        return hello.nonce

    def sign_in(self, login: str, password: str, device: "DeviceWords") -> Any:
        from ..sync.wire import SignIn

        return self._way.sign_in(
            SignIn(
                login=login,
                password=password,
                device_key=device.device_key,
                device_name=device.name,
                vault=device.vault,
                nonce=device.nonce,
                proof=device.proof,
                receive_key=device.receive_key,
                enrolment=device.enrolment,
            )
        )

    def confirm(self, token: str, first: str, second: str, new: str = "") -> Any:
        from ..sync.wire_accounts import Confirm

        return self._way.confirm(token, Confirm(first, second, new))

    def code(self, token: str, *, code: str, take_over: bool, new: str = "") -> Any:
        from ..sync.wire import Code

        return self._way.code(token, Code(code=code, take_over=take_over, new=new))

    def refresh(self, *, refresh: str, proof: str) -> Any:
        from ..sync.wire import Refresh

        return self._way.refresh(Refresh(refresh=refresh, proof=proof))


def unlock(home: Home, login: str, password: str, policy: Any = None, until: datetime | None = None) -> None:
    """Start the session with central gone: the password opens the vault, under central's pass and for no longer.

    Raises as `Custody.open`, PassRefused, and KeyringRequired where policy no longer permits this vault.
    """
    from ..identity import recovery
    from ..identity.custody import Custody, permitted
    from ..identity.errors import KeyringRequired
    from ..identity.launch import start_session
    from ..identity.vault import MODE_PASSWORD
    from . import keeping, offline

    people = home.person(login)
    keys = Custody(people, login, policy)
    secret = keeping.settle(people, keys, password, keys.open(password))
    cache = Cache.open(people.cache, secret.data_key)
    try:
        given, last = offline.admit(cache, keys, secret)
    finally:
        cache.close()
    word = permitted(config.load(home).keyring, given.keyring)
    if keys.mode == MODE_PASSWORD and word is KeyringPolicy.REQUIRED:
        raise KeyringRequired
    recovery.seal(people, login, secret, given.recovery, clock.now())
    end_session(home, login)
    longest = clock.now() + (SHIFT / 2 if keys.mode == MODE_PASSWORD else SHIFT)
    start_session(home, login, secret, min(until or longest, longest, last)).close()
    home.current.write_text(login, "utf-8")


def end_session(home: Home, login: str) -> bool:
    """Lock: forget the keys. True when a session was there."""
    client = Client.connect(home, login)
    if client is None:
        return False
    client.lock()
    return True


def session_status(home: Home, login: str) -> dict[str, Any] | None:
    """`login`, `person`, `device`, `code` and `until` (RFC 3339) of the unlocked session; None when there is none."""
    client = Client.connect(home, login)
    if client is None:
        return None
    try:
        return client.status()
    except (SessionGone, SessionRefused):
        return None
    finally:
        client.close()

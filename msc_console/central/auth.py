"""Sign-in: password, then one-time code, both judged by central on its own clock; one open session per person.

An unknown login, a wrong password and a revoked device get one answer after the same work. Wrong codes are counted on
the person's row, over all sessions, in the statement that also locks the row: parallel tries can't slip through.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from .. import device_proof
from ..clock import iso, iso_ms, monotonic, to_ms
from ..errors import UsageError
from ..seal import PUBLIC_KEY
from ..sync.wire import Code, DeviceAsk, DeviceStanding, PasswordChange, Pending, Refresh, SignIn, Tokens
from ..sync.wire_accounts import Confirm, Confirmed, Seed
from ..text import clean
from . import (
    audit,
    devices,
    enrolling,
    nonces,
    notices,
    passes,
    recovery_codes,
    second_factor,
    sql,
    tally,
    tokens,
    totp,
)
from .db import Central
from .guessable import guessable
from .limits import FREE_TRIES, Throttle, Window, delay
from .masterkey import MasterKey
from .passwords import Passwords, nfc, refuse_unfit
from .problems import ProblemError, too_many_tries

LETTERS = "ACDEFGHJKMNPQRTUVWXY34679"
"""Of device codes: no letter that is read or heard as a digit in it, or the other way (B8, S5, Z2, I1, O0, L1)."""
CODE_LENGTH = 3
ALERT_FAILURES = 10
MOST_FAILURES = 100
"""Wrong codes in a row that are told to others, and after which nothing but a reset helps."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A right code of a person whose row is held. `step` None: a recovery code."""

    person: tokens.Row
    code: str
    step: int | None = None

    def use(self, conn: Connection, now: datetime) -> None:
        """Uses the code up and ends the count of wrong ones."""
        step = self.person["totp_step"] if self.step is None else self.step
        conn.execute(
            text("UPDATE person SET totp_step = :step, failed = 0, locked_until = NULL WHERE id = :id"),
            {"step": step, "id": self.person["id"]},
        )
        if self.step is None:
            recovery_codes.use(conn, self.person, self.code, now)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A person's own password, hashed, in place of the one of hash `former` that others were told."""

    former: str
    hash: str


@dataclass
class Auth:
    """The sign-in of one central. Safe from any thread; every method is told the time."""

    central: Central
    key: MasterKey
    passwords: Passwords
    monotonic: Callable[[], float] = monotonic
    logins: Throttle = field(default_factory=Throttle)
    addresses: Window = field(default_factory=Window)

    def sign_in(self, ask: SignIn, address: str, now: datetime) -> Pending:
        """First step: the password, on a laptop that proves its key. Raises ProblemError 400, 401, 403, 429."""
        wrong = [name for name in ("device_key", "receive_key") if not PUBLIC_KEY.fullmatch(getattr(ask, name))]
        if "device_key" in wrong or (wrong and ask.receive_key):
            raise ProblemError("invalid_request", fields=wrong)
        at, login = self.monotonic(), ask.login[:200]
        if wait := self.addresses.begin(address, at):
            raise too_many_tries(wait)
        self._proven(ask, now)
        with self.central.read() as conn:
            statement = "SELECT id, active, password_hash, totp_secret, must_change FROM person WHERE login = :login"
            person = tokens.one(conn, statement, login=login) if sql.storable(login) else None
            new = not tokens.one(conn, "SELECT 1 FROM device WHERE public_key = :key", key=ask.device_key)
            coded = new and enrolling.required(conn)
            invited = not coded or (ask.enrolment and enrolling.good(conn, ask.enrolment, login, now))
        if not invited:
            if not ask.enrolment:
                raise ProblemError("enrolment_needed")
            with self.central.write() as conn:
                tally.add(conn, now, "", "device.code_wrong", {"person": person["id"] if person else ""})
            raise ProblemError("enrolment_wrong")
        if wait := self.logins.begin(login, at):
            self.addresses.succeeded(address)
            raise too_many_tries(wait)
        right = self.passwords.verify(person["password_hash"] if person else None, ask.password)
        if person is None or not right or not person["active"]:
            with self.central.write() as conn:  # who is not known is not named either: it may be a slipped password
                about, failed = {"person": person["id"] if person else ""}, {"failed": self.logins.failed(login)}
                tally.add(conn, now, "", "session.password_wrong", about, failed)
            raise ProblemError("credentials_wrong")
        outdated = self.passwords.outdated(person["password_hash"], ask.password)
        renewed = self.passwords.hash(ask.password) if outdated else None
        with self.central.write() as conn:
            device = _device(conn, person["id"], ask, now)
            if device is None:
                raise ProblemError("credentials_wrong")
            if coded and not enrolling.use(conn, ask.enrolment, device, now):
                raise ProblemError("enrolment_wrong")
            word = passes.site_words(conn)["keyring"]
            if renewed:
                named = {"hash": renewed, "id": person["id"]}
                conn.execute(text("UPDATE person SET password_hash = :hash WHERE id = :id"), named)
            setup = person["totp_secret"] is None
            token, until = tokens.new_token(), now + (tokens.SETUP if setup else tokens.PENDING)
            tokens.store(
                conn,
                token=token,
                kind=second_factor.KIND if setup else "pending",
                person=person["id"],
                device=device,
                family=tokens.new_id(),
                now=now,
                until=until,
            )
        self.logins.succeeded(login)
        self.addresses.succeeded(address)
        change = bool(person["must_change"])
        return Pending(token=token, expires_at=iso(until), keyring=word, setup=setup, change=change)

    def _proven(self, ask: SignIn, now: datetime) -> None:
        """The device holds the key that it names; says nothing about login or password."""
        told = (ask.nonce, ask.login, ask.device_key, ask.receive_key, ask.proof)
        if not nonces.good(self.key, ask.nonce, now) or not device_proof.holds(*told):
            raise ProblemError("proof_wrong")

    def code(self, token: str, ask: Code, now: datetime) -> Tokens:
        """Second step: the one-time code. Raises ProblemError 400, 401, 409, 429."""
        session = tokens.authenticate(self.central, token, "pending", now)
        fresh = self._fresh(session.person.id, ask.new, now)
        with self.central.write() as conn:
            outcome = self._code(conn, session, ask, now, fresh)
        if isinstance(outcome, ProblemError):
            raise outcome
        return outcome

    def _code(
        self, conn: Connection, session: tokens.Session, ask: Code, now: datetime, fresh: "Fresh | None"
    ) -> Tokens | ProblemError:
        """In the caller's transaction; a problem is returned, because the count of failures has to be committed."""
        judged = self.judge(conn, session.person.id, ask.code, now)
        if isinstance(judged, ProblemError):
            return judged
        others = [row for row in tokens.active(conn, session.person.id, now) if row["device"] != session.device["id"]]
        if others and not ask.take_over:
            # The code isn't used up: the same one goes with the take-over that the person is asked about now.
            conn.execute(text("UPDATE person SET failed = failed - 1 WHERE id = :id"), {"id": session.person.id})
            return ProblemError(
                "session_active", device=others[0]["device_name"] or "", since=iso_ms(others[0]["created_at"])
            )
        judged.use(conn, now)
        return self._start(conn, session, judged.person, now, fresh, took_over=bool(others))

    def _fresh(self, person: str, new: str, now: datetime) -> "Fresh | None":
        """The password that takes the place of one that others were told; None where the person's is their own. It is
        looked at before the code, which an unfit one leaves unused. ProblemError 400, 409 `password_must_change`."""
        with self.central.read() as conn:
            row = tokens.by_id(conn, "person", person)
        stopped = row["failed"] >= MOST_FAILURES or (row["locked_until"] or 0) > to_ms(now)
        if not row["must_change"] or stopped:  # whoever is stopped costs no hash
            return None
        if not new:
            raise ProblemError("password_must_change")
        self._fit(new, row["login"], row["name"])
        if self.passwords.verify(row["password_hash"], new):
            raise ProblemError("password_guessable")
        return Fresh(row["password_hash"], self.passwords.hash(new))

    def _fit(self, new: str, login: str, name: str) -> None:
        """ProblemError 400 for a password that is too short, too long or would be guessed."""
        try:
            refuse_unfit(new)
        except UsageError as unfit:
            raise ProblemError(unfit.key, **unfit.data) from None
        with self.central.read() as conn:
            site = sql.meta(conn, "site_name")
        if guessable(new, (login, name, site)):
            raise ProblemError("password_guessable")

    def judge(self, conn: Connection, id: str, code: str, now: datetime) -> "Judged | ProblemError":
        """Whether a code is right for a person, whose row is held until the caller's transaction ends. It counts as
        failed until `Judged.use`; a problem has to be committed before it is raised."""
        statement = (
            "UPDATE person SET failed = failed + 1 WHERE id = :id AND active = 1 AND failed < :most "
            "AND (locked_until IS NULL OR locked_until <= :at) RETURNING *"
        )
        person = tokens.one(conn, statement, id=id, at=to_ms(now), most=MOST_FAILURES)
        if person is None:
            return self._locked(conn, id, now)
        if person["totp_secret"] is None:  # set back since the password was shown
            return ProblemError("session_ended")
        seed = totp.open_seed(self.key.seeds, person["id"], person["totp_secret"])
        step = totp.matching_step(seed, code, now)
        if step is None and recovery_codes.unused(conn, person["id"], code):
            return Judged(person, code)
        if step is None or step <= person["totp_step"]:
            return _wrong(conn, person, now, None if step else totp.far_step(seed, code, now))
        return Judged(person, code, step)

    def _start(
        self, conn: Connection, session: tokens.Session, person: tokens.Row, now: datetime, fresh: "Fresh | None",
        *, took_over: bool,
    ) -> Tokens:  # fmt: skip
        """The one session of the person from now on, under a password of their own."""
        device = tokens.by_id(conn, "device", session.device["id"])
        if person["must_change"]:
            if fresh is None or fresh.former != person["password_hash"]:  # another was given meanwhile
                raise ProblemError("session_ended")
            named = {"hash": fresh.hash, "id": person["id"]}
            conn.execute(text("UPDATE person SET password_hash = :hash, must_change = 0 WHERE id = :id"), named)
            audit.add(conn, now, person["id"], "person.password", {"device": device["id"]})
        tokens.end(conn, person["id"], now, successor=session.family if took_over else None)
        audit.add(conn, now, person["id"], "session.start", {"device": device["id"], "took_over": took_over})
        seen = {"at": to_ms(now), "id": device["id"]}
        conn.execute(text("UPDATE device SET last_seen_at = :at WHERE id = :id"), seen)
        return tokens.grant(conn, self.key, person, device, session.family, now)

    def seed(self, token: str, now: datetime) -> Seed:
        """A seed for the authenticator of a person who has none, under the token of `sign_in`. Each call gives another,
        and the last one counts. Raises ProblemError 401, 409 totp_set_up_already."""
        session = tokens.authenticate(self.central, token, second_factor.KIND, now)
        with self.central.write() as conn:
            return second_factor.begin(conn, self.key, session.person, now)

    def confirm(self, token: str, ask: Confirm, now: datetime) -> Confirmed:
        """Two codes of the new seed: it counts from now on, and the session begins. ProblemError 400, 401, 409."""
        session = tokens.authenticate(self.central, token, second_factor.KIND, now)
        fresh = self._fresh(session.person.id, ask.new, now)
        with self.central.write() as conn:
            done = second_factor.confirm(conn, self.key, session.person, ask, now)
            if not isinstance(done, ProblemError):
                codes = recovery_codes.make(conn, session.person.id, now)
                return Confirmed(tokens=self._start(conn, session, done, now, fresh, took_over=False), recovery=codes)
        raise done

    def _locked(self, conn: Connection, person: str, now: datetime) -> ProblemError:
        row = conn.execute(text("SELECT active, failed, locked_until FROM person WHERE id = :id"), {"id": person}).one()
        if row.active and row.failed >= MOST_FAILURES:
            return ProblemError("code_stopped")
        if not row.active or row.locked_until is None:
            return ProblemError("session_ended")
        return too_many_tries(max(1, -((to_ms(now) - row.locked_until) // 1000)))

    def refresh(self, ask: Refresh, now: datetime) -> Tokens:
        """See `tokens.renew`."""
        return tokens.renew(self.central, self.key, ask, now)

    def change_password(self, session: tokens.Session, ask: PasswordChange, now: datetime) -> None:
        """A new password for the one who is signed in; all their other sessions end. Wrong old ones are counted as
        wrong sign-ins are. Raises ProblemError 400, 401, 429."""
        login, id = session.person.login, session.person.id
        self._fit(ask.new, login, session.person.name)
        if nfc(ask.new) == nfc(ask.old):
            raise ProblemError("password_guessable")
        held = self.prove(session, ask.old)
        hashed = self.passwords.hash(ask.new)
        with self.central.write() as conn:
            named = {"hash": hashed, "held": held, "id": id}
            statement = "UPDATE person SET password_hash = :hash WHERE id = :id AND password_hash = :held"
            if conn.execute(text(statement), named).rowcount != 1:  # another change was faster
                raise ProblemError("credentials_wrong")
            tokens.end(conn, id, now, but=session.family)
            notices.tell(conn, now, [id], "password_changed")
            audit.add(conn, now, id, "person.password", {"device": session.device["id"]})

    def prove(self, session: tokens.Session, password: str) -> str:
        """The caller knows the password, not only how to use an open console; wrong ones count for the login. The hash
        that it was held against. Raises ProblemError 401, 429."""
        login = session.person.login
        if wait := self.logins.begin(login, self.monotonic()):
            raise too_many_tries(wait)
        with self.central.read() as conn:
            held = tokens.by_id(conn, "person", session.person.id)["password_hash"]
        if not self.passwords.verify(held, password):
            raise ProblemError("credentials_wrong")
        self.logins.succeeded(login)
        return str(held)

    def standing(self, ask: DeviceAsk, address: str, now: datetime) -> DeviceStanding:
        """See `devices.standing`; wrong proofs of one address are counted as wrong sign-ins are."""
        if wait := self.addresses.begin(address, self.monotonic()):
            raise too_many_tries(wait)
        found = devices.standing(self.central, self.key, ask, now)
        self.addresses.succeeded(address)
        return found

    def sign_out(self, session: tokens.Session, now: datetime) -> None:
        """Ends this session alone."""
        with self.central.write() as conn:
            tokens.end(conn, session.person.id, now, family=session.family)
            audit.add(conn, now, session.person.id, "session.end", {"device": session.device["id"]})


def _wrong(conn: Connection, person: tokens.Row, now: datetime, far: int | None = None) -> ProblemError:
    """Keeps the count that `_code` has raised, with the wait that it brings. `far`: the step that the code is of.

    Whoever hears this has shown the password on an enrolled laptop, so a telephone whose clock is off may be named. The
    code of a step that is yet to come is used up by that.
    """
    about, failed = {"person": person["id"]}, {"failed": person["failed"]}
    tally.add(conn, now, "", "session.code_wrong", about, failed)
    if person["failed"] == ALERT_FAILURES:
        audit.add(conn, now, "", "session.many_codes_wrong", about | failed)
        notices.to_leads(conn, now, "many_wrong_codes", person, failed=person["failed"])
    if seconds := delay(person["failed"], FREE_TRIES):
        conn.execute(
            text("UPDATE person SET locked_until = :until WHERE id = :id"),
            {"until": to_ms(now + timedelta(seconds=seconds)), "id": person["id"]},
        )
    if far is None:
        return ProblemError("credentials_wrong")
    used = {"step": far, "id": person["id"]}
    conn.execute(text("UPDATE person SET totp_step = :step WHERE id = :id AND totp_step < :step"), used)
    return ProblemError("code_clock", seconds=totp.seconds_off(far, now))


def _device(conn: Connection, person: str, ask: SignIn, now: datetime) -> str | None:
    """The id of the device with this key, registered now if it is new; None when it isn't this person's to use."""
    found = tokens.one(conn, "SELECT id, person, state FROM device WHERE public_key = :key", key=ask.device_key)
    if found is not None:
        if found["person"] != person or found["state"] != "active":
            return None
        named = {"id": found["id"], "vault": passes.vault_of(ask.vault), "receive": ask.receive_key}
        conn.execute(text("UPDATE device SET vault = :vault, receive_key = :receive WHERE id = :id"), named)
        return str(found["id"])
    row = {
        "id": tokens.new_id(),
        "person": person,
        "public_key": ask.device_key,
        "state": "active",
        "name": clean(ask.device_name, line=True)[:120],
        "created_at": to_ms(now),
        "last_seen_at": to_ms(now),
        "vault": passes.vault_of(ask.vault),
        "receive_key": ask.receive_key,
    }
    names = [*row, "code"]
    insert = text(f"{sql.insert('device', tuple(names)).text} ON CONFLICT DO NOTHING")
    for _attempt in range(100):
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        if conn.execute(insert, {**row, "code": code}).rowcount == 1:
            audit.add(conn, now, person, "device.new", {"device": row["id"]})
            return str(row["id"])
    raise ProblemError("unavailable", detail="no device code is free")

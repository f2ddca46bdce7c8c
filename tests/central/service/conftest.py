"""A small centre on each database, people who can sign in, laptops that seal ops, and a server on a free port."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pyotp
import pytest
from uuid_utils import uuid7

from msc_console import device_proof, seal
from msc_console.central import masterkey, nonces, setup
from msc_console.central.app import create_app
from msc_console.central.auth import Auth
from msc_console.central.centre import Centre, parse
from msc_console.central.db import Central
from msc_console.central.passwords import TEST, Passwords
from msc_console.central.serve import Listen
from msc_console.central.service import Settings
from msc_console.clock import iso
from msc_console.sync.wire import Basis, Code, Envelope, SignIn, Tokens
from tests.support.serving import Serving

CENTRE = """
[site]
name = "Pusat Uji"
zone = "Asia/Jakarta"
enrolment = "open"
[[queue]]
key = "triage"
name = "Triase"
[[queue]]
key = "priority"
name = "Priority"
kind = "b2b"
[[service]]
key = "pos"
name = "POS"
[[person]]
login = "rina"
name = "Rina"
role = "agent"
queues = ["triage"]
[[person]]
login = "budi"
name = "Budi"
role = "agent"
queues = ["triage"]
[[duty]]
tier = "l1"
persons = ["budi"]
[policy]
version = 1
"""

PASSWORD = "sandi yang panjang"


class Hands:
    """A clock that stands still until it is told to move; wall and monotonic together."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 3, 0, 10, tzinfo=UTC)
        self._start = self.at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._start).total_seconds()

    def move(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass
class Laptop:
    """A device key and its chain of sealed ops."""

    private: bytes
    public: str
    device: str = ""
    person: str = ""
    inc: str = "i1"
    counter: int = 0
    prev: str = ""

    @classmethod
    def new(cls) -> "Laptop":
        return cls(*seal.new_device_key())

    def proof(self, refresh: str) -> str:
        return seal.sign(self.private, f"msc-refresh|{refresh}".encode())

    def asks(self, nonce: str, login: str, password: str, **more: str) -> SignIn:
        """The first step of a sign-in, proven under central's nonce."""
        return SignIn(
            login=login,
            password=password,
            device_key=self.public,
            nonce=nonce,
            proof=device_proof.prove(self.private, nonce, login),
            receive_key=device_proof.receive_key(self.private),
            **{"device_name": "laptop uji", **more},
        )

    def op(self, kind: str, target: str, args: dict[str, Any], now: datetime) -> Envelope:
        """The next sealed op of this laptop."""
        self.counter += 1
        salt = seal.new_salt()
        open_ = Envelope(
            op=str(uuid7()), device=self.device, inc=self.inc, counter=self.counter, prev=self.prev, actor=self.person,
            kind=kind, kv=1, target=target, basis=Basis(), made_at=iso(now), skew=0,
            body=seal.body_hash(salt, args, {}), sig="", salt=salt, args=args,
        )  # fmt: skip
        signature = seal.sign(self.private, seal.signed_bytes(msgspec.to_builtins(open_)))
        sealed = msgspec.structs.replace(open_, sig=signature)
        self.prev = seal.link(msgspec.to_builtins(sealed))
        return sealed


@dataclass
class Place:
    """A set-up central and what its people know."""

    url: str
    central: Central
    key: masterkey.MasterKey
    hands: Hands
    centre: Centre
    secrets: dict[str, str]
    auth: Auth = field(init=False)

    def __post_init__(self) -> None:
        self.auth = Auth(self.central, self.key, Passwords(TEST), monotonic=self.hands.monotonic)

    def code(self, login: str, steps: int = 0) -> str:
        """The code of the person's authenticator, now or some steps away."""
        return pyotp.TOTP(self.secrets[login]).at(self.hands.at + timedelta(seconds=30 * steps))

    def ask(self, login: str, laptop: Laptop, password: str = PASSWORD) -> SignIn:
        return laptop.asks(nonces.new(self.key, self.hands.at), login, password)

    def pending(self, login: str, laptop: Laptop) -> str:
        """The token of a first step that went well."""
        return self.auth.sign_in(self.ask(login, laptop), "10.0.0.1", self.hands.at).token

    def sign_in(self, login: str, laptop: Laptop, *, take_over: bool = False) -> Tokens:
        """Both steps, half a minute after whatever came before, so that the code is fresh."""
        self.hands.move(seconds=30)
        token = self.pending(login, laptop)
        tokens = self.auth.code(token, Code(code=self.code(login), take_over=take_over), self.hands.at)
        laptop.device, laptop.person = tokens.device, tokens.person["id"]
        return tokens

    def settings(self, **changes: Any) -> Settings:
        told = {"now": self.hands.now, "monotonic": self.hands.monotonic, "tick_seconds": None} | changes
        return Settings(key=self.key, passwords=Passwords(TEST), **told)


@pytest.fixture
def place(central_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The small centre, once on each kind of database."""
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "central.key"))
    hands, centre = Hands(), parse(CENTRE)
    setup.init(central_url, centre, hands.at)
    secrets = {login: setup.user_add(central_url, login, PASSWORD, hands.at).secret for login in ("rina", "budi")}
    central = Central.open(central_url)
    try:
        yield Place(central_url, central, masterkey.load(tmp_path / "central.key"), hands, centre, secrets)
    finally:
        central.close()


@contextmanager
def running(place: Place, listen: Listen = Listen(port=0), **settings: Any) -> Iterator[str]:
    """The address of a real server on a free port."""
    serving = Serving(create_app(place.central, place.settings(**settings)), listen)
    try:
        yield serving.url
    finally:
        serving.stop()


Server = Callable[..., httpx.Client]


@pytest.fixture
def laptop() -> Laptop:
    """A laptop that nobody has signed in on yet."""
    return Laptop.new()


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    """`server(access)` gives an HTTP client of the running central, signed in with an access token if one is given."""
    clients: list[httpx.Client] = []
    with running(place) as url:

        def client(access: str | None = None) -> httpx.Client:
            headers = {"Authorization": f"Bearer {access}"} if access else {}
            clients.append(httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30))
            return clients[-1]

        yield client
        for item in clients:
            item.close()

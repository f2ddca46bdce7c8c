"""Starts the API, in this process or in several: one JSON line on standard output when it answers, a graceful end on
SIGTERM."""

import asyncio
import ipaddress
import json
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.types import ASGIApp

from ..errors import MscError, UsageError
from ..hardening import harden
from . import checkpoints, logs, masterkey, tls, workers
from .app import create_app
from .checkpoints import NOWHERE, Anchors
from .db import STATEMENT_MS, Central
from .gate import Gate, Networks
from .service import Service, Settings
from .setup import passwords_of, require_site

HEAD_BYTES = 16 * 1024
"""Most bytes of a request's line and headers, or of any other piece that is waited for."""
GRACE_SECONDS = 5
KEEP_SECONDS = 75
"""An idle connection is kept longer than laptops keep theirs, so that none is closed as its next request leaves."""


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where to answer, and whom. Port 0 takes a free one.

    Without TLS files only this machine may reach it, or the listed proxies, which have the TLS (decision 050).
    """

    host: str = "127.0.0.1"
    port: int = 8750
    certificate: Path | None = None
    key: Path | None = None
    proxies: Networks = ()
    """Whose word about the address of their callers is believed."""
    describe: bool = False
    """Whether the API's description is served."""

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    def check(self) -> None:
        """Raises UsageError for half a TLS set-up, files that can't be used, or an open address in plain text."""
        if (self.certificate is None) != (self.key is None):
            raise UsageError("tls_files_both")
        self.context()
        if self.open and not self.proxies:
            raise UsageError("tls_needed", host=self.host)

    @property
    def open(self) -> bool:
        """Whether others than this machine reach it in plain text."""
        return self.certificate is None and not _loopback(self.host)

    def gate(self, app: ASGIApp) -> Gate:
        """What stands before the application here."""
        return Gate(app, self.proxies, only=self.open, encrypted=self.certificate is not None or self.open)

    def context(self) -> ssl.SSLContext | None:
        """The TLS of these files, None without any. UsageError as `tls.context`."""
        return tls.context(self.certificate, self.key) if self.certificate and self.key else None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_for(central: Central, url: str, *, describe: bool = False, anchors: Anchors = NOWHERE) -> Settings:
    """The settings of a central. UsageError when it isn't set up, or was set up under other password costs."""
    with central.read() as conn:
        meta = require_site(conn)
    return Settings(
        key=masterkey.load(masterkey.path_for(url)), passwords=passwords_of(meta), describe=describe, anchors=anchors
    )


class ApiServer(uvicorn.Server):
    """uvicorn's server over an app of ours: says where it answers, and long polls end at once when it stops.

    `on_ready` is called with the address once it accepts connections; `should_exit = True` stops it from any thread.
    """

    def __init__(self, app: Litestar, listen: Listen, on_ready: Callable[[str], None]) -> None:
        context = listen.context()
        super().__init__(
            uvicorn.Config(
                listen.gate(app),
                host=listen.host,
                port=listen.port,
                ssl_context_factory=(lambda _config, _default: context) if context else None,
                # One parser that we know, whatever else is installed: it takes one Host and one length, or none.
                http="h11",
                ws="none",
                h11_max_incomplete_event_size=HEAD_BYTES,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                lifespan="on",
            )
        )
        self._service: Service = app.state.service
        self._listen = listen
        self._looking: asyncio.Task[None] | None = None
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None

    def on_loop(self, work: Callable[[], None]) -> None:
        """Does `work` on the event loop, from any thread, once it has its turn there; where there is none, never."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        if self.started:
            if self._listen.certificate:
                self._looking = asyncio.create_task(tls.keep_looking(self._listen.certificate, self._service.now))
            self._on_ready(_address(self._listen.scheme, self.servers[0].sockets[0].getsockname()))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.watch.stop()
        if self._looking is not None:
            self._looking.cancel()
        await super().shutdown(sockets=sockets)


def serve(url: str, listen: Listen, processes: int = 1, anchors: Anchors = NOWHERE) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are answered first. Raises UsageError before it listens.

    `processes` above 1 asks for as many workers on one PostgreSQL database (`workers`). Checkpoints that are given no
    place go into a file beside the master key.
    """
    listen.check()
    if anchors == NOWHERE:
        anchors = checkpoints.beside(masterkey.path_for(url))
    anchors.check()
    harden()
    logs.start()
    central = Central.open(url, statement_ms=STATEMENT_MS)
    try:
        workers.check(central.dialect, processes)
        central.migrate()
        settings = settings_for(central, url, describe=listen.describe, anchors=anchors)
        if processes > 1:
            central.close()
            _serve_by_workers(workers.Work(url, listen, settings.key, settings.passwords.kdf, processes, anchors))
            return
        server = ApiServer(create_app(central, settings), listen, _announce)
        end_quietly()
        server.run()
        if not server.started:
            raise MscError("central_not_started", host=listen.host, port=listen.port)
    finally:
        central.close()


def _serve_by_workers(work: workers.Work) -> None:
    listen = work.listen
    with workers.bound(listen.host, listen.port) as sock:
        if not workers.Supervisor(work, sock, lambda: _announce(_address(listen.scheme, sock.getsockname()))).run():
            raise MscError("central_not_started", host=listen.host, port=listen.port)


def _address(scheme: str, name: tuple[Any, ...]) -> str:
    """The base address of a socket's own name."""
    host, port = name[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}"


def _announce(url: str) -> None:
    sys.stdout.write(json.dumps({"ready": True, "url": url}) + "\n")
    sys.stdout.flush()


def end_quietly() -> None:
    """uvicorn raises the signal that stopped it once more at its end: a stop that was asked for is no failure."""

    def ignore(_number: int, _frame: Any) -> None:
        sys.stdout.flush()

    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), ignore)

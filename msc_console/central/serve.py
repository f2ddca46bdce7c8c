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

from ..errors import MscError, UsageError
from . import masterkey, tls, workers
from .app import create_app
from .db import Central
from .service import Service, Settings
from .setup import passwords_of, require_site

GRACE_SECONDS = 5
KEEP_SECONDS = 75
"""An idle connection is kept longer than laptops keep theirs, so that none is closed as its next request leaves."""


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where to answer. Port 0 takes a free one. Without TLS files only this machine may reach it."""

    host: str = "127.0.0.1"
    port: int = 8750
    certificate: Path | None = None
    key: Path | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    def check(self) -> None:
        """Raises UsageError for half a TLS set-up, files that can't be used, or an open address in plain text."""
        if (self.certificate is None) != (self.key is None):
            raise UsageError("tls_files_both")
        self.context()
        if self.certificate is None and not _loopback(self.host):
            raise UsageError("tls_needed", host=self.host)

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


def settings_for(central: Central, url: str) -> Settings:
    """The settings of a central. UsageError when it isn't set up, or was set up under other password costs."""
    with central.read() as conn:
        meta = require_site(conn)
    return Settings(key=masterkey.load(masterkey.path_for(url)), passwords=passwords_of(meta))


class ApiServer(uvicorn.Server):
    """uvicorn's server over an app of ours: says where it answers, and long polls end at once when it stops.

    `on_ready` is called with the address once it accepts connections; `should_exit = True` stops it from any thread.
    """

    def __init__(self, app: Litestar, listen: Listen, on_ready: Callable[[str], None]) -> None:
        context = listen.context()
        super().__init__(
            uvicorn.Config(
                app,
                host=listen.host,
                port=listen.port,
                ssl_context_factory=(lambda _config, _default: context) if context else None,
                http="h11",
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


def serve(url: str, listen: Listen, processes: int = 1) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are answered first. Raises UsageError before it listens.

    `processes` above 1 asks for as many workers on one PostgreSQL database (`workers`).
    """
    listen.check()
    central = Central.open(url)
    try:
        workers.check(central.dialect, processes)
        central.migrate()
        settings = settings_for(central, url)
        if processes > 1:
            central.close()
            _serve_by_workers(workers.Work(url, listen, settings.key, settings.passwords.kdf, processes))
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

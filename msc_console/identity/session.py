"""`msc session`: one small process of one person that holds the unlocked keys, like an ssh agent.

It seals ops and hands out the cache's key over a Unix socket (`unix`) or a named pipe (`pipes`) until it is locked,
its time is over or the vault is gone. Its keys come on standard input, never by arguments or environment. What it
can't do: Python and the libraries keep copies of key bytes that nobody can overwrite, so `wipe` clears our buffers and
the end of the process the rest; swap and hibernation are the business of the disk's encryption.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from .. import clock
from ..hardening import harden
from ..locking import held
from . import signer

LONGEST = timedelta(hours=14)
"""A shift of 12 h and 2 h for its handover."""
LOCK_NAME = "session.lock"


class Order(NamedTuple):
    """What a session is started with; `secrets` has the fields of `vault.Secrets`, the keys as hex."""

    login: str
    sockets: list[str]
    vault: str
    until: int
    """Milliseconds since the epoch."""
    watch: float
    """Seconds between two looks at the time and the vault."""
    secrets: dict[str, str]
    pipe: str = ""
    """What its named pipe is called, on Windows."""


class CannotStart(Exception):
    """Why no session was started: `running`, `folder` or `expired`."""


class Session:
    """The keys and the answers. Who may ask is for whoever takes the connections to find out."""

    def __init__(self, order: Order) -> None:
        given = order.secrets
        self._data_key = bytearray.fromhex(given["data_key"])
        self._device_key = bytearray.fromhex(given["device_key"])
        self._device = given["device"]
        self._about = {"login": order.login, "person": given["person"], "device": self._device, "code": given["code"]}
        self._vault = Path(order.vault)
        self.watch = order.watch
        """Seconds between two looks at whether it is over."""
        self._locked = False
        began = clock.now()
        self._until = min(clock.from_ms(order.until), began + LONGEST)
        # Counted on both clocks: putting the wall clock back doesn't make a shift longer.
        self._last = clock.monotonic() + (self._until - began).total_seconds()
        if self.over():
            raise CannotStart("expired")

    def over(self) -> bool:
        """True when it was locked, the time is up or the vault is gone."""
        return self._locked or clock.now() >= self._until or clock.monotonic() >= self._last or not self._vault.exists()

    def wipe(self) -> None:
        """Overwrite our own copies of the keys."""
        for key in (self._data_key, self._device_key):
            key[:] = bytes(len(key))

    def reply(self, line: bytes) -> bytes:
        """The answer to one request line, as a line."""
        return json.dumps(self.answer(line), separators=(",", ":")).encode("ascii") + b"\n"

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one request line; never raises for what a client sent."""
        try:
            request = json.loads(line)
            return {"ok": True, **self._do(request["do"], request)}
        except (KeyError, TypeError, AttributeError, RecursionError, UnicodeError):
            return {"ok": False, "error": "bad_request"}
        except json.JSONDecodeError:
            return {"ok": False, "error": "bad_request"}
        except ValueError:
            return {"ok": False, "error": "bad_op"}

    def _do(self, what: str, request: dict[str, Any]) -> dict[str, Any]:
        match what:
            case "ping":
                return {}
            case "status":
                return {**self._about, "until": clock.iso(self._until), "pid": os.getpid()}
            case "key":
                return {"key": self._data_key.hex()}
            case "seal":
                private = bytes(self._device_key)
                first, prev, ops = request["counter"], request["prev"], request["ops"]
                return {"ops": signer.seal_chain(private, self._device, first, prev, ops)}
            case "sign":
                return {"sig": signer.sign_refresh(bytes(self._device_key), request["token"])}
            case "lock":
                self._locked = True
                return {}
        raise KeyError(what)


def run(order: Order, report: Callable[[str | None], None]) -> None:
    """Hold a session until it is over. `report` gets None when it answers, else why it can't start."""
    with ExitStack() as stack:
        try:
            if not stack.enter_context(held(Path(order.vault).with_name(LOCK_NAME), "session")):
                raise CannotStart("running")
            session = Session(order)

            def leave() -> None:
                session.wipe()
                stack.close()

            if sys.platform == "win32":
                from . import pipes

                pipes.serve(session, pipes.windows(), order.pipe, lambda: report(None), leave)
            else:
                from . import unix

                unix.run(session, order.sockets, lambda: report(None), leave)
        except CannotStart as error:
            report(str(error))


def main() -> None:
    """The process: one line of JSON in (an Order), one word out (`ready` or why not), then silence."""
    harden()
    if sys.platform != "win32" and os.fork():
        # The starter waits for this process alone; the session is nobody's child and leaves no zombie.
        os._exit(0)
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    os.chdir(Path(sys.executable).anchor)

    def report(problem: str | None) -> None:
        print(problem or "ready", flush=True)  # noqa: T201
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)

    run(order, report)


if __name__ == "__main__":
    main()

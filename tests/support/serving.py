"""An application on a free port, in a thread; its end takes what it has to do, not what it would wait for."""

import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from litestar import Litestar

from msc_console.central.serve import ApiServer, Listen

HASTE = 20
"""How much faster time flows on the loop of a server that was told to stop: the pauses of uvicorn's end (0.1 s until it
looks, 0.1 s for connections) take 5 ms each, and what is under way still has a quarter of a second."""


class Serving:
    """A real server that answers once this is made."""

    def __init__(self, app: Litestar, listen: Listen = Listen(port=0)) -> None:
        ready = threading.Event()
        self.url = ""

        def on_ready(url: str) -> None:
            self.url = url
            ready.set()

        self.server = ApiServer(app, listen, on_ready)
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        assert ready.wait(10), "the server didn't start"

    def stop(self) -> None:
        loop: Any = self.server._loop
        with patch.object(loop, "time", _hasty(loop.time)):
            self.server.should_exit = True
            self.server.on_loop(lambda: None)  # wakes it, so that it reckons with the new time
            self._thread.join(10)
            assert not self._thread.is_alive(), "the server didn't stop"


def _hasty(time: Callable[[], float]) -> Callable[[], float]:
    begun = time()
    return lambda: begun + HASTE * (time() - begun)

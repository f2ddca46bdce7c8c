"""An application on a free port, in a thread; its end takes what it has to do, not what it would wait for."""

import threading
from typing import Any
from unittest.mock import patch

from litestar import Litestar

from msc_console.central.serve import ApiServer, Listen

PAUSE, PAUSES, LOOK = 0.1, 5, 0.005
"""uvicorn looks after a pause whether it should stop and gives connections one more. The clock of its loop is put on by
one at a time, so often at most: what is under way keeps its 5 seconds but for these."""


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
        real, put_on = loop.time, 0.0
        self.server.should_exit = True
        with patch.object(loop, "time", lambda: real() + put_on):
            for _pause in range(PAUSES):
                put_on += PAUSE
                self.server.on_loop(lambda: None)  # wakes it, so that it looks at the time
                self._thread.join(LOOK)
            self._thread.join(10)
        assert not self._thread.is_alive(), "the server didn't stop"

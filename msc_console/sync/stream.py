"""Server-sent events as this protocol uses them: whole events out of whatever pieces arrive, nothing kept but a line.

Only `head` and `bye` mean something; comments (pings) and events of newer centrals are passed over.
"""

import msgspec

from .faults import Broken, Fault
from .pages import clean_line
from .wire import Bye, Head

EVENTS = "text/event-stream"
FIRST_WORD = 10.0
"""Seconds until central must have said its first word; else something on the way holds the stream back."""
SILENCE = 45.0
"""Seconds without even a ping after which a stream is dead: more than two pings, whatever the laptop did meanwhile."""
LONGEST = 8 * 1024
"""Bytes of one event, far above what central sends."""

Word = Head | Bye


class Parser:
    """Bytes in, words out. Raises Broken(NOT_OURS) for what central would never send."""

    def __init__(self) -> None:
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[Word]:
        """The words that this piece completes; empty for a ping."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST:
            raise Broken(Fault.NOT_OURS)
        found = []
        for line in lines:
            word = self._line(line.removesuffix(b"\r"))
            if word is not None:
                found.append(word)
        return found

    def _line(self, line: bytes) -> Word | None:
        if not line:
            event, data = self._event, "\n".join(self._data)
            self._event, self._data, self._size = "", [], 0
            return _word(event, data)
        self._size += len(line)
        if self._size > LONGEST:
            raise Broken(Fault.NOT_OURS)
        name, _, value = line.partition(b":")
        if name in (b"event", b"data"):
            try:
                told = value.removeprefix(b" ").decode()
            except UnicodeDecodeError as error:
                raise Broken(Fault.NOT_OURS) from error
            if name == b"event":
                self._event = told
            else:
                self._data.append(told)
        return None


def _word(event: str, data: str) -> Word | None:
    try:
        if event == "head":
            return msgspec.json.decode(data, type=Head)
        if event == "bye":
            bye = msgspec.json.decode(data, type=Bye)
            return Bye(clean_line(bye.code), bye.jitter_ms)
    except msgspec.MsgspecError as error:
        raise Broken(Fault.NOT_OURS) from error
    return None

"""The lines of a log file, plain or gzip, one at a time; and how a line that can't be used is named."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import IO, cast

LINE_MOST = 64 * 1024
"""Most bytes of a line; a longer one is passed over without being held."""
_GZIP = b"\x1f\x8b"


class Reason(StrEnum):
    """Why a line is left out of an import."""

    COLUMNS = "columns"
    """It has more or fewer columns than the header, or a quote that doesn't end."""
    DATE = "date"
    """A date is no `d/m/yyyy hh:mm`, or one that must be known is not."""
    PRIORITY = "priority"
    LEVEL = "level"
    """Urgency or impact is unknown."""
    STATE = "state"
    COUNT = "count"
    """A counter is no whole number."""
    NUMBER = "number"
    """It names no incident."""
    ENCODING = "encoding"
    """It is not UTF-8."""
    TOO_LONG = "too_long"
    DAMAGED = "damaged"
    """The compressed file is cut or damaged: nothing after this line could be read."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that was left out. Lines count from 1, the header is line 1."""

    line: int
    reason: Reason


def lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes] | Bad]:
    """Line numbers with lines, without their ends. `stream` must be seekable; gzip is told by its first bytes."""
    plain = _plain(stream)
    for number in count(1):
        try:
            raw = plain.readline(LINE_MOST + 1)
            long = len(raw) > LINE_MOST
            while long and raw and not raw.endswith(b"\n"):
                raw = plain.readline(LINE_MOST)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield Bad(number, Reason.DAMAGED)
            return
        if long:
            yield Bad(number, Reason.TOO_LONG)
        elif not raw:
            return
        else:
            yield number, raw.rstrip(b"\r\n")


def _plain(stream: IO[bytes]) -> IO[bytes]:
    start = stream.tell()
    magic = stream.read(len(_GZIP))
    stream.seek(start)
    return cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if magic == _GZIP else stream

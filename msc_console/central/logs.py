"""Central's log: one JSON object a line on standard error, in ASCII, for a collector to read.

What others wrote is never part of the message; where it must be told, it is a field of its own, escaped and cut short.
No secrets: a token is told by its `mark`. Of a failure the kinds of its errors and their places in the code are kept,
never their texts, which may quote a ticket.
"""

import hashlib
import json
import logging
import sys
import traceback
from typing import Any, TextIO

from .. import clock
from ..clock import iso

LONGEST = 300
"""Characters of a field."""
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
"""What every record has; the rest is what the caller gave as `extra`."""


def mark(token: str) -> str:
    """How a token is told in the log: the start of what lies in the database (`tokens.digest`), of no use otherwise."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


class JsonLines(logging.Formatter):
    """A record as one line: `at`, `level`, `logger`, `event`, the fields of its `extra`, and of a failure `errors`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": iso(clock.from_ms(int(record.created * 1000))),
            "level": record.levelname,
            "logger": record.name,
            "event": _short(record.getMessage()),
        }
        line |= {name: _field(value) for name, value in vars(record).items() if name not in _OWN and name not in line}
        if record.exc_info and record.exc_info[1] is not None:
            line["errors"] = _errors(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


def _field(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float)) else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def _errors(error: BaseException | None) -> list[dict[str, Any]]:
    """The failure and what led to it, the last first: kinds and places."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < 5:
        frames = traceback.extract_tb(error.__traceback__)[-20:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"error": type(error).__name__, "places": places})
        error = error.__cause__ or error.__context__
    return found


def start(stream: TextIO | None = None) -> None:
    """Sends this process's log to `stream` (standard error) in this form: ours from INFO on, others' from WARNING."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("msc").setLevel(logging.INFO)
    logging.getLogger("msc_console").setLevel(logging.INFO)
    logging.captureWarnings(True)

"""Central's log: lines that can't be forged, and no secrets."""

import io
import json
import logging
from typing import Any

import pytest

from msc_console.central import logs, tokens
from msc_console.central.logs import JsonLines

from .conftest import Laptop, Place, Server


def line(record: logging.LogRecord) -> dict[str, Any]:
    """A record as it is written: one line of ASCII."""
    written = JsonLines().format(record)
    assert written.isascii()
    assert written.isprintable()
    told: dict[str, Any] = json.loads(written)
    return told


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    found = logging.LogRecord("msc.central", logging.WARNING, __file__, 1, message, args, None)
    vars(found).update(extra)
    return found


def test_a_line_is_one_object_whatever_is_in_it() -> None:
    forged = '\n{"level":"INFO","event":"login_ok"}\x1b]52;c;x\x07\u2028\u202e\x9b31m\ud800'
    told = line(record("refused %s", forged, login=forged, number=7, level="INFO"))
    assert told["event"] == f"refused {forged}"
    assert (told["login"], told["number"], told["level"]) == (forged, 7, "WARNING")
    assert set(told) == {"at", "level", "logger", "event", "login", "number"}
    assert len(line(record("x" * 10_000, y="y" * 10_000))["y"]) <= logs.LONGEST + 3


def test_of_a_failure_the_places_are_kept_and_never_the_words() -> None:
    def fails(secret: str) -> None:
        try:
            raise ValueError(secret)
        except ValueError as error:
            raise RuntimeError(f"ticket of {secret}") from error

    found = record("request failed")
    try:
        fails("Ibu Sari")
    except RuntimeError as error:
        found.exc_info = (RuntimeError, error, error.__traceback__)
    told = line(found)
    assert [item["error"] for item in told["errors"]] == ["RuntimeError", "ValueError"]
    assert "test_logs.py" in told["errors"][0]["places"][-1]
    assert "Sari" not in json.dumps(told)


def test_it_is_what_a_serving_process_writes() -> None:
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    levels = {name: logging.getLogger(name).level for name in (None, "msc", "msc_console")}
    out = io.StringIO()
    try:
        logs.start(out)
        logging.getLogger("msc.central").info("begins", extra={"port": 1})
        logging.getLogger("uvicorn.error").info("not told")
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    told = json.loads(out.getvalue())
    assert (told["event"], told["port"]) == ("begins", 1)


def test_who_is_refused_entry_is_told_without_the_token(
    place: Place, server: Server, laptop: Laptop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "msc.central")
    token = "x" * 43
    server(token).get("/v1/changes", params={"cursor": "secret-of-mine"})
    told = [line(found) for found in caplog.records if found.getMessage() == "refused"]
    assert [(item["code"], item["path"], item["address"]) for item in told] == [
        ("token_unknown", "/v1/changes", "127.0.0.1")
    ]
    assert told[0]["tokens"] == tokens.digest(token)[:8]
    assert token not in json.dumps(told)
    assert "secret-of-mine" not in json.dumps(told)

"""A crash: a reference number on the screen, the place in a log, nobody's words in either."""

import json
import os
import sys
import traceback
from uuid import uuid4

from rich.text import Text

from .. import clock
from ..config import Home, private_folder
from ..i18n import _

LOG = "crash.log"
FRAMES_MOST = 40


def report(home: Home) -> Text:
    """Logs the exception being handled and gives what is told of it. Never raises."""
    reference = uuid4().hex[:8].upper()
    kind, _error, trace = sys.exc_info()
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-FRAMES_MOST:]]
    line = {
        "at": clock.iso(clock.now()),
        "reference": reference,
        "error": f"{kind.__module__}.{kind.__qualname__}" if kind else "",
        "frames": frames,
    }
    try:
        path = private_folder(home.laptop) / LOG
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")
    except OSError:
        pass  # a full disk must not hide that there was a crash
    told = _("msc had to stop. What you did is safe on this laptop. Reference for technical support: {reference}.")
    return Text(told.format(reference=reference))

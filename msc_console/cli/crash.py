"""What is kept of a crash: places in the code, never values, for a ticket may be among them."""

import json
import traceback
from uuid import uuid4

from .. import __version__, clock
from ..config import Home, private_umask
from ..i18n import _


def record(error: BaseException) -> str:
    """Write the crash down under a reference; returns the sentence for the person."""
    reference = uuid4().hex[:8]
    kept = {
        "at": clock.iso(clock.now()),
        "reference": reference,
        "version": __version__,
        "error": type(error).__name__,
        "frames": [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ],
    }
    path = Home.locate().laptop / "crash.log"
    try:
        private_umask()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="ascii") as file:
            file.write(json.dumps(kept) + "\n")
    except OSError:
        return _("Something went wrong in the program, reference {reference}. What was kept is safe.").format(
            reference=reference
        )
    return _(
        "Something went wrong in the program, reference {reference}, written to {path}. What was kept is safe."
    ).format(reference=reference, path=path)

"""Data on standard output, talk on standard error."""

import os
import sys

from ..text import clean


def say(text: str) -> None:
    """A line of talk."""
    print(clean(text), file=sys.stderr, flush=True)  # noqa: T201


def out(text: str) -> None:
    """Data. A reader that has gone (`| head`) ends the command quietly."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None

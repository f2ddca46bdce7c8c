"""`msc` and `python -m msc_console`: without words the console, with words the command line."""

import os
import sys
from collections.abc import Sequence

COMPLETING = "_MSC_COMPLETE"
"""Set by a shell that wants to know how a line may go on; it gives no words."""

GARBAGE = 50_000
"""New objects after which a command looks for garbage."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `argv` (the process's own words by default); returns the exit code (errors.Exit)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words and COMPLETING not in os.environ:
        from .app import run as console

        return console()
    return _command(words)


def _command(words: Sequence[str]) -> int:
    """A command mostly imports, and ends: looking for garbage on the way, or for a last time, costs a tenth of it."""
    import gc

    from .cli.front import run

    gc.set_threshold(GARBAGE)
    try:
        return run(words)
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())

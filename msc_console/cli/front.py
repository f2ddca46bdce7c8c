"""The front door of the command line: language, errors as sentences, exit codes."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

from .. import config, i18n
from ..__main__ import COMPLETING
from ..config import Home
from ..errors import Exit, MscError
from . import pages
from .talk import out, say

if TYPE_CHECKING:
    import click


def run(words: Sequence[str]) -> int:
    """Carry out `msc WORDS`; returns the exit code (errors.Exit). Nothing but SystemExit passes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without the letter shows `?` instead of ending us
    try:
        chosen = config.load(Home.locate())
        i18n.set_language(chosen.language)
        zone = chosen.zone
    except MscError:
        zone = config.Settings().zone  # the command that needs the settings says what is wrong with them
    page = pages.quick(words)
    if page is not None:
        out(page)
        return Exit.OK
    return _called(words, zone)


def _called(words: Sequence[str], zone: str) -> int:
    import click

    from .tree import root

    if COMPLETING in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    try:
        return int(root().main(list(words), prog_name="msc", standalone_mode=False) or Exit.OK)
    except MscError as error:
        return told(error, zone)
    except click.exceptions.UsageError as error:
        return _misunderstood(error)
    except click.ClickException as error:
        say(error.format_message())
        return Exit.FAILED
    except (click.Abort, KeyboardInterrupt):
        say(i18n._("Interrupted. What was kept is safe."))
        return Exit.INTERRUPTED
    except Exception as error:
        from .crash import record

        say(record(error))
        return Exit.FAILED


def told(error: MscError, zone: str) -> int:
    """An error as its sentence on standard error; gives its exit code."""
    from ..messages import sentence

    say(sentence(error.key, error.data, zone))
    return error.exit


def _misunderstood(error: "click.exceptions.UsageError") -> int:
    from .mistakes import sentence

    say(sentence(error))
    if error.ctx is not None:
        say(i18n._("See: {command}").format(command=f"{error.ctx.command_path} --help"))
    return Exit.USAGE

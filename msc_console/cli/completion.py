"""`msc completion SHELL`: what a shell's start file takes to complete `msc`."""

from enum import StrEnum
from typing import Annotated

import typer

from ..i18n import _
from .talk import out


class Shell(StrEnum):
    """Shells that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(shell: Annotated[Shell, typer.Argument(help=_("The shell"))]) -> None:
    """For bash: eval "$(msc completion bash)"."""
    from typer._completion_shared import get_completion_script

    from ..__main__ import COMPLETING

    out(get_completion_script(prog_name="msc", complete_var=COMPLETING, shell=shell.value))

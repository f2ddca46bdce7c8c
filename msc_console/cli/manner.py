"""How a command was asked to go about it: the form of its output, `--dry-run`, `--wait`. The same words everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..i18n import _

if TYPE_CHECKING:
    from ..desk.seat import Seat

WAIT_SECONDS = 30.0
"""What `--wait` alone means."""


class Form(StrEnum):
    """The forms of output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    IDS = "ids"


class Manner:
    """The choices of one call."""

    form = Form.TABLE
    save: Path | None = None
    """A new file for the data; None for standard output."""
    dry_run = False
    wait: float | None = None
    """Seconds that central's answer is waited for; None when it is not."""


_KEY, _DESK = "msc.manner", "msc.desk"


def manner() -> Manner:
    """The choices of the command that is running."""
    return of(click.get_current_context())


def of(ctx: click.Context) -> Manner:
    """The choices of a command's context."""
    found: Manner = ctx.meta.setdefault(_KEY, Manner())
    return found


def sit(desk: "Seat") -> None:
    """The command that is running has sat down."""
    click.get_current_context().meta[_DESK] = desk


def seated() -> "Seat | None":
    """The desk of the command that is running; None where it has none."""
    found: Seat | None = click.get_current_context().meta.get(_DESK)
    return found


def verb() -> str:
    """The words of the command that is running: `ticket list`."""
    return click.get_current_context().command_path.partition(" ")[2]


def _form(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        of(ctx).form = Form(value) if isinstance(value, str) else Form.JSON if param.name == "json" else Form.IDS


def _save(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    of(ctx).save = value


def _dry(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    of(ctx).dry_run = value


def _wait(ctx: click.Context, param: click.Parameter, value: float | None) -> None:
    of(ctx).wait = value


def form_options() -> list[click.Parameter]:
    """`-o`, `--json`, `-q`, `--save`."""
    return [
        click.Option(
            ["-o", "--output"],
            type=click.Choice([form.value for form in Form]),
            callback=_form,
            expose_value=False,
            help=_("Form of the output; table by default"),
        ),
        click.Option(["--json"], is_flag=True, callback=_form, expose_value=False, help=_("Short for -o json")),
        click.Option(
            ["-q", "--quiet"], is_flag=True, callback=_form, expose_value=False, help=_("Only what names each: -o ids")
        ),
        click.Option(
            ["--save"],
            type=click.Path(path_type=Path),
            metavar=_("FILE"),
            callback=_save,
            expose_value=False,
            help=_("Write to this new file instead; -o xlsx needs one"),
        ),
    ]


def dry_option() -> click.Parameter:
    """`--dry-run`."""
    about = _("Say what it would do; keep nothing")
    return click.Option(["--dry-run"], is_flag=True, callback=_dry, expose_value=False, help=about)


def act_options() -> list[click.Parameter]:
    """`--dry-run`, `--wait`."""
    return [
        dry_option(),
        click.Option(
            ["--wait"],
            is_flag=False,
            flag_value=WAIT_SECONDS,
            type=click.FloatRange(min=0),
            metavar=_("[SECONDS]"),
            callback=_wait,
            expose_value=False,
            help=_("Wait for central's answer, {n} s by default").format(n=int(WAIT_SECONDS)),
        ),
    ]

"""The table as click commands, each made when it is called: a noun's module is imported for its own verbs alone."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click
import typer
from click.shell_completion import CompletionItem
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.utils import get_params_from_function

from ..i18n import _
from . import manner, pages
from .table import TABLE, Item, Noun, Other, Verb

SETTINGS = {"help_option_names": ["-h", "--help"]}


class Leaf(TyperCommand):
    """A verb. Its help page speaks the person's language."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first line of the page."""
        pieces = " ".join(piece for piece in self.collect_usage_pieces(ctx) if piece != "[OPTIONS]")
        formatter.write(_("Usage: {command}").format(command=f"{ctx.command_path} {pieces}".rstrip()) + "\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Arguments, then options."""
        records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        meant = get_params_from_function(inspect.unwrap(self.callback)) if self.callback else {}
        for param in self.get_params(ctx):
            if isinstance(param, TyperArgument) and not param.help and param.name in meant:
                param.help = meant[param.name].default.help  # click 8.4 and later overwrite what typer had set
            record = param.get_help_record(ctx)
            if record is not None:
                records[param.param_type_name].append((record[0], _told_after(record[1])))
        for heading, rows in ((_("Arguments"), records["argument"]), (_("Options"), records["option"])):
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """`--help`."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _("Show this page")
        return option


def _told_after(about: str) -> str:
    """What typer puts in brackets after an option's help, in the person's language."""
    head, bracket, more = about.rpartition("[")
    if not bracket or not more.endswith("]"):
        return about
    default, required = _("default: "), _("required")
    return f"{head}[{more.replace('default: ', default).replace('required', required)}"


class Branch(TyperGroup):
    """`msc`, or a noun: its commands stand in the table until they are called."""

    def __init__(
        self, name: str, items: Mapping[str, Item], page: Callable[[], str], default: str | None = None
    ) -> None:
        super().__init__(name=name, rich_markup_mode=None, context_settings=SETTINGS)
        self._items = items
        self._page = page
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names alone; nothing is imported."""
        return list(self._items)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that is called, with its module."""
        item = self._items.get(cmd_name)
        return None if item is None else made(cmd_name, item)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a verb the noun's default (with the options given), or the noun's page on standard error."""
        if not args and self._default is None and not ctx.resilient_parsing:
            click.echo(self._page(), err=True)
            ctx.exit(click.UsageError.exit_code)
        options_alone = bool(args) and args[0].startswith("-") and args[0] not in ctx.help_option_names
        if self._default is not None and not ctx.resilient_parsing and (not args or options_alone):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The page from the table."""
        return self._page()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names that go on, with their line of help; nothing is imported."""
        return [
            CompletionItem(name, help=_(item.help)) for name, item in self._items.items() if name.startswith(incomplete)
        ]


def made(name: str, item: Item) -> click.Command:
    """An item of the table as a command."""
    if isinstance(item, Noun):
        return Branch(name, item.verbs, lambda: pages.noun_page(name, item), item.default)
    if isinstance(item, Other):
        app: typer.Typer = _behind(item.place)
        return typer.main.get_command(app)
    return _leaf(name, item)


def root() -> Branch:
    """`msc`."""
    branch = Branch("msc", TABLE, pages.root_page)
    version = click.Option(
        ["-V", "--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help=_("Show the version"),
    )
    branch.params.append(version)
    return branch


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(pages.quick(["--version"]))
        ctx.exit()


def _leaf(name: str, verb: Verb) -> click.Command:
    app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_show_locals=False)
    app.command(name, cls=Leaf, help=_(verb.help), context_settings=SETTINGS)(_behind(verb.place))
    command = typer.main.get_command(app)
    if verb.writes:
        command.params += manner.act_options()
    if verb.changes:
        command.params.append(manner.dry_option())
    if verb.shows:
        command.params += manner.form_options()
    return command


def _behind(place: str) -> Any:
    module, _colon, name = place.partition(":")
    return getattr(import_module(f".{module}", __package__), name)

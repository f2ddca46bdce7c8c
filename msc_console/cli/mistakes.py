"""Words of the command line that could not be understood, told in the person's language.

click's own sentences are English whatever the language; its exceptions say which of them it is and about what.
"""

from collections.abc import Iterable
from difflib import get_close_matches

import click

from ..i18n import _


def sentence(error: click.UsageError) -> str:
    """What was wrong with the words, and what would have been right where that is known; one line without the mark."""
    if isinstance(error, click.exceptions.NoSuchCommand):
        told = _("There is no command {name}.").format(name=_quoted(error.command_name))
        return _like(told, error.command_name, _commands(error.ctx))
    if isinstance(error, click.NoSuchOption):
        return _like(
            _("There is no option {name}.").format(name=error.option_name), error.option_name, error.possibilities or ()
        )
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return _("{name} is missing.").format(name=_name(error.param, error.ctx))
    if isinstance(error, click.BadOptionUsage):
        # Both come without the option they are about; the sentence alone tells them apart.
        none = "not take" in error.message
        told = _("{name} takes no value.") if none else _("{name} needs a value.")
        return told.format(name=error.option_name)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _bad(error.param, error.ctx) or error.format_message()
    if type(error) is click.UsageError and error.ctx is not None:
        # The one plain mistake of click: more words than there are places for.
        words = error.message.partition("(")[2].rpartition(")")[0]
        if words:
            return _("That is more than {command} takes: {words}").format(
                command=error.ctx.command_path, words=_quoted(words)
            )
    return error.format_message()


def _bad(param: click.Parameter, ctx: click.Context | None) -> str:
    """What a value of this parameter has to be; empty where its type says nothing that we could tell."""
    name, kind = _name(param, ctx), param.type
    if isinstance(kind, click.Choice):
        choices = ", ".join(str(getattr(choice, "value", choice)) for choice in kind.choices)
        return _("{name} is one of: {choices}.").format(name=name, choices=choices)
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        if kind.max is None:
            return _("{name} is a number from {least} on.").format(name=name, least=kind.min)
        return _("{name} is a number from {least} to {most}.").format(name=name, least=kind.min, most=kind.max)
    if kind in (click.INT, click.FLOAT):
        return _("{name} is a number.").format(name=name)
    return ""


def _like(told: str, wrong: str, names: Iterable[str]) -> str:
    """With the nearest of the right words, if one is near."""
    near = get_close_matches(wrong, list(names), n=1)
    return " ".join([told, _("Did you mean {name}?").format(name=near[0])] if near else [told])


def _commands(ctx: click.Context | None) -> Iterable[str]:
    return ctx.command.list_commands(ctx) if ctx is not None and isinstance(ctx.command, click.Group) else ()


def _name(param: click.Parameter, ctx: click.Context | None) -> str:
    return param.make_metavar(ctx) if isinstance(param, click.Argument) and ctx else max(param.opts, key=len)


def _quoted(words: str) -> str:
    from ..text import clean

    return f"«{clean(words, line=True, cap=80)}»"

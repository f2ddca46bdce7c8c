"""The help pages of `msc` and its nouns, made from the table alone: they cost next to nothing."""

from collections.abc import Mapping, Sequence

from ..i18n import N_, _
from .table import TABLE, Item, Noun

HELP_WORDS = ("--help", "-h")
_INDENT, _GAP = 2, 2
_ROOT = N_("The service centre at a terminal. Without words: the console.")


def quick(words: Sequence[str]) -> str | None:
    """The page of `msc --help` or `msc NOUN --help`, or the version; None for everything else."""
    if list(words) in (["--version"], ["-V"]):
        from .. import __version__

        return f"msc {__version__}"
    if not words or words[-1] not in HELP_WORDS:
        return None
    if len(words) == 1:
        return root_page()
    item = TABLE.get(words[0])
    return noun_page(words[0], item) if len(words) == 2 and isinstance(item, Noun) else None


def root_page() -> str:
    """`msc --help`."""
    more = _("Every verb has its own page: msc NOUN VERB --help")
    return _page("msc", _(_ROOT), TABLE, more)


def noun_page(name: str, noun: Noun) -> str:
    """`msc NOUN --help`."""
    more = _("Without a verb: {verb}").format(verb=noun.default) if noun.default else ""
    return _page(f"msc {name}", _(noun.help), noun.verbs, more)


def _page(path: str, about: str, items: Mapping[str, Item], more: str) -> str:
    wide = max(map(len, items)) + _GAP
    rows = [f"{' ' * _INDENT}{name:<{wide}}{_(item.help)}" for name, item in items.items()]
    usage = _("Usage: {command} COMMAND ...").format(command=path)
    return "\n".join([usage, "", about, "", *rows, *(["", more] if more else [])])

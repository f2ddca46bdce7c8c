"""`msc kb list|search|show`: knowledge."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ..domain.model import Article
from ..i18n import _
from . import seats
from .output import Column, emit, emit_one


def list_(
    service: Annotated[str | None, typer.Option(metavar="KEY", help=_("Of one service"), show_default=False)] = None,
) -> None:
    """Articles by code."""
    _out(seats.reading().articles(service))


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help=_("All of them; the last may go on"))],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help=_("Most rows"))] = 20,
) -> None:
    """Articles that hold the words."""
    _out(seats.reading().search_articles(" ".join(words), limit))


def show(article: Annotated[str, typer.Argument(metavar="ARTICLE", help=_("Code (PT-017) or id"))]) -> None:
    """An article's text as it was written."""
    from ..records import to_wire

    found = seats.reading().article(article)
    head = f"{found.code}  {found.title}"
    emit_one(to_wire(found) | {"label": found.code}, found.code, lambda: f"{head}\n\n{found.body}")


def _out(articles: Sequence[Article]) -> None:
    from ..records import to_wire

    columns = [
        Column(_("Code"), lambda one: one.code),
        Column(_("Service"), lambda one: one.service or "-"),
        Column(_("Title"), lambda one: one.title, cuts=True),
    ]
    emit(articles, columns, lambda one: to_wire(one) | {"label": one.code}, lambda one: one.code, _("No articles."))

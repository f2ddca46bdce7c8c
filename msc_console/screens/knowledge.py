"""The knowledge base: a list of articles, the one under the cursor to read, and its words into a reply."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from .. import commands
from ..commands import Command
from ..domain.model import Article, Ticket
from ..errors import MscError
from ..i18n import _, when
from ..widgets.document import Document
from ..widgets.paint import Line, Tone, line_of, pad
from ..widgets.pick_list import Item, PickList
from ..widgets.text_line import TextLine
from .base import ConsoleScreen, Modal, Row, bindings
from .search_line import SearchLine

SEARCH_MOST = 50


def article_items(articles: Sequence[Article]) -> list[Item]:
    """Articles as lines: code, title."""
    return [
        Item(one.id, [(pad(line_of(one.code, 8), 9), Tone.STRONG), (line_of(one.title, 200), Tone.PLAIN)])
        for one in articles
    ]


class KnowledgeScreen(ConsoleScreen):
    """Search, read, insert."""

    ACTS = commands.KNOWLEDGE
    AUTO_FOCUS = "PickList"
    BINDINGS: ClassVar[list[BindingType]] = bindings(commands.KNOWLEDGE)
    DEFAULT_CSS = """
    KnowledgeScreen {
        & #articles { width: 2fr; border-right: solid $surface-lighten-2; }
        & #reading { width: 3fr; padding: 0 1; }
        & PickList { height: 1fr; } & Document { height: 1fr; }
        &.-narrow Row { layout: vertical; }
        &.-narrow #articles { width: 100%; height: 8; border-right: none; border-bottom: solid $surface-lighten-2; }
        &.-narrow #reading { width: 100%; height: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._articles: dict[str, Article] = {}
        self._text = ""

    def body(self) -> ComposeResult:
        """List, text."""
        with Row():
            with Vertical(id="articles"):
                yield PickList()
            with Vertical(id="reading"):
                yield TextLine(id="facts")
                yield Document()

    def place(self) -> tuple[str, int | None]:
        """See `ConsoleScreen`."""
        return _("Knowledge"), len(self._articles) if self._articles else None

    def on_mount(self) -> None:
        """Reads the list."""
        super().on_mount()
        self._read()

    def reload(self, ids: frozenset[str]) -> None:
        """An article may have come with the news."""
        self._read()

    def why_not(self, command: Command) -> MscError | None:
        """Inserting needs an open ticket."""
        if command is commands.INTO_REPLY and self.shell.open_ticket_id is None:
            return MscError("no_open_ticket")
        return super().why_not(command)

    def _read(self) -> None:
        text, desk = self._text, self.shell.desk
        work = (lambda: desk.search_articles(text, SEARCH_MOST)) if text else desk.articles
        self.shell.in_thread(work, lambda found: self._show(text, found), group="knowledge")

    def _show(self, text: str, found: Sequence[Article]) -> None:
        if text != self._text or not self.is_mounted:
            return
        articles = {article.id: article for article in found}
        if list(articles.items()) != list(self._articles.items()):
            self._articles = articles
            picks = self.query_one(PickList)
            picks.show(article_items(found), found[0].id if text and found else None)
            self._read_article(picks.cursor_id)
        self.frame()

    def on_pick_list_highlighted(self, message: PickList.Highlighted) -> None:
        """Shows the article under the cursor."""
        self._read_article(message.item_id)

    def on_pick_list_chosen(self) -> None:
        """Enter goes into the text."""
        self.query_one(Document).focus()

    def _read_article(self, id: str | None) -> None:
        article = self._articles.get(id or "")
        facts: Line = []
        if article is not None:
            date = when(article.updated_at, self.shell.zone, self.shell.now())
            revision = _("revision {n}").format(n=article.revision)
            facts = [(f"{line_of(article.code, 12)} · {revision} · {date}", Tone.DIM)]
        self.query_one("#facts", TextLine).show(facts)
        self.query_one(Document).show(article.body if article else "")

    # -- search

    def do_list_search(self) -> None:
        """Opens the line to type into."""
        if not self.query(SearchLine):
            self.query_one("#articles").mount(SearchLine())
        self.query_one(SearchLine).focus()

    def on_search_line_typed(self, message: SearchLine.Typed) -> None:
        """Searches as it is typed: what is in the knowledge base is found at once."""
        self._text = message.value.strip()
        self._read()

    def on_search_line_left(self, message: SearchLine.Left) -> None:
        """Esc ends the search."""
        if message.ended:
            self._end_search()
        self.query_one(PickList).focus()

    def _end_search(self) -> None:
        self.query(SearchLine).remove()
        self._text = ""
        self._read()

    def do_article_insert(self) -> None:
        """Puts the article's words into the reply of the open ticket."""
        article = self._articles.get(self.query_one(PickList).cursor_id or "")
        ticket = self.shell.open_ticket_id
        if article is not None and ticket is not None:
            self.shell.open_ticket(ticket, "reply", reply_words(article))

    def action_out(self) -> None:
        """Esc: from the text to the list, from the list to the queue."""
        picks = self.query_one(PickList)
        if not picks.has_focus:
            picks.focus()
        elif self._text:
            self._end_search()
        else:
            super().action_out()


def reply_words(article: Article) -> str:
    """What of an article goes to the customer: its quoted sentences where it has any, else its whole body."""
    quoted = [line.lstrip("> ").rstrip() for line in article.body.splitlines() if line.startswith(">")]
    return "\n".join(quoted) if quoted else article.body.strip()


class KnowledgePick(Modal[str]):
    """Finds an article while a reply is written; gives the words to insert."""

    DEFAULT_CSS = """
    KnowledgePick {
        & .box { width: 96%; max-width: 110; height: 90%; }
        & PickList { height: 8; border-bottom: solid $surface-lighten-2; } & Document { height: 1fr; }
    }
    """

    def __init__(self, ticket: Ticket) -> None:
        super().__init__()
        self._ticket = ticket
        self._text = ""
        self._articles: dict[str, Article] = {}

    def content(self) -> ComposeResult:
        """Line, list, text."""
        yield SearchLine()
        yield PickList()
        yield Document()

    def on_mount(self) -> None:
        """Starts with what fits the ticket."""
        self.title_box(_("Knowledge"))
        self.query_one(SearchLine).focus()
        self._search(self._text)

    def on_search_line_typed(self, message: SearchLine.Typed) -> None:
        """Searches as it is typed."""
        message.stop()
        self._search(message.value.strip())

    def on_search_line_left(self, message: SearchLine.Left) -> None:
        """Enter takes the first article, an arrow goes to the list, Esc closes."""
        message.stop()
        if message.ended:
            self.dismiss(None)
        else:
            self.query_one(PickList).focus()

    def _search(self, text: str) -> None:
        self._text, desk, ticket = text, self.shell.desk, self._ticket

        def work() -> list[Article]:
            if text:
                return desk.search_articles(text, SEARCH_MOST) or desk.articles()
            first = desk.suggestions(ticket)
            return [*first, *(one for one in desk.articles() if one not in first)]

        self.shell.in_thread(work, lambda found: self._show(text, found), group="knowledge")

    def _show(self, text: str, found: Sequence[Article]) -> None:
        if text == self._text:
            self._articles = {article.id: article for article in found}
            for picks in self.query(PickList):  # none where the box was closed meanwhile
                picks.show(article_items(found), found[0].id if found else None)

    def on_pick_list_highlighted(self, message: PickList.Highlighted) -> None:
        """Shows the article under the cursor."""
        message.stop()
        article = self._articles.get(message.item_id)
        self.query_one(Document).show(article.body if article else "")

    def on_pick_list_chosen(self, message: PickList.Chosen) -> None:
        """Gives the words of the chosen one."""
        message.stop()
        article = self._articles.get(message.item_id)
        self.dismiss(reply_words(article) if article else None)

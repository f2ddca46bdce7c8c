"""Forms over a screen: a few fields in a box. `Ctrl+S` or Enter takes them, Esc leaves everything as it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, TextArea

from ..domain.model import Person, Queue
from ..domain.rights import Right, has
from ..domain.terms import TIERS, Op, Tier
from ..domain.workflow import HOLD_PARTY
from ..i18n import _, ngettext
from ..widgets import words
from ..widgets.choice import Choice, Option
from ..widgets.hints import HintLine
from ..widgets.paint import Tone, line_of
from ..widgets.text_line import TextLine
from .base import Modal

Filled = Mapping[str, str]
"""Field -> what was filled in; nothing filled in is an empty text."""


def of_targets(labels: Sequence[str]) -> str:
    """The tickets a form is for: the one by its label, several by their number."""
    if len(labels) == 1:
        return line_of(labels[0], 20)
    return ngettext("{n} ticket", "{n} tickets", len(labels)).format(n=len(labels))


class Field(Horizontal):
    """A label and what is filled in beside it."""

    DEFAULT_CSS = """
    Field { height: auto; & > Label { width: 18; padding-right: 1; color: $text-muted; } & > .control { width: 1fr; } }
    """

    def __init__(self, name: str, label: str, control: Widget, *, required: bool = False) -> None:
        super().__init__()
        self.field, self.label, self.control, self.required = name, label, control, required
        control.add_class("control")

    def compose(self) -> ComposeResult:
        """Label, control."""
        yield Label(Content(self.label + (" *" if self.required else "")))
        yield self.control

    @property
    def value(self) -> str:
        """What is filled in, without blanks around it."""
        if isinstance(self.control, TextArea):
            return self.control.text.strip()
        assert isinstance(self.control, (Choice, Input))
        return self.control.value.strip()


def words_field(
    name: str, label: str, value: str = "", *, required: bool = False, most: int = 500, example: str = ""
) -> Field:
    """A line of text; `example` stands in it while it is empty."""
    return Field(name, label, Input(value, compact=True, max_length=most, placeholder=example), required=required)


def text_field(name: str, label: str, value: str = "", *, required: bool = False, lines: int = 6) -> Field:
    """Several lines of text."""
    area = TextArea(value, compact=True, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
    area.styles.height = lines
    area.highlight_cursor_line = False
    return Field(name, label, area, required=required)


def choice_field(name: str, label: str, options: Sequence[Option], value: str = "", *, required: bool = False) -> Field:
    """One of several."""
    return Field(name, label, Choice(options, value), required=required)


class Form(Modal[Filled]):
    """Fields with a title. A form says which fields it has; what is missing is asked for before it closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "take", show=False, priority=True, id="form.take"),
        Binding("down", "app.focus_next", show=False, id="form.next"),
        Binding("up", "app.focus_previous", show=False, id="form.previous"),
        Binding("enter", "take", show=False, id="form.enter"),
    ]

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading = heading

    def fields(self) -> Iterator[Widget]:
        """The fields, and what else the box shows between them."""
        yield from ()

    def title_text(self) -> str:
        """The title of the box."""
        return self.heading

    def titled(self, verb: str) -> str:
        """A title of a verb and the tickets it is for."""
        return f"{verb} · {self.heading}"

    def content(self) -> ComposeResult:
        """Fields, a line for what is missing, keys."""
        fields = list(self.fields())
        yield from fields
        yield TextLine(id="wrong")
        keys = [("^s", self.verb(), True), ("Esc", _("back"), True)]
        if any(isinstance(field, Field) and isinstance(field.control, Choice) for field in fields):
            keys.append(("\u2190 \u2192", _("choose"), True))
        yield HintLine(keys, classes="foot")

    def verb(self) -> str:
        """What taking the form does, in a word."""
        return _("save")

    def on_mount(self) -> None:
        """Title, and the first field has the focus."""
        self.title_box(self.title_text())
        self.query(Field).first().control.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a line takes the form."""
        event.stop()
        self.action_take()

    def values(self) -> dict[str, str]:
        """What is filled in."""
        return {field.field: field.value for field in self.query(Field)}

    def wrong(self, values: Mapping[str, str]) -> str:
        """What must be put right before the form can be taken; empty when nothing."""
        for field in self.query(Field):
            if field.required and not values[field.field]:
                field.control.focus()
                return _("Missing: {field}.").format(field=field.label)
        return ""

    def action_take(self) -> None:
        """Closes with what is filled in."""
        values = self.values()
        if complaint := self.wrong(values):
            self.query_one("#wrong", TextLine).show([(complaint, Tone.LATE)])
            return
        self.dismiss(values)


def _reason(*, required: bool = True) -> Field:
    return words_field("reason", _("Reason"), required=required)


class HoldForm(Form):
    """For whom the ticket waits, and why."""

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Hold"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        states = [(str(state), words.state_word(state)) for state in HOLD_PARTY]
        yield choice_field("state", _("Waits for"), states)
        yield _reason()


class EscalateForm(Form):
    """Which level is asked, and what it needs to know."""

    def __init__(self, heading: str, tier: Tier) -> None:
        super().__init__(heading)
        self._tier = tier

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Escalate"))

    def verb(self) -> str:
        """See `Form`."""
        return _("escalate")

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        place = TIERS.index(self._tier) if self._tier in TIERS else 0
        tiers = [(str(tier), words.tier_word(tier)) for tier in TIERS[place + 1 :] or TIERS[-1:]]
        yield choice_field("tier", _("Level"), tiers)
        yield text_field("reason", _("Reason"), required=True, lines=4)


class ResolveForm(Form):
    """How it was solved. What is typed is journalled for a single ticket."""

    def __init__(self, heading: str, text: str = "", ticket: str | None = None) -> None:
        super().__init__(heading)
        self._text, self._ticket = text, ticket

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Resolve"))

    def verb(self) -> str:
        """See `Form`."""
        return _("resolve")

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield text_field("solution", _("Solution"), self._text, required=True, lines=7)

    def action_close(self) -> None:
        """Esc keeps what was typed for the next time."""
        self._journal(self.values()["solution"])
        super().action_close()

    def action_take(self) -> None:
        """What is taken is no draft any more once it is kept."""
        values = self.values()
        if not self.wrong(values):
            self._journal("")
        super().action_take()

    def _journal(self, text: str) -> None:
        if self._ticket is None or self.shell.read_only:
            return
        ticket, desk = self._ticket, self.shell.desk
        self.shell.in_thread(
            lambda: desk.save_draft(ticket, Op.TICKET_RESOLVE, text), lambda _done: None, group="drafts"
        )


class AssignForm(Form):
    """Who gets it."""

    def __init__(self, heading: str, people: Sequence[Person], owner: str | None) -> None:
        super().__init__(heading)
        self._people = [one for one in people if one.active and one.id != owner and has(one.role, Right.TAKE)]

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Assign"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        people = [(one.login, f"{one.name} · {words.role_word(one.role)}") for one in self._people]
        yield choice_field("login", _("To"), people, required=True)
        yield _reason(required=False)


class MoveForm(Form):
    """Which queue it goes to."""

    def __init__(self, heading: str, queues: Sequence[Queue], queue: str) -> None:
        super().__init__(heading)
        self._queues = [one for one in queues if one.key != queue]

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Move"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield choice_field("queue", _("Queue"), [(one.key, one.name) for one in self._queues], required=True)
        yield _reason(required=False)


class ReopenForm(Form):
    """Why it is open again."""

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Reopen"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield _reason(required=False)


class CancelForm(Form):
    """Why the ticket is none; taking it asks once more."""

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Cancel ticket"))

    def verb(self) -> str:
        """See `Form`."""
        return _("go on")

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield _reason()

    def action_take(self) -> None:
        """Asks for the confirmation, on a key of its own."""
        from .confirm import Confirm

        values = self.values()
        if self.wrong(values):
            super().action_take()
            return
        question = _("Cancel {tickets} for good? The customer's clocks end with it.").format(tickets=self.heading)
        confirm = Confirm(_("Cancel ticket"), question, key="y", yes=_("yes, cancel it"), no=_("no, keep it"))

        def answered(sure: bool | None) -> None:
            if sure:
                self.dismiss(values)

        self.app.push_screen(confirm, answered)


class CallForm(Form):
    """A telephone call."""

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Log a call"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield choice_field("direction", _("Direction"), [("out", _("we called")), ("in", _("the customer called"))])
        yield Field("minutes", _("Minutes"), Input("5", compact=True, type="integer", max_length=4), required=True)
        yield text_field("body", _("What was said"), lines=4)


class TimeForm(Form):
    """Minutes of work."""

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Log time"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield Field("minutes", _("Minutes"), Input("15", compact=True, type="integer", max_length=4), required=True)
        yield words_field("body", _("For what"))


class TextForm(Form):
    """One text for several tickets."""

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield text_field("body", _("Text"), required=True, lines=8)

    def verb(self) -> str:
        """See `Form`."""
        return _("send")


class AckForm(Form):
    """The answer of a level, with who gave it where that level has no account here."""

    def __init__(self, heading: str, *, proxy: bool, outcome: bool) -> None:
        super().__init__(heading)
        self._proxy, self._outcome = proxy, outcome

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Return") if self._outcome else _("Acknowledge"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        if self._proxy:
            example = _("who said so, and by which way")
            yield words_field("proxy", _("By proxy"), required=True, example=example)
        if self._outcome:
            yield text_field("outcome", _("Reason or solution"), required=True, lines=5)

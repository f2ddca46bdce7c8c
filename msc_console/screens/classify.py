"""Classifying a ticket: the priority that comes of it is shown while choosing (contract R2, R10)."""

from collections.abc import Iterator, Sequence

from textual.widget import Widget

from ..domain.model import Named, Service, Ticket
from ..domain.priority import priority
from ..domain.terms import Level
from ..i18n import _
from ..widgets import words
from ..widgets.choice import Choice, Option
from ..widgets.paint import Tone, pad
from ..widgets.text_line import TextLine
from .forms import Field, Filled, Form, choice_field

NOTHING: Option = ("", "—")


def levels() -> list[Option]:
    """Low to high in words."""
    return [(str(level), words.level_word(level)) for level in Level]


def named(parts: Sequence[Named]) -> list[Option]:
    """Components or categories, with the choice of none."""
    return [NOTHING, *((part.key, part.name) for part in parts)]


class Classifying(Form):
    """A form with urgency, impact, service, component and category that belong together."""

    def __init__(self, heading: str, services: Sequence[Service]) -> None:
        super().__init__(heading)
        self._services = {service.key: service for service in services}

    def class_fields(self, start: Filled) -> Iterator[Widget]:
        """The fields, set to `start`."""
        service = self._services.get(start.get("service", ""))
        yield choice_field("urgency", _("Urgency"), levels(), start.get("urgency") or "medium")
        yield choice_field("impact", _("Impact"), levels(), start.get("impact") or "medium")
        yield TextLine(id="priority")
        services = [NOTHING, *((one.key, one.name) for one in self._services.values())]
        yield choice_field("service", _("Service"), services, start.get("service", ""))
        components = named(service.components if service else ())
        categories = named(service.categories if service else ())
        yield choice_field("component", _("Component"), components, start.get("component", ""))
        yield choice_field("category", _("Category"), categories, start.get("category", ""))

    def on_mount(self) -> None:
        """The priority of the start."""
        super().on_mount()
        self._show_priority()

    def on_choice_changed(self, message: Choice.Changed) -> None:
        """Another service has other components; urgency and impact give the priority."""
        message.stop()
        fields = {field.field: field for field in self.query(Field)}
        if message.choice is fields["service"].control:
            service = self._services.get(message.choice.value)
            for name, parts in (
                ("component", service.components if service else ()),
                ("category", service.categories if service else ()),
            ):
                control = fields[name].control
                assert isinstance(control, Choice)
                control.offer(named(parts))
        self._show_priority()

    def _show_priority(self) -> None:
        values = self.values()
        found = priority(Level(values["urgency"]), Level(values["impact"]))
        text = f"{words.priority_mark(found)} {words.priority_word(found)}"
        line = [(pad(_("Priority"), 18), Tone.DIM), (text, Tone.STRONG)]
        self.query_one("#priority", TextLine).show(line)


class ClassifyForm(Classifying):
    """What changed of one ticket's fields, the unchanged ones left out."""

    def __init__(self, heading: str, ticket: Ticket, services: Sequence[Service]) -> None:
        super().__init__(heading, services)
        self._start = {
            "urgency": str(ticket.urgency),
            "impact": str(ticket.impact),
            "service": ticket.service or "",
            "component": ticket.component or "",
            "category": ticket.category or "",
        }

    def title_text(self) -> str:
        """See `Form`."""
        return self.titled(_("Classify"))

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        yield from self.class_fields(self._start)

    def wrong(self, values: Filled) -> str:
        """See `Form`."""
        return super().wrong(values) or ("" if self.changed(values) else _("Nothing has been changed."))

    def changed(self, values: Filled) -> dict[str, str]:
        """The fields that differ from the start; empty where a value was taken away."""
        return {name: value for name, value in values.items() if value != self._start[name]}

    def action_take(self) -> None:
        """Closes with what was changed."""
        values = self.values()
        if self.wrong(values):
            super().action_take()
            return
        self.dismiss(self.changed(values))

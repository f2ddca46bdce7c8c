"""A new ticket: find the contact or make it, say what it is about. What is typed is journalled."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from ..desk import Desk
from ..desk.acts import Done
from ..domain.model import Contact, Queue, Service
from ..domain.terms import Channel, Op
from ..i18n import _
from ..widgets import words
from ..widgets.choice import Choice
from ..widgets.paint import Line, Tone, line_of
from ..widgets.pick_list import Item, PickList
from .classify import Classifying
from .composer import JOURNAL_AFTER
from .forms import Filled, choice_field, text_field, words_field

CONTACTS_MOST = 8
NEW = "new"
"""Id of the line that makes a new contact."""
_KEPT = ("contact", "address", "subject", "body")
"""What a person typed, as opposed to chose."""


class NewTicketForm(Classifying):
    """The fields of a new ticket; gives them with `contact_id` of a known contact, empty for a new one."""

    DEFAULT_CSS = """
    NewTicketForm {
        & > .box { width: 84; max-width: 100%; max-height: 100%; }
        & PickList { height: 3; margin-left: 18; }
    }
    """

    def __init__(self, services: Sequence[Service], queues: Sequence[Queue], start: Mapping[str, str]) -> None:
        super().__init__(_("New ticket"), services)
        self._queues, self._begin = queues, start
        self._contacts: dict[str, Contact] = {}
        self._found_for = ""
        """What was typed when the contacts in the list were found."""
        self._contact: Contact | None = None
        self._queue_chosen = False
        """The person chose the queue: the routes of the centre no longer do."""
        self._timer: Timer | None = None

    def fields(self) -> Iterator[Widget]:
        """See `Form`."""
        start = self._begin
        yield words_field("contact", _("Contact"), start.get("contact", ""), required=True, most=120)
        yield PickList(id="contacts", empty=_("type a name, number or address"))
        yield words_field("address", _("Address"), start.get("address", ""), most=200)
        channels = [(str(channel), words.channel_word(channel)) for channel in Channel]
        yield choice_field("channel", _("Channel"), channels, str(Channel.PHONE))
        yield words_field("subject", _("Subject"), start.get("subject", ""), required=True, most=200)
        yield text_field("body", _("What it is about"), start.get("body", ""), lines=3)
        queue = self.shell.desk.queue_for(Channel.PHONE)
        yield choice_field("queue", _("Queue"), [(one.key, one.name) for one in self._queues], queue)
        yield from self.class_fields({})
        yield choice_field("take", _("Hold it"), [("yes", _("yes, I take it")), ("", _("no, into the queue"))], "yes")

    def on_mount(self) -> None:
        """A contact from the journal is looked for again."""
        super().on_mount()
        self._find(self._begin.get("contact", ""))

    def values(self) -> dict[str, str]:
        """The fields, and the id of a known contact."""
        return super().values() | {"contact_id": self._contact.id if self._contact else ""}

    # -- the contact

    def on_input_changed(self, event: Input.Changed) -> None:
        """Looks for the contact as it is typed, and journals."""
        event.stop()
        if event.input is self._control("contact") and (self._contact is None or event.value != self._contact.name):
            self._contact = None
            self._find(event.value.strip())
            self._route()
        self._later()

    def on_text_area_changed(self) -> None:
        """Journals."""
        self._later()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter at the contact takes the one under the list's cursor; elsewhere it takes the form."""
        text = event.value.strip()
        if event.input is not self._control("contact") or self._contact is not None or not text:
            return
        event.stop()
        event.prevent_default()
        if text != self._found_for:  # typed faster than it was looked for
            self._show(text, self.shell.desk.find_contacts(text, CONTACTS_MOST))
        self._choose(self.query_one("#contacts", PickList).cursor_id or NEW)

    def on_choice_changed(self, message: Choice.Changed) -> None:
        """Channel and service have a say in the queue, until the person names it."""
        if message.choice is self._control("queue"):
            self._queue_chosen = True
        else:
            self.call_later(self._route)  # a service's own fields are put right first

    def _route(self) -> None:
        if self._queue_chosen or not self.is_mounted:
            return
        values, queue = self.values(), self._control("queue")
        assert isinstance(queue, Choice)
        found = self.shell.desk.queue_for(values["channel"], values["service"], self._contact)
        queue.offer([(one.key, one.name) for one in self._queues], found)

    def _control(self, name: str) -> Widget:
        from .forms import Field

        return next(field.control for field in self.query(Field) if field.field == name)

    def _find(self, text: str) -> None:
        desk = self.shell.desk
        if not text:
            self.query_one("#contacts", PickList).show([])
            return
        self.shell.in_thread(
            lambda: desk.find_contacts(text, CONTACTS_MOST), lambda found: self._show(text, found), group="contacts"
        )

    def _show(self, text: str, found: Sequence[Contact]) -> None:
        if not self.is_mounted or self._contact is not None:
            return
        self._contacts, self._found_for = {one.id: one for one in found}, text
        items = [Item(one.id, _contact_line(one)) for one in found]
        new: Line = [("+ ", Tone.ACCENT), (_("new contact: {name}").format(name=line_of(text, 40)), Tone.PLAIN)]
        self.query_one("#contacts", PickList).show([*items, Item(NEW, new)])

    def on_pick_list_chosen(self, message: PickList.Chosen) -> None:
        """A known contact, or a new one."""
        message.stop()
        self._choose(message.item_id)

    def _choose(self, id: str) -> None:
        found = self._contacts.get(id)
        if found is None:
            self._control("address").focus()
            return
        self._contact = found
        name, address = self._control("contact"), self._control("address")
        assert isinstance(name, Input)
        assert isinstance(address, Input)
        name.value = found.name
        address.value = ", ".join(one.value for one in found.addresses)
        self.query_one("#contacts", PickList).show([Item(found.id, _contact_line(found))])
        self._control("subject").focus()
        self._route()

    # -- the journal

    def _later(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(JOURNAL_AFTER, self._journal)

    def _journal(self) -> None:
        if self.shell.read_only:
            return
        values, desk = self.values(), self.shell.desk
        data = {name: values[name] for name in _KEPT if name != "body" and values[name]}
        self.shell.in_thread(
            lambda: desk.save_draft("", Op.TICKET_CREATE, values["body"], **data), lambda _d: None, group="drafts"
        )

    def action_close(self) -> None:
        """Esc keeps what was typed for the next time."""
        self._journal()
        super().action_close()

    def wrong(self, values: Filled) -> str:
        """A new contact needs an address, or nobody could answer it."""
        found = super().wrong(values)
        if not found and not values["contact_id"] and not values["address"]:
            self._control("address").focus()
            return _("A new contact needs a number or an address.")
        return found

    def action_take(self) -> None:
        """What is taken is no draft any more once it is kept."""
        if self._timer is not None:
            self._timer.stop()
        super().action_take()


def _contact_line(contact: Contact) -> Line:
    who = line_of(contact.name, 30)
    parts = (contact.organisation_name, *(one.value for one in contact.addresses[:1]))
    more = " · ".join(part for part in parts if part)
    return [(who, Tone.STRONG), (f"  {line_of(more, 60)}", Tone.DIM)]


def start_from(desk: Desk) -> dict[str, str]:
    """What the journal holds of a ticket that was not finished."""
    draft = desk.draft("", Op.TICKET_CREATE)
    return {} if draft is None else {**{name: str(value) for name, value in draft.data.items()}, "body": draft.body}


def make(desk: Desk, got: Filled) -> Done:
    """Makes the ticket, and its contact where that is a new one; the journal lets go of it."""
    contact = got["contact_id"]
    if not contact:
        channel = "email" if "@" in got["address"] else got["channel"]
        reach = channel if channel in ("phone", "whatsapp", "email", "social") else "phone"
        contact = desk.new_contact(got["contact"], [(reach, got["address"])]).target
    fields: dict[str, Any] = {
        name: got[name] or None for name in ("urgency", "impact", "service", "component", "category")
    }
    done = desk.new_ticket(
        got["subject"],
        contact,
        got["queue"],
        channel=got["channel"],
        body=got["body"],
        take=bool(got["take"]),
        **fields,
    )
    desk.discard_draft("", Op.TICKET_CREATE)
    return done

"""The verbs on tickets, the same in queue and ticket: ask what is needed in a form, act on each target, tell.

A screen that mixes this in says which tickets are meant (`targets`) and what to do when it is done (`after`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..domain.terms import Op
from .base import ConsoleScreen
from .shell import Outcome

if TYPE_CHECKING:
    from ..desk.acts import Done
    from ..domain.model import Ticket
    from .forms import Filled

Act = Callable[[str], "Done"]


class Verbs(ConsoleScreen):
    """Acts on one ticket or on all marked ones."""

    GROUP = "acts"

    def targets(self) -> Sequence[tuple[str, str]]:
        """(id, label) of the tickets that a verb works on."""
        raise NotImplementedError

    def after(self, outcomes: Sequence[Outcome]) -> None:
        """Acts were tried."""

    def each(self, act: Act) -> None:
        """Does `act` on every target."""
        work = [(label, lambda id=id: act(id)) for id, label in self.targets()]
        self.shell.perform(work, self.after, group=self.GROUP)

    def ask(self, form: Any, act: "Callable[[str, Filled], Done]") -> None:
        """Shows a form for the targets of this moment; once it is filled in, acts on each of them."""
        targets = list(self.targets())

        def filled(values: "Filled | None") -> None:
            if values is not None:
                work = [(label, lambda id=id: act(id, values)) for id, label in targets]
                self.shell.perform(work, self.after, group=self.GROUP)

        self.app.push_screen(form, filled)

    def first(self) -> "Ticket":
        """The first target whole: what a form starts from."""
        return self.shell.desk.find_ticket(self.targets()[0][0])

    def heading(self) -> str:
        """The targets in a form's title."""
        from .forms import of_targets

        return of_targets([label for _id, label in self.targets()])

    # -- without a form

    def do_ticket_take(self) -> None:
        """Hold it."""
        self.each(self.shell.desk.take)

    def do_ticket_release(self) -> None:
        """Give it back to the queue."""
        self.each(self.shell.desk.release)

    def do_ticket_resume(self) -> None:
        """End the waiting."""
        self.each(self.shell.desk.resume)

    def do_ticket_close(self) -> None:
        """Close what is resolved."""
        self.each(self.shell.desk.close)

    # -- with a form

    def do_ticket_hold(self) -> None:
        """Wait for somebody."""
        from .forms import HoldForm

        desk = self.shell.desk
        self.ask(HoldForm(self.heading()), lambda id, got: desk.hold(id, got["state"], got["reason"]))

    def do_ticket_escalate(self) -> None:
        """Ask a higher level."""
        from .forms import EscalateForm

        desk = self.shell.desk
        form = EscalateForm(self.heading(), self.first().tier)
        self.ask(form, lambda id, got: desk.escalate(id, got["tier"], got["reason"]))

    def do_ticket_resolve(self) -> None:
        """Say how it was solved."""
        from .forms import ResolveForm

        desk = self.shell.desk
        ids = self.targets()
        draft = desk.draft(ids[0][0], Op.TICKET_RESOLVE) if len(ids) == 1 else None
        self.ask(
            ResolveForm(self.heading(), draft.body if draft else "", ids[0][0] if len(ids) == 1 else None),
            lambda id, got: desk.resolve(id, got["solution"]),
        )

    def do_ticket_classify(self) -> None:
        """Urgency, impact, service, component, category."""
        from .classify import ClassifyForm

        desk = self.shell.desk
        form = ClassifyForm(self.heading(), self.first(), desk.services())
        self.ask(form, lambda id, got: desk.set(id, dry_run=False, **got))

    def do_ticket_assign(self) -> None:
        """Give it to somebody."""
        from .forms import AssignForm

        desk = self.shell.desk
        form = AssignForm(self.heading(), desk.people(), self.first().owner)
        self.ask(form, lambda id, got: desk.assign(id, got["login"], got["reason"] or None))

    def do_ticket_move(self) -> None:
        """To another queue."""
        from .forms import MoveForm

        desk = self.shell.desk
        form = MoveForm(self.heading(), desk.queue_list(), self.first().queue)
        self.ask(form, lambda id, got: desk.move(id, got["queue"], got["reason"] or None))

    def do_ticket_call(self) -> None:
        """Log a telephone call."""
        from .forms import CallForm

        desk = self.shell.desk
        self.ask(
            CallForm(self.heading()),
            lambda id, got: desk.call(id, got["direction"], int(got["minutes"] or 0), got["body"]),
        )

    def do_ticket_time(self) -> None:
        """Log minutes of work."""
        from .forms import TimeForm

        desk = self.shell.desk
        self.ask(TimeForm(self.heading()), lambda id, got: desk.time(id, int(got["minutes"] or 0), got["body"]))

    def do_ticket_reopen(self) -> None:
        """Open it again."""
        from .forms import ReopenForm

        desk = self.shell.desk
        self.ask(ReopenForm(self.heading()), lambda id, got: desk.reopen(id, got["reason"] or None))

    def do_ticket_cancel(self) -> None:
        """End a ticket that is none: a reason, then a confirmation on another key."""
        from .forms import CancelForm

        desk = self.shell.desk
        self.ask(CancelForm(self.heading()), lambda id, got: desk.cancel(id, got["reason"]))

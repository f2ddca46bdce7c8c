"""What the app does after acts: tells the person, shows the tickets, has the sync send them, and takes a reply back."""

from collections.abc import Sequence

from textual.timer import Timer

from ..domain.terms import Op
from ..errors import ConflictError
from ..i18n import _, ngettext
from ..widgets.op_words import done_sentence
from .base import ConsoleScreen
from .shell import Held, Outcome, Shell, still_held


class Acting(Shell):
    """The acting half of the console."""

    _untell: Timer | None = None

    def tell(self, text: str, *, warn: bool = False, seconds: float = 8.0) -> None:
        """Tells it in the rule above the keys."""
        self.told, self.told_warns = text, warn
        if self._untell is not None:
            self._untell.stop()
        self._untell = self.set_timer(seconds, self._be_quiet)
        self.frame_all()

    def _be_quiet(self) -> None:
        self.told, self._untell = "", None
        self.frame_all()

    def acted(self, outcomes: Sequence[Outcome]) -> None:
        """Tells what came of acts, shows them and has them sent."""
        kept = [outcome.done for outcome in outcomes if outcome.done is not None]
        failed = [outcome for outcome in outcomes if outcome.error is not None]
        if kept:
            self.changed_here(frozenset(done.target for done in kept))
        if len(outcomes) > 1 and failed:
            from .lists import Results

            self.push_screen(Results(outcomes, self._told))
        elif failed:
            self.tell(self._told(failed[0]), warn=True)
        elif len(kept) > 1:
            self.tell(ngettext("{n} act kept.", "{n} acts kept.", len(kept)).format(n=len(kept)))
        elif kept and kept[0].kind != Op.ENTRY_REPLY:
            self.tell(done_sentence(kept[0].kind, kept[0].label))

    def _told(self, outcome: Outcome) -> str:
        if outcome.error is not None:
            return self.words_of(outcome.error)
        return done_sentence(outcome.done.kind, outcome.done.label) if outcome.done else ""

    def hold_reply(self, held: Held) -> None:
        """A reply that can be taken back for some seconds."""
        self.held = held
        seconds = max((held.until - self.now()).total_seconds(), 0.0)
        told = _("Reply on {label} leaves in {n} s. z takes it back.")
        self.tell(told.format(label=held.label, n=round(seconds)), seconds=seconds)
        self.set_timer(seconds, self._let_go)
        self.frame_all()

    def _let_go(self) -> None:
        if not still_held(self.held, self.now()):
            self.held = None
            self.frame_all()
            self.poke()

    def do_reply_undo(self) -> None:
        """Takes the reply back; its words are a draft again."""
        held, desk = self.held, self.desk
        if held is None:
            return
        self.held = None

        def work() -> None:
            if desk.act(held.op).state != "open":
                raise ConflictError("op_sealed", op=held.op)  # a draft of what may arrive would be sent twice
            desk.withdraw(held.op)
            desk.save_draft(held.ticket, "reply", held.body)

        def done(_value: None) -> None:
            self.changed_here(frozenset({held.ticket}))
            self.tell(_("Taken back. Your words are a draft again."))
            self.open_ticket(held.ticket, "reply")

        self.in_thread(work, done, group="compose")

    def frame_all(self) -> None:
        """Status and hints of what is seen, as they stand."""
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.frame()

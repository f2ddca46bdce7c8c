"""Going: quitting for now, and signing out at the end of the shift. What is unsent is said both times."""

from collections.abc import Iterable
from typing import Any

from ..i18n import _, ngettext
from .locking import Locking

STOP_SECONDS = 0.5
"""How long the conversation with central may take to end."""


class Leaving(Locking):
    """The leaving half of the console."""

    def leave(self) -> None:
        """Quits; where something is unsent it is said that this is safe."""
        self.flush_drafts()
        if self.seated is None or self.locked:
            self.exit(0)
            return
        pending, _attention = self.reading.counts()
        if not pending:
            self.exit(0)
            return
        from .confirm import Confirm

        if isinstance(self.screen, Confirm):
            return
        told = ngettext(
            "{n} act has not left yet. It is safe on this laptop and leaves when you are back.",
            "{n} acts have not left yet. They are safe on this laptop and leave when you are back.",
            pending,
        )
        confirm = Confirm(_("Quit"), told.format(n=pending), key="y", yes=_("yes, quit"), no=_("no, stay"))
        self.push_screen(confirm, lambda sure: self.exit(0) if sure else None)

    def flush_drafts(self) -> None:
        """Keeps what is being written."""
        for composer in self._composers():
            composer.flush()

    def do_app_sign_out(self) -> None:
        """The end of the shift: what is unsent is said, then the console ends and the session with it."""
        from .confirm import Confirm

        if self.read_only:
            self.leave()
            return
        self.flush_drafts()
        pending, attention = self.reading.counts()
        told = [_("The session ends here and at central, and the console closes.")]
        if pending:
            words = ngettext(
                "{n} act is unsent. It is sent now if it can be, else it is safe here.",
                "{n} acts are unsent. They are sent now if they can be, else they are safe here.",
                pending,
            )
            told.append(words.format(n=pending))
        if attention:
            words = ngettext("{n} refused act waits for you.", "{n} refused acts wait for you.", attention)
            told.append(words.format(n=attention))
        confirm = Confirm(_("Sign out"), "  ".join(told), key="y", yes=_("yes, sign out"), no=_("no, stay"))
        self.push_screen(confirm, lambda sure: self._sign_out() if sure else None)

    def _sign_out(self) -> None:
        from ..desk import conversing, opening

        desk, talk = self.desk, self._conversation
        self._conversation = None

        def work() -> int:
            if talk is not None:
                talk.stop(STOP_SECONDS)
            conversing.sign_out(desk)
            opening.end_session(self.home, desk.unlocked.login)
            return desk.counts()[0]

        def over(pending: int) -> None:
            words = ngettext(
                "{n} act is unsent. It is safe on this laptop and leaves after your next sign-in.",
                "{n} acts are unsent. They are safe on this laptop and leave after your next sign-in.",
                pending,
            )
            said = [_("{login} is signed out.").format(login=desk.unlocked.login)]
            said += [words.format(n=pending)] if pending else []
            self.exit(0, message=" ".join(said))

        self.tell(_("Sending what waits ..."), seconds=60)
        self.in_thread(work, over, group="sign-out")

    def _composers(self) -> Iterable[Any]:
        stack = self._screen_stacks.get("ticket", [])
        return stack[0].query("Composer") if stack else ()

    def action_leave(self) -> None:
        """`Ctrl+Q`."""
        self.leave()

    def action_how_to_leave(self) -> None:
        """`Ctrl+C` is pressed by mistake too easily to quit."""
        self.tell(_("^q quits."))

    def do_app_quit(self) -> None:
        """From the palette."""
        self.leave()

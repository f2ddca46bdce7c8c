"""The line to the session's process, found again when the person has unlocked anew while the desk stayed open."""

from collections.abc import Callable
from typing import Any, TypeVar

from ..config import Home
from ..errors import NotAllowed
from ..identity.agent import Client, SessionGone, SessionRefused

A = TypeVar("A")


class LiveSigner:
    """A `Signer` over the session of `login`. NotAllowed `signed_out` while no session answers; it is asked again
    at each call, so a console goes on by itself after the next sign-in."""

    def __init__(self, home: Home, login: str, client: Client) -> None:
        self._home = home
        self._login = login
        self._client = client

    def data_key(self) -> bytes:
        """The key of the cache."""
        return self._ask(Client.data_key)

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]], /) -> list[dict[str, Any]]:
        """The envelopes as a chain that starts at `first_counter` behind the link `prev`."""
        return self._ask(lambda client: client.seal(first_counter, prev, envelopes))

    def sign_refresh(self, token: str, /) -> str:
        """The proof that this device may use a refresh token."""
        return self._ask(lambda client: client.sign_refresh(token))

    def answers(self) -> bool:
        """Whether a session answers now, this one or another."""
        try:
            self._ask(Client.ping)
        except NotAllowed:
            return False
        return True

    def close(self) -> None:
        """End the line; the session goes on."""
        self._client.close()

    def _ask(self, question: Callable[[Client], A]) -> A:
        try:
            return question(self._client)
        except SessionGone:
            pass  # locked, its time over, or replaced by the next sign-in
        except SessionRefused as refused:
            raise NotAllowed("session_failed", reason=refused.code) from refused
        fresh = Client.connect(self._home, self._login)
        if fresh is None:
            raise NotAllowed("signed_out")
        self._client.close()
        self._client = fresh
        try:
            return question(fresh)
        except SessionGone as gone:
            raise NotAllowed("signed_out") from gone
        except SessionRefused as refused:
            raise NotAllowed("session_failed", reason=refused.code) from refused

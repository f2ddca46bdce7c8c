"""What a person asks central about others: accounts, laptops, scripts' tokens. Part of `transport`, which sends it."""

from typing import Any
from urllib.parse import quote

import msgspec

from .accounts import AccountCalls
from .pages import S, clean_message
from .wire import TokenAsk, TokenList, TokenMade
from .wire_people import (
    Device,
    Devices,
    Ended,
    Former,
    Rehearsal,
    RoleAsk,
    User,
    UserMade,
    UserNew,
    UserOff,
    UserPage,
    Users,
)


class PeopleCalls(AccountCalls):
    """The calls; `HttpTransport` has the line. What would do another thing when it is repeated isn't."""

    def users(self) -> Users:
        """Whom the caller looks after."""
        return self._look("/v1/users", Users)

    def user(self, login: str) -> UserPage:
        """One of them, with sessions and laptops."""
        return self._look(f"/v1/users/{quote(login, safe='')}", UserPage)

    def user_add(self, asked: UserNew) -> UserMade:
        """A first password for somebody, told this once."""
        return self._change("/v1/users", UserMade, asked, again=False)

    def user_disable(self, login: str, asked: UserOff) -> Ended:
        """Switch an account off."""
        return self._change(f"/v1/users/{quote(login, safe='')}/disable", Ended, asked)

    def user_enable(self, login: str, asked: Rehearsal) -> User:
        """Switch it on again."""
        return self._change(f"/v1/users/{quote(login, safe='')}/enable", User, asked)

    def user_role(self, login: str, asked: RoleAsk) -> User:
        """Another role, level or queues."""
        return self._change(f"/v1/users/{quote(login, safe='')}/role", User, asked)

    def user_erase(self, login: str, asked: Rehearsal) -> Former:
        """Erase somebody who has left. Not repeated: the login is another's or nobody's afterwards."""
        return self._change(f"/v1/users/{quote(login, safe='')}/erase", Former, asked, again=False)

    def end_sessions(self, login: str, asked: Rehearsal) -> Ended:
        """Sign somebody out everywhere."""
        return self._change(f"/v1/users/{quote(login, safe='')}/sessions/end", Ended, asked)

    def devices(self) -> Devices:
        """Laptops of those whom the caller looks after."""
        return self._look("/v1/devices", Devices)

    def revoke_device(self, code: str, asked: Rehearsal) -> Device:
        """End a laptop by its letters."""
        return self._change(f"/v1/devices/{quote(code, safe='')}/revoke", Device, asked)

    def script_tokens(self) -> TokenList:
        """The caller's tokens for scripts."""
        return self._look("/v1/tokens", TokenList)

    def make_token(self, asked: TokenAsk) -> TokenMade:
        """A new one, told this once."""
        return self._ask("POST", "/v1/tokens", TokenMade, asked, token=self._access(), again=False)

    def end_token(self, id: str) -> None:
        """End one of them for good."""
        self._tell("DELETE", f"/v1/tokens/{quote(id, safe='')}", token=self._access())

    def _look(self, path: str, kind: type[S]) -> S:
        return clean_message(self._ask("GET", path, kind, token=self._access()))

    def _change(self, path: str, kind: type[S], asked: msgspec.Struct, **more: Any) -> S:
        return clean_message(self._ask("POST", path, kind, asked, token=self._access(), **more))

"""A session's tokens, kept in memory."""

from msc_console.sync.wire import Tokens


class FakeTokens:
    def __init__(self, access: str | None = "a1", refresh: str | None = "r1") -> None:
        self.tokens = (access, refresh)

    def access(self) -> str | None:
        return self.tokens[0]

    def refresh_token(self) -> str | None:
        return self.tokens[1]

    def sign_refresh(self, token: str) -> str:
        return f"signed {token}"

    def save(self, tokens: Tokens) -> None:
        self.tokens = (tokens.access, tokens.refresh)

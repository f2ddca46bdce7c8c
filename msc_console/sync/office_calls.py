"""What administrators ask of central, and what laptops tell it of files. Part of `transport`, which sends it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from .office import AuditPage, ExportTold
from .pages import S


class OfficeCalls:
    """The calls; `HttpTransport` has the line."""

    def _ask(self, method: str, path: str, kind: type[S], asked: msgspec.Struct | None = None, **more: Any) -> S:
        """One request and its message."""
        raise NotImplementedError

    def _tell(self, method: str, path: str, asked: msgspec.Struct | None = None, **more: Any) -> None:
        """One request that is answered without a word."""
        raise NotImplementedError

    def _access(self) -> str:
        """The access token; NotAllowed `signed_out` without one."""
        raise NotImplementedError

    def audit(self, limit: int, after: int | None, sought: Mapping[str, str]) -> AuditPage:
        """Records behind `after`, or the newest; `sought`: `by`, `act`, `since`, `about`. As they were hashed: whoever
        shows one cleans it."""
        params = {"limit": limit, **({} if after is None else {"after": after}), **sought}
        return self._ask("GET", "/v1/audit", AuditPage, token=self._access(), params=params)

    def exported(self, told: ExportTold, timeout: float | None = None) -> None:
        """A file is about to be written."""
        self._tell("POST", "/v1/exports", told, token=self._access(), timeout=timeout)

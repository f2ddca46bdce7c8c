"""What administrators ask of central, and what laptops tell it of files. Part of `transport`, which sends it."""

from collections.abc import Mapping

from .accounts import AccountCalls
from .office import AuditPage, ExportTold


class OfficeCalls(AccountCalls):
    """The calls; `HttpTransport` has the line."""

    def audit(self, limit: int, after: int | None, sought: Mapping[str, str]) -> AuditPage:
        """Records behind `after`, or the newest; `sought`: `by`, `act`, `since`, `about`. As they were hashed: whoever
        shows one cleans it."""
        params = {"limit": limit, **({} if after is None else {"after": after}), **sought}
        return self._ask("GET", "/v1/audit", AuditPage, token=self._access(), params=params)

    def exported(self, told: ExportTold, timeout: float | None = None) -> None:
        """A file is about to be written."""
        self._tell("POST", "/v1/exports", told, token=self._access(), timeout=timeout)

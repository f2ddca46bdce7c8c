"""What administrators ask of central, and what laptops tell it of files. Part of `transport`, which sends it."""

from collections.abc import Mapping
from urllib.parse import quote

from .accounts import AccountCalls
from .office import AuditPage, Erased, ExportTold, PersonData
from .pages import clean_message

PAGE_CAP = 64 * 1024 * 1024
"""Bytes of one person's data."""


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

    def person_data(self, contact: str) -> PersonData:
        """All that central keeps of a customer's person."""
        path = f"/v1/contacts/{quote(contact, safe='')}/data"
        return clean_message(self._ask("GET", path, PersonData, token=self._access(), cap=PAGE_CAP))

    def erase_person(self, contact: str) -> Erased:
        """Erase them. Repeating it changes nothing."""
        return self._ask("POST", f"/v1/contacts/{quote(contact, safe='')}/erase", Erased, token=self._access())

"""What administrators ask of central, and what laptops tell it of files. Part of `transport`, which sends it."""

from collections.abc import Mapping
from urllib.parse import quote

from .accounts import AccountCalls
from .office import AuditPage, Erased, ExportTold, PersonData
from .pages import clean_message
from .wire_quarantine import Again, Dismissal, Held, HeldPage, Settled

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

    def quarantine(self, after: str) -> HeldPage:
        """Acts that central has put aside, behind one of them."""
        found = self._ask("GET", "/v1/quarantine", HeldPage, token=self._access(), params={"after": after})
        return clean_message(found)

    def quarantined(self, op: str) -> Held:
        """One of them."""
        path = f"/v1/quarantine/{quote(op, safe='')}"
        return clean_message(self._ask("GET", path, Held, token=self._access()))

    def quarantine_again(self, op: str, asked: Again) -> Settled:
        """Has it judged again. Not repeated by itself: the second would hear that it is settled."""
        path = f"/v1/quarantine/{quote(op, safe='')}/again"
        return clean_message(self._ask("POST", path, Settled, asked, token=self._access(), again=False))

    def quarantine_dismiss(self, op: str, asked: Dismissal) -> Settled:
        """Lets it go."""
        path = f"/v1/quarantine/{quote(op, safe='')}/dismiss"
        return clean_message(self._ask("POST", path, Settled, asked, token=self._access(), again=False))

"""Tables around a person's way in: codes for new laptops, recovery codes, resets by two persons, notices."""

from sqlmodel import Field

from .tables_base import Table, big, big_or_none


class EnrolmentRow(Table, table=True):
    """A single-use code for a new laptop of one person. `hash`: SHA-256 of the code."""

    __tablename__ = "enrolment"

    hash: str = Field(primary_key=True)
    person: str
    made_by: str
    made_at: int = big()
    expires_at: int = big()
    used_at: int | None = big_or_none()
    device: str | None = None


class RecoveryCodeRow(Table, table=True):
    """What stands in for a lost phone, once. `hash`: SHA-256 of the code."""

    __tablename__ = "recovery_code"

    hash: str = Field(primary_key=True)
    person: str
    made_at: int = big()
    used_at: int | None = big_or_none()


class ResetRow(Table, table=True):
    """Asked by one person, approved by another. `what`: `totp`, and `person` sets the second factor up anew, or
    `password`, and they get another to begin with."""

    __tablename__ = "reset"

    id: str = Field(primary_key=True)
    person: str
    asked_by: str
    asked_at: int = big()
    expires_at: int = big()
    approved_by: str | None = None
    approved_at: int | None = big_or_none()
    what: str


class NoticeRow(Table, table=True):
    """A word to one person about an account; `data` fills the sentence of `code`."""

    __tablename__ = "notice"

    id: str = Field(primary_key=True)
    person: str
    code: str
    data: str
    made_at: int = big()
    seen_at: int | None = big_or_none()

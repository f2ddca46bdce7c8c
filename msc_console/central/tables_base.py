"""What central's table classes share."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """Central's own set of tables: a laptop's have the same names."""


def big(*, key: bool = False) -> int:
    """A column of 64 bits."""
    return Field(sa_type=BigInteger, primary_key=key)  # type: ignore[no-any-return]


def big_or_none() -> int | None:
    return Field(default=None, sa_type=BigInteger)  # type: ignore[no-any-return]

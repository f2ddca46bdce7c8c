"""The ledger's small centre: its trail is looked at here."""

from tests.central.ledger.conftest import central_db, stage

__all__ = ["central_db", "stage"]

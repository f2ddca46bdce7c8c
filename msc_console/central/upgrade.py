"""`msc central upgrade`: a backup of what is there, then the schema of this version."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect

from ..errors import MscError, UsageError
from . import backup, migrate
from .backup import Summary
from .db import Central


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Schema versions before and after. `backup` is None when there was nothing to do, and then none was written."""

    before: int
    after: int
    backup: Summary | None


def upgrade(url: str, file: Path, now: datetime) -> Upgraded:
    """Backs the central at `url` up to `file`, then migrates it. Without a whole backup nothing is migrated.

    UsageError when the file exists or this central was never set up, MscError `database_newer`.
    """
    newest = migrate.scripts()[-1][0]
    central = Central.open(url)
    try:
        with central.read() as conn:
            if "migration" not in inspect(conn).get_table_names():
                raise UsageError("central_not_set_up")
            before = migrate.version_of(conn)
        if before > newest:
            raise MscError("database_newer", found=before, known=newest)
        if before == newest:
            return Upgraded(before, before, None)
        kept = backup.backup(url, file, now)
        return Upgraded(before, central.migrate(), kept)
    finally:
        central.close()

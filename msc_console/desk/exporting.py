"""Files that leave the laptop: whoever may have one, and what central is told of it.

It is noted in the cache before the file is there, told to central at once where that can be done, and with the next
round of sync otherwise. The file does not wait for central: a shift is handed over with the network down, too.
"""

from typing import TYPE_CHECKING, Any

from .. import clock
from ..domain.rights import Right, has
from ..errors import MscError, NotAllowed, Unreachable
from ..store import settings as kept
from .seat import new_id

if TYPE_CHECKING:
    from ..sync.transport import HttpTransport
    from .seat import Seat

UNTOLD = "exports_untold"
"""Setting of the cache: files of which central has not heard yet."""
MOST = 200
"""Most files without a word to central."""
SECONDS = 2.0
"""Longest that a file waits for each of central's answers."""


def begin(desk: "Seat", what: str, form: str, rows: int) -> None:
    """`what`, a verb, is about to write a file of so many rows. NotAllowed `no_export_right`, Unreachable
    `exports_untold`: then nothing may be written."""
    if not has(desk.person.role, Right.EXPORT):
        raise NotAllowed("no_export_right")
    told = {"id": new_id(), "what": what, "form": form, "rows": rows, "made_at": clock.iso(desk.now())}
    with desk.cache.write() as conn:
        waiting: list[dict[str, Any]] = kept.get(conn, UNTOLD, [])
        if len(waiting) >= MOST:
            raise Unreachable("exports_untold", count=len(waiting))
        kept.put(conn, UNTOLD, [*waiting, told])
    if desk.settings.central is not None:
        from .conversing import line

        with line(desk) as way:
            tell(desk, way)


def tell(desk: "Seat", way: "HttpTransport") -> None:
    """Tells central what it has not heard of; what can't be told now stays noted."""
    from ..sync.office import ExportTold

    with desk.cache.read() as conn:
        waiting: list[dict[str, Any]] = kept.get(conn, UNTOLD, [])
    if not waiting:
        return
    told = set()
    try:
        way.renew(SECONDS)
        for one in waiting:
            way.exported(ExportTold(**one), SECONDS)
            told.add(one["id"])
    except MscError:
        pass  # a later round
    if told:
        with desk.cache.write() as conn:
            kept.put(conn, UNTOLD, [one for one in kept.get(conn, UNTOLD, []) if one["id"] not in told])

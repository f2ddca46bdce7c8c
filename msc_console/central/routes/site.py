"""What anybody may ask: whether this is a central of ours, and whether it is well."""

from typing import Any

from litestar import Request, get
from sqlalchemy import text

from ... import __version__
from ...clock import iso
from ...sync.wire import (
    DEVICE_PROOF,
    PROTOCOL,
    PROTOCOL_OLDEST_PULL,
    PROTOCOL_OLDEST_PUSH,
    SNAPSHOTS,
    STREAM,
    VERIFY,
    ZSTD,
    Hello,
    Site,
)
from .. import migrate, nonces
from ..problems import ProblemError, described
from ..service import service_of

FEATURES = (ZSTD, STREAM, SNAPSHOTS, VERIFY, DEVICE_PROOF)
"""What `Hello.features` names."""

Asked = Request[Any, Any, Any]


@get("/v1/hello", sync_to_thread=True, responses=described(503), summary="Who answers here", tags=["site"])
def hello(request: Asked) -> Hello:
    """Site, protocol range, limits and the feed's generation. Open, and answered to every protocol."""
    service = service_of(request)
    with service.central.read() as conn:
        generation = conn.execute(text("SELECT generation FROM feed_head WHERE id = 1")).scalar_one()
        site = {row.key: row.value for row in conn.execute(text("SELECT key, value FROM meta WHERE key LIKE 'site_%'"))}
    if "site_id" not in site:
        raise ProblemError("unavailable", detail="this central has not been set up")
    return Hello(
        product="msc-console",
        version=__version__,
        protocol=PROTOCOL,
        protocol_oldest_pull=PROTOCOL_OLDEST_PULL,
        protocol_oldest_push=PROTOCOL_OLDEST_PUSH,
        generation=generation,
        site=Site(id=site["site_id"], name=site["site_name"], zone=site["site_zone"]),
        server_time=iso(service.now()),
        features=list(FEATURES),
        nonce=nonces.new(service.settings.key, service.now()),
    )


@get("/healthz", sync_to_thread=False, responses=described(503), summary="Does the process answer", tags=["site"])
def healthz() -> dict[str, str]:
    """200 as long as the process answers: to start it again would mend no database."""
    return {"status": "ok"}


@get("/readyz", sync_to_thread=True, responses=described(503), summary="Can central work", tags=["site"])
def readyz(request: Asked) -> dict[str, str]:
    """200 when the database answers and has this program's schema. Otherwise 503, and no word about why."""
    with service_of(request).central.read() as conn:
        if migrate.version_of(conn) != migrate.newest():
            raise ProblemError("unavailable")
    return {"status": "ok"}


handlers = [hello, healthz, readyz]

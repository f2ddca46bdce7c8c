"""Central's own requests to other hosts: the one module of central that knows httpx.

Only https, only under the CA that the administrator names, no proxy from the environment, no redirects.
"""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import MscError, UsageError

SECONDS = 10.0


def check(url: str, ca: Path | None) -> None:
    """UsageError for an address that is not https, or without the CA that it is believed under."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or ca is None:
        raise UsageError("outgoing_url", url=url)
    if not ca.is_file():
        raise UsageError("file_unreadable", path=str(ca), detail="CA")


def post(url: str, body: bytes, kind: str, ca: Path) -> None:
    """Hands `body` over. MscError `outgoing_failed` unless the answer is 2xx."""
    import httpx

    context = ssl.create_default_context(cafile=str(ca))
    context.keylog_filename = None  # type: ignore[assignment]  # SSLKEYLOGFILE would write the keys down
    try:
        with httpx.Client(verify=context, trust_env=False, follow_redirects=False, timeout=SECONDS) as client:
            status = client.post(url, content=body, headers={"Content-Type": kind}).status_code
    except httpx.HTTPError as error:
        raise MscError("outgoing_failed", url=url, why=type(error).__name__) from error
    if not 200 <= status < 300:
        raise MscError("outgoing_failed", url=url, why=str(status))

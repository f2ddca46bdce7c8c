"""Central's end of TLS: 1.3 or 1.2, with the files that `msc central ca` makes, and a warning before they run out."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from ..clock import iso
from ..errors import UsageError
from . import ca
from .masterkey import refuse_shared

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2 those with forward secrecy and authenticated encryption; TLS 1.3 has no others."""
LOOK = timedelta(days=1)
"""How often the end of the certificate is looked at."""

log = logging.getLogger("msc.central")


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """UsageError for files that are missing, don't fit each other, or hold a key that others may read."""
    for file in (certificate, key):
        if not file.is_file():
            raise UsageError("tls_file_missing", path=str(file))
    refuse_shared(key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    try:
        # A key with a passphrase would be asked for on the terminal, which a service hasn't got.
        made.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError, ValueError):
        raise UsageError("tls_files_damaged", certificate=str(certificate), key_file=str(key)) from None
    return made


def look(certificate: Path, now: datetime) -> None:
    """Says in the log when the certificate runs out within `ca.ALERT`. Central goes on: its clocks need no laptop."""
    until = ca.holds_until(certificate)
    if until <= now:
        log.error("the TLS certificate has expired: laptops refuse it", extra={"until": iso(until)})
    elif until - now <= ca.ALERT:
        log.warning("the TLS certificate runs out soon", extra={"until": iso(until)})


async def keep_looking(certificate: Path, now: Callable[[], datetime]) -> None:
    """`look` at once and every day."""
    while True:
        look(certificate, now())
        await asyncio.sleep(LOOK.total_seconds())

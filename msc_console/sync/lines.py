"""The line under HTTP: whom to believe, why a connection failed, how to end one that another thread reads from."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import Broken, Fault

if TYPE_CHECKING:
    import httpx


def trust(ca_file: Path | None) -> Any:
    """Whom to believe: the centre's own CA alone, never the system's. The file may hold two, for a change of root.

    A CA that can't be read leaves nobody: Broken(CA). Strict on every Python, and deaf to the environment: the default
    context writes session keys where `SSLKEYLOGFILE` says.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        if ca_file is None:
            raise FileNotFoundError
        context.load_verify_locations(cafile=str(ca_file))
    except (OSError, ValueError) as error:
        raise Broken(Fault.CA) from error
    return context


def hang_up(response: "httpx.Response") -> None:
    """Ends a connection under the thread that reads from it: to close it would not wake that thread."""
    import socket

    held = response.extensions.get("network_stream")
    line = held.get_extra_info("socket") if held is not None else None
    if isinstance(line, socket.socket):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


_EXPIRED = frozenset({9, 10})
_WRONG_NAME = frozenset({62, 63, 64})
"""X509_V_ERR_*: not yet valid, expired; mismatch of host name, e-mail, address (OpenSSL's x509_vfy.h)."""
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
"""What OpenSSL calls an answer that is no TLS at all."""


def why(error: Exception) -> Fault:
    """What was wrong with the certificate, or that there was no TLS; else just unreachable."""
    import ssl

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code in _EXPIRED:
                return Fault.TLS_EXPIRED
            return Fault.TLS_NAME if cause.verify_code in _WRONG_NAME else Fault.TLS
        if isinstance(cause, ssl.SSLError):
            return Fault.TLS_PLAIN if cause.reason in _PLAIN else Fault.TLS
        cause = cause.__cause__ or cause.__context__
    return Fault.UNREACHABLE

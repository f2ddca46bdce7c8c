"""The line under HTTP: whom to believe, why a connection failed, how to end one that another thread reads from."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import Broken, Fault

if TYPE_CHECKING:
    import httpx


def trust(ca_file: Path | None) -> Any:
    """Whom to believe: the centre's own CA alone, or the system's. A CA that can't be read leaves nobody."""
    import ssl

    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ValueError) as error:
        raise Broken(Fault.TLS) from error


def hang_up(response: "httpx.Response") -> None:
    """Ends a connection under the thread that reads from it: to close it would not wake that thread."""
    import socket

    held = response.extensions.get("network_stream")
    line = held.get_extra_info("socket") if held is not None else None
    if isinstance(line, socket.socket):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def why(error: Exception) -> Fault:
    """TLS when a certificate was the reason, else just unreachable."""
    import ssl

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Fault.TLS
        cause = cause.__cause__ or cause.__context__
    return Fault.UNREACHABLE

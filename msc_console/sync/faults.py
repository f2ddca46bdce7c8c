"""Why a request brought nothing: no usable answer (`Broken`), or central's refusal of the whole of it (`Declined`)."""

from enum import StrEnum

from ..errors import Exit, MscError, Unreachable
from .status import Trouble
from .wire import Problem


class Fault(StrEnum):
    """Why no usable answer came, or why the disk did not take one."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    TLS_EXPIRED = "tls_expired"
    TLS_NAME = "tls_name"
    TLS_PLAIN = "tls_plain"
    CA = "ca"
    NOT_OURS = "not_ours"
    CUT = "cut"
    SERVER = "server"
    DISK_FULL = "disk_full"
    DISK = "disk"


TROUBLE = {
    Fault.UNREACHABLE: Trouble.UNREACHABLE,
    Fault.TIMEOUT: Trouble.TIMEOUT,
    Fault.TLS: Trouble.TLS,
    Fault.TLS_EXPIRED: Trouble.TLS_EXPIRED,
    Fault.TLS_NAME: Trouble.TLS_NAME,
    Fault.TLS_PLAIN: Trouble.TLS_PLAIN,
    Fault.CA: Trouble.CA,
    Fault.NOT_OURS: Trouble.NOT_OURS,
    Fault.CUT: Trouble.CUT,
    Fault.SERVER: Trouble.SERVER,
    Fault.DISK_FULL: Trouble.DISK_FULL,
    Fault.DISK: Trouble.DISK,
}
"""What each fault is called in the status."""

_EXITS = {
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    409: Exit.CONFLICT,
    429: Exit.UNREACHABLE,
    503: Exit.UNREACHABLE,
}


class Broken(Unreachable):
    """No usable answer. `retry_after`: seconds, when whoever answered asked for patience."""

    def __init__(self, kind: Fault, retry_after: float | None = None) -> None:
        super().__init__(TROUBLE[kind])
        self.kind = kind
        self.retry_after = retry_after


class Declined(MscError):
    """Central refused the whole request (RFC 9457); `key` is its stable code. `retry_after` in seconds."""

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem.code)
        self.data = {**problem.data, "status": problem.status}
        self.problem = problem
        self.retry_after = retry_after
        self.exit = _EXITS.get(problem.status, Exit.FAILED)

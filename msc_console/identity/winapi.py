"""The few calls to Windows behind `pipes`. Nothing is decided here.

Sources: Microsoft's pages on CreateNamedPipe, "Named Pipe Security and Access Rights", "Security Descriptor String
Format", GetNamedPipeServerProcessId, and "Impersonation Levels".
"""

import ctypes
import sys
from typing import Any

from .pipes import End

DUPLEX, OVERLAPPED, FIRST_INSTANCE = 0x3, 0x4000_0000, 0x8_0000
MESSAGES, READ_MESSAGES, REJECT_REMOTE = 0x4, 0x2, 0x8
INSTANCES = 255
"""PIPE_UNLIMITED_INSTANCES."""
BUFFER = 64 * 1024
READ_WRITE, OPEN_EXISTING = 0xC000_0000, 3
IDENTIFICATION = 0x0010_0000 | 0x0001_0000
"""SECURITY_SQOS_PRESENT and SECURITY_IDENTIFICATION: a server may learn who we are, never act as us."""
ERROR_NO_DATA, ERROR_PIPE_BUSY = 232, 231
BUSY_MS = 2000
INFINITE = 0xFFFF_FFFF
TOKEN_QUERY, TOKEN_USER, QUERY_LIMITED = 0x8, 1, 0x1000
TOKEN_BYTES = 512
SDDL_REVISION = 1


class _Attributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (("length", ctypes.c_uint32), ("descriptor", ctypes.c_void_p), ("inherit", ctypes.c_int))


class System:
    """`pipes.Windows` by kernel32, advapi32, `_winapi` and `multiprocessing.connection.PipeConnection`."""

    def __init__(self, kernel32: Any, advapi32: Any, winapi: Any, connection: Any) -> None:
        self._kernel32, self._advapi32, self._winapi = kernel32, advapi32, winapi
        self._connection = connection

    def user(self) -> str:
        """See Windows."""
        return self._user_of(ctypes.c_void_p(self._kernel32.GetCurrentProcess()))

    def listen(self, name: str, user: str, *, first: bool) -> int:
        """See Windows."""
        descriptor = ctypes.c_void_p()
        _sure(
            self._advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
                ctypes.c_wchar_p(f"O:{user}D:P(A;;GA;;;{user})"), SDDL_REVISION, ctypes.byref(descriptor), None
            ),
            "security descriptor",
        )
        try:
            attributes = _Attributes(ctypes.sizeof(_Attributes), descriptor, 0)
            handle: int = self._winapi.CreateNamedPipe(
                name,
                DUPLEX | OVERLAPPED | (FIRST_INSTANCE if first else 0),
                MESSAGES | READ_MESSAGES | REJECT_REMOTE,
                INSTANCES, BUFFER, BUFFER, 0, ctypes.addressof(attributes),
            )  # fmt: skip
        finally:
            self._kernel32.LocalFree(descriptor)
        return handle

    def accept(self, handle: int) -> End:
        """See Windows."""
        try:
            pending = self._winapi.ConnectNamedPipe(handle, overlapped=True)
        except OSError as error:
            if getattr(error, "winerror", None) != ERROR_NO_DATA:  # it came and went
                raise
        else:
            self._winapi.WaitForMultipleObjects([pending.event], False, INFINITE)
            pending.GetOverlappedResult(True)
        end: End = self._connection(handle)
        return end

    def dial(self, name: str) -> End:
        """See Windows."""
        try:
            handle = self._dial(name)
        except OSError as error:
            if getattr(error, "winerror", None) != ERROR_PIPE_BUSY:
                raise
            self._winapi.WaitNamedPipe(name, BUSY_MS)
            handle = self._dial(name)
        self._winapi.SetNamedPipeHandleState(handle, READ_MESSAGES, None, None)
        end: End = self._connection(handle)
        return end

    def _dial(self, name: str) -> int:
        handle: int = self._winapi.CreateFile(
            name, READ_WRITE, 0, 0, OPEN_EXISTING, OVERLAPPED | IDENTIFICATION, 0
        )  # fmt: skip
        return handle

    def server_user(self, end: End) -> str:
        """See Windows."""
        return self._peer(self._kernel32.GetNamedPipeServerProcessId, end)

    def client_user(self, end: End) -> str:
        """See Windows."""
        return self._peer(self._kernel32.GetNamedPipeClientProcessId, end)

    def _peer(self, ask: Any, end: Any) -> str:
        process = ctypes.c_uint32()
        _sure(ask(ctypes.c_void_p(end.fileno()), ctypes.byref(process)), "process of a pipe")
        handle = _sure(self._kernel32.OpenProcess(QUERY_LIMITED, 0, process), "process")
        try:
            return self._user_of(ctypes.c_void_p(handle))
        finally:
            self._kernel32.CloseHandle(ctypes.c_void_p(handle))

    def _user_of(self, process: ctypes.c_void_p) -> str:
        """The SID of whoever runs a process."""
        token = ctypes.c_void_p()
        _sure(self._advapi32.OpenProcessToken(process, TOKEN_QUERY, ctypes.byref(token)), "token")
        try:
            raw, used = ctypes.create_string_buffer(TOKEN_BYTES), ctypes.c_uint32()
            told = self._advapi32.GetTokenInformation(token, TOKEN_USER, raw, TOKEN_BYTES, ctypes.byref(used))
            _sure(told, "user of a token")
            sid, text = ctypes.c_void_p.from_buffer(raw), ctypes.c_wchar_p()
            _sure(self._advapi32.ConvertSidToStringSidW(sid, ctypes.byref(text)), "SID")
            try:
                return str(text.value)
            finally:
                self._kernel32.LocalFree(text)
        finally:
            self._kernel32.CloseHandle(token)


def _sure(result: Any, what: str) -> Any:
    if not result:
        raise PermissionError(f"no {what}")
    return result


def system() -> System:
    """The one of this machine. OSError elsewhere than on Windows."""
    if sys.platform == "win32":
        import _winapi
        from multiprocessing.connection import PipeConnection

        return System(ctypes.WinDLL("kernel32"), ctypes.WinDLL("advapi32"), _winapi, PipeConnection)
    raise OSError("this is not Windows")

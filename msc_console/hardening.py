"""A process that holds keys, against the other processes of its machine."""

import sys

from .config import private_umask


def harden() -> None:
    """No core dump, no reading of this memory by other processes of the same user, files for this user alone.

    On Linux by RLIMIT_CORE and prctl(PR_SET_DUMPABLE), on macOS by the first alone; on Windows the profile's access
    lists keep others out. It doesn't pass to a program that is executed: each process calls it for itself.
    """
    private_umask()
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        set_dumpable = 4
        ctypes.CDLL(None).prctl(set_dumpable, 0, 0, 0, 0)

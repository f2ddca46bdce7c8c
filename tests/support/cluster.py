"""A PostgreSQL of the test's own, which it may stop, kill and start again: `initdb` into a folder that dies with it.

The server refuses to run as root, so under root it runs as `postgres`, or as `nobody` where there is none.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 60
BIN = "/usr/lib/postgresql"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "150",
    "fsync": "on",
    "log_min_messages": "fatal",
    "shared_buffers": "64MB",
}
"""`fsync` stays on: an immediate stop must find what was committed."""


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL's programs; None when there are none."""
    found = [path.parent for path in Path(BIN).glob("*/bin/initdb")] if Path(BIN).is_dir() else []
    if found:
        return max(found, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


def missing() -> str | None:
    """Why there can be no cluster here; None when there can."""
    if os.name != "posix":
        return "a cluster of one's own needs POSIX"
    return None if binaries() else f"no PostgreSQL programs: neither {BIN}/*/bin/initdb nor initdb on PATH"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster:
    """One server in `folder`. `url` is good whenever it runs."""

    folder: Path
    port: int = field(default_factory=_free_port)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://msc@127.0.0.1:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def make(self) -> None:
        """`initdb`: superuser `msc` without a password, reachable from this machine alone."""
        self._run("initdb", "-D", str(self._data), "-U", "msc", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        lines = "".join(f"{name} = '{value}'\n" for name, value in {**SETTINGS, "port": str(self.port)}.items())
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.write(lines)

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-w", "-t", str(SECONDS), "start")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` ends it as a power cut would: the next start recovers from the log."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "-t", str(SECONDS), "stop")

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """SIGKILL to the postmaster; its children end when they notice."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self._data / "postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)

    def _run(self, program: str, *words: str) -> None:
        folder = binaries()
        assert folder is not None
        done = subprocess.run(
            [*_as_user(), str(folder / program), *words],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=2 * SECONDS,
        )
        if done.returncode:
            told = (self.folder / "log").read_text() if (self.folder / "log").exists() else ""
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr.decode()[-800:]} {told[-800:]}")


def _user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("no user whom PostgreSQL may run as")


def _as_user() -> list[str]:
    if os.getuid() != 0:
        return []
    who = _user()
    return ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster that runs; at the end it is stopped and its folder removed."""
    folder = Path(tempfile.mkdtemp(prefix="msc-cluster-"))
    try:
        if os.getuid() == 0:
            who = _user()
            os.chown(folder, who.pw_uid, who.pw_gid)
        cluster = Cluster(folder)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            with suppress(RuntimeError):  # a test may have left it stopped
                cluster.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

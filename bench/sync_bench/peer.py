"""PouchDB with express-pouchdb, in two Node processes: the peer on the same loopback, with the same rows.

Its packages lie outside the repository, in `$XDG_CACHE_HOME/msc-bench/pouch`, and are installed there once by npm.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msc_console.central import changes
from msc_console.central.db import Central
from msc_console.domain.model import Person
from msc_console.sync.wire import PAGE_ROWS

HERE = Path(__file__).parent.parent / "pouch"
START_SECONDS = 300
Document = dict[str, Any]


class NoPeer(Exception):
    """Why there is none here."""


class Peer:
    """One server, one client. `ask` runs a command of `pouch/peer.js`."""

    def __init__(self, client: "subprocess.Popen[str]", url: str, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._files = 0
        self.url = url

    def ask(self, command: str, **more: Any) -> dict[str, Any]:
        """The command's answer. RuntimeError with PouchDB's words when it failed."""
        assert self._client.stdin is not None
        assert self._client.stdout is not None
        self._client.stdin.write(json.dumps({"do": command, **more}) + "\n")
        self._client.stdin.flush()
        line = self._client.stdout.readline()
        if not line:
            raise RuntimeError(f"the PouchDB client ended: {self._client.wait()}")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise RuntimeError(f"PouchDB: {found['error']}")
        return found

    def file(self, documents: Iterable[Mapping[str, Any]]) -> str:
        """Documents where the client can read them."""
        self._files += 1
        path = self._folder / f"documents-{self._files}"
        with path.open("w", encoding="utf-8") as out:
            for document in documents:
                out.write(json.dumps(document) + "\n")
        return str(path)

    def stored(self) -> int:
        """Bytes of the server's files."""
        return sum(file.stat().st_size for file in (self._folder / "server").rglob("*") if file.is_file())


def _installed() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "msc-bench" / "pouch"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoPeer("no node and npm here")
    cache.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text("utf-8")
    mark = cache / "installed.json"
    if not mark.exists() or mark.read_text("utf-8") != wanted:
        (cache / "package.json").write_text(wanted, "utf-8")
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund"],
            cwd=cache, capture_output=True, timeout=START_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NoPeer("npm could not install PouchDB")
        mark.write_text(wanted, "utf-8")
    return cache


@contextmanager
def peer() -> Iterator[Peer]:
    """A server and a client, gone after the block. NoPeer when it can't be had here."""
    packages = _installed()
    with TemporaryDirectory(prefix="msc-bench-pouch-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for part in ("server", "client"):
            (folder / part).mkdir()
        server = _node(packages, "server", str(folder / "server"))
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                raise NoPeer("express-pouchdb did not start")
            url = str(json.loads(line)["url"])
            client = _node(packages, "client", str(folder / "client"), url)
            try:
                yield Peer(client, url, folder)
            finally:
                _end(client)
        finally:
            _end(server)


def _node(packages: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["node", str(HERE / "peer.js"), *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "MSC_BENCH_POUCH": str(packages)},
    )  # fmt: skip


def _end(process: "subprocess.Popen[str]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def documents(central: Central, person: Person) -> list[Document]:
    """What a laptop of `person` is sent, each row as a document."""
    found: dict[str, Document] = {}
    cursor = ""
    while True:
        page = changes.read(central, person, cursor, PAGE_ROWS)
        for line in page.lines:
            if line.t == "put" and isinstance(line.d, dict):
                found[f"{line.entity}:{line.id}"] = line.d
        cursor = page.cursor
        if page.up_to_date:
            return [{"_id": id, **document} for id, document in found.items()]

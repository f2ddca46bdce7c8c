"""What goes wrong on a working day: each has one clear sentence and an exit code, and nothing is lost."""

import http.server
import json
import os
import re
import resource
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyotp
import pytest

from msc_console import clock
from tests.central.imports.stage import lives, log
from tests.support.hostile import VECTORS

from .accounts import TOOK, answers, outbox_ids
from .conftest import Laptops
from .stage import PASSWORD, Centre, Laptop
from .terminal import ctrl, terminal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@pytest.fixture
def number(centre: Centre) -> str:
    return centre.fill(1)[0]


@pytest.fixture
def rina(centre: Centre, number: str, laptops: Laptops) -> Laptop:
    """Signed in, with the one ticket in the cache and an act that has not left."""
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.cut()
    rina.do("ticket", "note", number, "Belum terkirim.")
    return rina


def kept(laptop: Laptop) -> None:
    """The unsent act is still there, and leaves once the line is mended."""
    laptop.mend()
    assert laptop.msc("sync", "now").code == 0
    with laptop.desk() as desk, laptop.centre.open() as central:
        assert set(answers(central, outbox_ids(desk)).values()) <= {*TOOK}
        assert desk.counts() == (0, 0)


CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Everything that moves a terminal, but the end of a line."""
Answer = tuple[int, str, str]


@contextmanager
def answering(same: Answer, **others: Answer) -> Iterator[str]:
    """A server that says the same to everything but the paths (`hello`) in `others`; gives its address."""

    class Same(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, body = others.get(self.path.split("?")[0].rpartition("/")[2], same)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Same)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_wrong_password_or_code(centre: Centre, laptops: Laptops) -> None:
    budi = laptops("budi", centre)
    for login, password, code in (
        ("sari", "bukan kata sandinya", "123456"),
        ("siapa", PASSWORD, "123456"),
        ("sari", PASSWORD, "12345"),
        ("sari", PASSWORD, pyotp.TOTP(centre.secrets["budi"]).at(clock.now())),
    ):
        said = budi.msc("login", "--user", login, "--stdin", stdin=f"{password}\n{code}\n")
        known = login == "sari" and password == PASSWORD  # whoever came this far knows that the password was right
        meant = "The code is wrong, or it was used already." if known else "Login, password or code is wrong.\n"
        assert (said.code, said.err.startswith(meant)) == (4, True), said.err
    assert budi.msc("status", "--json").json["login"] == "budi", "who was signed in still is"


def test_central_not_there(centre: Centre, rina: Laptop) -> None:
    said = rina.msc("sync", "now")
    assert (said.code, "can't be reached" in said.out + said.err) == (3, True)
    rina.leave()
    alone = rina.msc("login", "--user", "rina", "--stdin", stdin=f"{PASSWORD}\n\n")
    assert (alone.code, "without central" in alone.err) == (0, True), alone
    first = rina.msc("login", "--user", "sari", "--stdin", stdin=f"{PASSWORD}\n123456\n")
    assert (first.code, "the first time needs central" in first.err) == (3, True), first
    kept(rina)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, "text/html", "<html><form>Masuk Wi-Fi</form></html>"), "not our central"),
        ((200, "application/json", '{"product": "other"}'), "not our central"),
        ((302, "text/html", ""), "not our central"),
        ((503, "text/plain", "tutup"), "Your work is safe and is tried again."),
    ],
    ids=["portal", "other", "redirect", "gateway"],
)
def test_something_else_answers(rina: Laptop, number: str, answer: Answer, words: str) -> None:
    with answering(answer) as address:
        rina.central = address
        said = rina.msc("sync", "now")
        assert (said.code, words in said.out) == (3, True), said
        note = rina.msc("ticket", "note", number, "Tetap bisa bekerja.")
        assert (note.code, "Kept here" in note.err) == (0, True), note
    kept(rina)


@pytest.mark.parametrize("place", ["hello", "push"])
@pytest.mark.parametrize("way", ["old", "new"])
def test_a_central_that_no_longer_or_not_yet_speaks_like_this_laptop(
    centre: Centre, rina: Laptop, number: str, way: str, place: str
) -> None:
    problem = {"type": "about:blank", "title": "Upgrade", "status": 426, "code": f"protocol_too_{way}", "detail": ""}
    refusal = (426, "application/problem+json", json.dumps(problem))
    real = httpx.get(f"{centre.address}/v1/hello", trust_env=False)
    others = {"hello": (200, "application/json", real.text)} if place == "push" else {}
    with answering(refusal, **others) as address:
        rina.central = address
        said = rina.msc("sync", "now")
        assert (said.code, f"too {way} for central" in said.out) == (4, True), said
        assert "Unsent work stays here" in said.out
        assert rina.msc("ticket", "note", number, "Tetap bisa bekerja.").code == 0
    kept(rina)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(os.urandom(8192)), "does not open with this key"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4096)), "is not encrypted"),
        (lambda path: path.write_bytes(b""), "damaged"),
    ],
    ids=["foreign", "plaintext", "empty"],
)
def test_a_damaged_or_foreign_cache(rina: Laptop, tmp_path: Path, damage: object, words: str) -> None:
    cache, safe = rina.home.person("rina").cache, tmp_path / "safe"
    shutil.copytree(cache.parent, safe)
    for part in cache.parent.glob("cache.db-*"):
        part.unlink()
    damage(cache)  # type: ignore[operator]
    found = cache.read_bytes()
    for command in (("ticket", "list"), ("status",), ("ticket", "note", "MSC-000001", "x")):
        said = rina.msc(*command)
        assert (said.code, words in said.err) == (1, True), said
    assert cache.read_bytes() == found, "nothing was made anew over it"
    shutil.copytree(safe, cache.parent, dirs_exist_ok=True)
    kept(rina)


def test_a_cut_cache(rina: Laptop, tmp_path: Path) -> None:
    cache, safe = rina.home.person("rina").cache, tmp_path / "safe"
    shutil.copytree(cache.parent, safe)
    with cache.open("r+b") as file:
        file.truncate(cache.stat().st_size // 2 // 4096 * 4096 + 100)
    said = rina.msc("ticket", "list")
    assert said.code in (0, 1)
    assert "Traceback" not in said.err
    shutil.copytree(safe, cache.parent, dirs_exist_ok=True)
    kept(rina)


ROOM = 16 * 1024
"""Bytes that a file may grow to: less than a commit of the cache writes."""


def test_a_full_disk(rina: Laptop, number: str) -> None:
    process = rina.spawn(
        "ticket", "note", number, "Catatan panjang. " * 900,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)),
    )  # fmt: skip
    out, err = process.communicate()
    assert (process.returncode, "The disk is full" in err) == (1, True), (process.returncode, out, err)
    assert rina.msc("ticket", "show", number).code == 0
    rina.do("ticket", "note", number, "Sudah ada tempat lagi.")
    kept(rina)


def test_a_second_console_may_only_look(rina: Laptop, number: str) -> None:
    with terminal(env=rina.environment) as console:
        console.until(number)
        with terminal(env=rina.environment) as other:
            other.until("This desk is taken")
            other.keys("b")
            other.until(number)
            other.until("look only")
            other.still()
            other.keys("t")
            other.still()
            # The command line is never refused.
            assert rina.msc("ticket", "note", number, "Dari baris perintah.").code == 0
            other.until("queued 2")
            other.keys(ctrl("q"))
            other.still()
            if other.process.isalive():
                other.keys("y")
            assert other.ended(5) == 0
        console.until("queued 2")
        console.keys(ctrl("q"))
        console.until("have not left")
        console.still()
        console.keys("y")
        assert console.ended(5) == 0
    with rina.desk() as desk:
        assert len(outbox_ids(desk)) == 2, "the one that looks on has taken nothing"
    kept(rina)


def test_what_does_not_exist(rina: Laptop) -> None:
    for words, code, told in (
        (("ticket", "show", "MSC-999999"), 1, "There is no such ticket here."),
        (("ticket", "take", "~ZZZ-9"), 1, "There is no such ticket here."),
        (("ticket", "list", "--view", "nope"), 1, "There is no view «nope»."),
        (("kb", "show", "PT-999"), 1, "There is no article «PT-999»."),
        (("contact", "show", "nobody at all"), 1, "There is no such contact here."),
        (("ticket", "shwo",), 2, "See: msc ticket --help"),
    ):  # fmt: skip
        said = rina.msc(*words)
        assert (said.code, told in said.err, said.out) == (code, True, ""), said


def test_escapes_and_markup_in_every_field_that_can_be_typed(rina: Laptop, number: str) -> None:
    for vector in VECTORS:
        told = [
            rina.msc("ticket", "note", number, f"n {vector}"),
            rina.msc("ticket", "set", number, "--subject", f"s {vector}"),
            rina.msc("ticket", "show", number),
            rina.msc("ticket", "show", vector),
            rina.msc("ticket", "list", "--view", vector),
            rina.msc("contact", "new", f"k {vector}"),
        ]
        for said in told:
            for stream in (said.out, said.err):
                assert not any((ord(sign) < 32 and sign != "\n") or 127 <= ord(sign) < 160 for sign in stream), ascii(
                    stream
                )
                assert "\u202e" not in stream
                assert "Traceback" not in stream
    kept(rina)


def test_a_log_whose_rows_are_cut(centre: Centre, rina: Laptop, tmp_path: Path) -> None:
    whole = log(*lives(range(4)))
    file = tmp_path / "log.csv"
    file.write_bytes(whole[: len(whole) - 40])
    said = rina.msc("central", "import", "servicenow-log", str(file), "-d", centre.url)
    assert "Traceback" not in said.err
    assert said.code == 0, said
    again = rina.msc("central", "import", "servicenow-log", str(file), "-d", centre.url)
    assert again.code == 0
    kept(rina)

"""Names that are harmless everywhere, and files that are what they say, of a size that nobody drowns in."""

import contextlib
import hashlib
import io
import os
import re
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import attachments
from msc_console.attachments import BYTES, ENTRIES, KINDS, NAME, inspect, safe_name
from msc_console.errors import MscError, UsageError
from msc_console.saving import FOREIGN, SAME, write_foreign

NAMES = [
    ("../../x", "x.bin"), ("..\\..\\x", "x.bin"), ("C:\\x", "x.bin"), ("／etc／passwd", "passwd.bin"),
    ("CON", "f_CON.bin"), ("nul.txt", "f_nul.txt"), ("COM¹.txt", "f_COM1.txt"), ("a.txt:evil", "a.txt_evil.bin"),
    ("x.png. ", "x.png"), ("", "file.bin"), ("   ", "file.bin"), ("..", "file.bin"), ("." * 300 + "/", "file.bin"),
    (".bashrc", "bashrc.bin"), ("-rf.txt", "rf.txt"), ("laporan bulan juni.PDF", "laporan_bulan_juni.pdf"),
    ("faktur.pdf.exe", "faktur.pdf.exe.bin"), ("foto\u202egpj.exe", "foto_gpj.exe.bin"), ("a\x00b\n.txt", "a_b.txt"),
    ("résumé.docx", "resume.docx"), ("日本.png", "file.png"), ("x" * 5000 + ".png", "x" * 94 + ".png"),
    ("aux.tar.txt", "f_aux.tar.txt"), ("CONIN$.log", "f_CONIN$.log"), ("a/b/", "b.bin"), ("\ud800.txt", "file.txt"),
    ("con." + "x" * 500, "f_con." + "x" * 90 + ".bin"),
    ("x" * 5000, "x" * 94 + ".bin"), ("\x1b]2;PWNED\x1b\\.txt", "file.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "safe"), NAMES, ids=lambda word: ascii(word[:20]))
def test_safe_names(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from(list("./\\:-_ \u202e／¹\ud800CONconuxlpt1$()txbi"))), max_size=200
    )
)
def test_every_name_becomes_harmless(name: str) -> None:
    safe = safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9($)][A-Za-z0-9._()$-]*\.[a-z]+", safe), safe
    assert len(safe) <= NAME
    assert safe.rpartition(".")[2] in {*KINDS, "bin"}
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$|clock\$)\.", safe), safe
    assert safe_name(safe) == safe


def zipped(*files: tuple[str, bytes], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", level) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files:
            archive.writestr(name, content)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def jpeg(width: int, height: int) -> bytes:
    app, fill = b"\xff\xe0\x00\x06JFIF", b"\xff"
    return b"\xff\xd8" + app + fill + b"\xff\xc2\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def link() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        one = zipfile.ZipInfo("tautan")
        one.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(one, "/etc/passwd")
    return file.getvalue()


def renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    return content.replace(old, new)


def overlapping() -> bytes:
    """Two entries of the list that share their bytes: the second's place is the first's, as in Fifield's bombs."""
    content = bytearray(zipped(("a", os.urandom(3000)), ("b", b"x"), level=zipfile.ZIP_STORED))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    content[second + 20 : second + 28] = content[first + 20 : first + 28]
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    return bytes(content)


def locked() -> bytes:
    content = bytearray(zipped(("a", b"x")))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


MANY = [(f"{number}", b"") for number in range(ENTRIES + 1)]
ARCHIVES: list[tuple[str, Callable[[], bytes]]] = [
    ("ratio", lambda: zipped(("nol", bytes(10_000_000)))),
    ("unpacked", lambda: zipped(*((str(n), os.urandom(1 << 14) + bytes(1 << 20)) for n in range(52)))),
    ("entries", lambda: zipped(*MANY)),
    ("twice", lambda: zipped(("a.txt", b"1"), ("a.txt", b"2"))),
    ("twice", lambda: zipped(("A.txt", b"1"), ("a.txt", b"2"))),
    ("twice", lambda: zipped(("a/b", b"1"), ("a\\b", b"2"))),
    ("link", link),
    ("path", lambda: zipped(("../x", b"1"))),
    ("path", lambda: zipped(("/x", b"1"))),
    ("path", lambda: renamed(zipped(("aXXXx", b"1")), b"aXXXx", b"a\\..\\")),
    ("path", lambda: zipped(("C:x", b"1"))),
    ("path", lambda: renamed(zipped(("aXb", b"1")), b"aXb", b"a\0b")),
    ("overlap", overlapping),
    ("locked", locked),
    ("unreadable", lambda: zipped(("a", b"1"))[:-8]),
]


@pytest.mark.parametrize(("why", "make"), ARCHIVES)
def test_unsafe_archives(why: str, make: Callable[[], bytes]) -> None:
    content = make()
    for name in ("a.zip", "a.docx"):
        with pytest.raises(MscError, match="attachment_archive") as told:
            inspect(name, content)
        assert told.value.data["why"] == why


def test_an_archive_is_never_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("opened")

    content = zipped(("a/", b""), ("a/laporan.txt", b"isi"), *MANY[: ENTRIES - 2])
    for name in ("open", "read", "extract", "extractall", "testzip"):
        monkeypatch.setattr(zipfile.ZipFile, name, never)
    assert inspect("a.zip", content).type == "application/zip"


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("a.txt", b"", "attachment_empty"),
        ("a.txt", b"x" * (BYTES + 1), "attachment_too_large"),
        ("a.html", b"<script>", "attachment_kind"),
        ("a.svg", b"<svg/>", "attachment_kind"),
        ("a.lnk", b"L\0\0\0", "attachment_kind"),
        ("a", b"x", "attachment_kind"),
        ("a.pdf", b"MZ", "attachment_differs"),
        ("a.png", b"\xff\xd8\xff", "attachment_differs"),
        ("a.png", png(1, 1)[:20], "attachment_differs"),
        ("a.png", png(0, 1), "attachment_differs"),
        ("a.gif", b"GIF89a", "attachment_differs"),
        ("a.jpg", b"\xff\xd8\xff\xe0\xff\xff", "attachment_differs"),
        ("a.txt", b"MZ\x90\x00", "attachment_differs"),
        ("a.log", b"\xff\xfe\x00\xd8", "attachment_differs"),
        ("a.zip", b"MZ" + zipped(("a", b"1")), "attachment_differs"),
        ("a.png", png(50_000, 50_000), "attachment_picture"),
        ("a.png", png(12_001, 1), "attachment_picture"),
        ("a.jpg", jpeg(12_000, 12_000), "attachment_picture"),
        ("a.gif", gif(60_000, 2), "attachment_picture"),
    ],
    ids=lambda word: word if isinstance(word, str) else "",
)
def test_what_is_refused(name: str, content: bytes, key: str) -> None:
    with pytest.raises(MscError, match=key):
        inspect(name, content)


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("Foto Layar.PNG", png(1920, 1080), "image/png"),
        ("a.jpeg", jpeg(4000, 3000), "image/jpeg"),
        ("a.gif", gif(10, 10), "image/gif"),
        ("a.log", "ok ✓\n".encode("utf-16"), "text/plain"),
        ("a.csv", b"a;b\n", "text/csv"),
        (
            "a.docx",
            zipped(("word/document.xml", b"<w/>")),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
    ids=lambda word: word if isinstance(word, str) else "",
)
def test_what_may_be_attached(name: str, content: bytes, type: str) -> None:
    found = inspect(name, content)
    assert (found.name, found.type, found.bytes) == (safe_name(name), type, len(content))
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=200))
def test_no_content_brings_it_down(extension: str, content: bytes) -> None:
    magic = {"png": png(1, 1)[:16], "jpg": b"\xff\xd8\xff", "gif": b"GIF89a", "zip": b"PK\x03\x04"}.get(extension, b"")
    for body in (content, magic + content, zipped(("a", content)) + content):
        with contextlib.suppress(MscError):
            assert inspect(f"a.{extension}", body).bytes == len(body)


def test_others_files_are_written_under_safe_names_and_over_nothing(tmp_path: Path) -> None:
    for expected in ("passwd.bin", "passwd(2).bin", "passwd(3).bin"):
        path = write_foreign(tmp_path, "../../etc/passwd", b"isi", windows=False)
        assert (path.parent, path.name, path.read_bytes()) == (tmp_path, expected, b"isi")
        assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "a.txt").symlink_to(tmp_path / "nowhere")
    assert write_foreign(tmp_path, "a.txt", b"x", windows=False).name == "a(2).txt"
    assert not (tmp_path / "nowhere").exists()
    assert list(tmp_path.glob("*:*")) == []


def test_windows_is_told_where_a_file_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_foreign(tmp_path, "a.docx", b"x", windows=True)
    assert Path(f"{path}:Zone.Identifier").read_bytes() == FOREIGN
    monkeypatch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(UsageError, match="file_unwritable"):
        write_foreign(tmp_path, "b.docx", b"x", windows=True)
    assert not (tmp_path / "b.docx").exists(), "no file without its mark"


def test_the_numbers_of_a_name_end(tmp_path: Path) -> None:
    for _turn in range(1, SAME):
        write_foreign(tmp_path, "a.txt", b"x", windows=False)
    with pytest.raises(UsageError, match="file_exists"):
        write_foreign(tmp_path, "a.txt", b"x", windows=False)


def test_the_list_holds_nothing_that_runs() -> None:
    assert not {"html", "htm", "svg", "xml", "js", "exe", "lnk", "docm", "xlsm", "bat", "ps1"} & set(attachments.KINDS)

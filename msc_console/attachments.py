"""What may be attached, under which name it is kept, and how large it may be: the same rules at both ends.

A file is judged by name and content together; nothing is decoded, unpacked or opened. Archives are listed alone
(OWASP ASVS 5.0 5.2.2, 5.2.3, 5.2.5).
"""

import hashlib
import io
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from .errors import MscError

BYTES = 25 * 1024 * 1024
"""Most bytes of one file."""
NAME = 100
"""Most characters of a safe name, its extension included."""
UNPACKED = 50 * 1024 * 1024
"""Most bytes that an archive may say it unpacks to."""
ENTRIES = 1000
RATIO = 100
"""Most times that an entry may grow in unpacking."""
SIDE = 12_000
"""Most pixels of a picture's side."""
PIXELS = 60_000_000
"""Most pixels of a picture: 240 MB when a viewer decodes it."""

OTHER = "bin"
"""Extension of what is of no allowed kind: nothing opens it by itself."""
_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"} | {
    f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789"
}
"""Names that Windows gives to a device, whatever extension follows."""
_OTHER = re.compile("[^A-Za-z0-9._()$-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What is known of a file that may be attached: the metadata that a ticket carries."""

    name: str
    """As `safe_name` gives it."""
    type: str
    """Media type by the list of allowed kinds, never by what the sender said."""
    bytes: int
    sha256: str
    """Of the content, 64 hexadecimal digits in small letters: its address."""


def safe_name(name: str) -> str:
    """`name` as a file name that is harmless in every folder of every system; a second pass changes nothing.

    The last part of a path, in ASCII, with no leading dot or dash, no stream, no device of Windows, at most NAME
    characters; an extension that is not on the list of kinds gets `.bin` behind it.
    """
    flat = unicodedata.normalize("NFKC", name[-NAME * 40 :])
    last = re.split(r"[/\\]", flat.rstrip("/\\ "))[-1]
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", last) if not unicodedata.combining(sign))
    plain = _OTHER.sub("_", bare).rstrip("._")
    stem, dot, extension = plain.rpartition(".")
    extension = extension.lower()
    if not dot or extension not in {*KINDS, OTHER}:
        stem, extension = plain, OTHER
    stem = stem.lstrip("._-")[: NAME - len(extension) - 3].rstrip("._") or "file"
    if stem.split(".")[0].upper() in _DEVICES:
        stem = f"f_{stem}"
    return f"{stem}.{extension}"


def inspect(name: str, content: bytes) -> Inspected:
    """Judges a file as a whole.

    MscError `attachment_empty`, `attachment_too_large` (most, in bytes), `attachment_kind` (name, known),
    `attachment_differs` (name: the content is not what the name says), `attachment_picture` (width, height) or
    `attachment_archive` (why: a word of `_listed`).
    """
    safe = safe_name(name)
    if not content:
        raise MscError("attachment_empty", name=safe)
    if len(content) > BYTES:
        raise MscError("attachment_too_large", name=safe, most=BYTES)
    kind = KINDS.get(safe.rpartition(".")[2])
    if kind is None:
        raise MscError("attachment_kind", name=safe, known=", ".join(sorted(KINDS)))
    if not kind.looks(content):
        raise MscError("attachment_differs", name=safe)
    if kind.size is not None:
        _judge_picture(safe, kind.size(content))
    if kind.archive:
        _judge_archive(safe, content)
    return Inspected(name=safe, type=kind.type, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _judge_picture(name: str, size: tuple[int, int] | None) -> None:
    if size is None or 0 in size:
        raise MscError("attachment_differs", name=name)
    width, height = size
    if max(size) > SIDE or width * height > PIXELS:
        raise MscError("attachment_picture", name=name, width=width, height=height)


def _judge_archive(name: str, content: bytes) -> None:
    """Refuses by the list of contents: `why` is unreadable, entries, unpacked, ratio, overlap, twice, link, path or
    locked."""
    why = _listed(content)
    if why is not None:
        raise MscError("attachment_archive", name=name, why=why)


def _listed(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        return "unreadable"
    if len(entries) > ENTRIES:
        return "entries"
    if sum(entry.file_size for entry in entries) > UNPACKED:
        return "unpacked"
    if sum(entry.compress_size for entry in entries) > len(content):
        return "overlap"
    names = [
        unicodedata.normalize("NFKC", entry.orig_filename).replace("\\", "/").rstrip("/").casefold()
        for entry in entries
    ]
    if len(set(names)) < len(names):
        return "twice"
    for entry, path in zip(entries, names, strict=True):
        if entry.file_size > RATIO * max(entry.compress_size, 1):
            return "ratio"
        if stat.S_ISLNK(entry.external_attr >> 16):
            return "link"
        if path.startswith("/") or ":" in path or ".." in path.split("/") or "\0" in path:
            return "path"
        if entry.flag_bits & 1:
            return "locked"
    return None


def _text(content: bytes) -> bool:
    """UTF-8, or UTF-16 with its mark; what no editor would call binary."""
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def _begins(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(magic)


def _png_size(content: bytes) -> tuple[int, int] | None:
    if len(content) < 33 or content[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _gif_size(content: bytes) -> tuple[int, int] | None:
    if len(content) < 13:
        return None
    width, height = struct.unpack("<HH", content[6:10])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Of the first frame header (ITU T.81 B.2.2); segments before it are stepped over by their lengths."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        elif marker == 0x01 or 0xD0 <= marker <= 0xD9:
            at += 2
        else:
            at += 2 + max(int.from_bytes(content[at + 2 : at + 4], "big"), 2)
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """An allowed kind of file."""

    type: str
    looks: Callable[[bytes], bool]
    """Whether a content can be of this kind."""
    size: Callable[[bytes], tuple[int, int] | None] | None = None
    """Width and height of a picture in pixels, None where its header is damaged."""
    archive: bool = False


_ZIP = _begins(b"PK\x03\x04")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_JPEG = Kind("image/jpeg", _begins(b"\xff\xd8\xff"), _jpeg_size)
KINDS: dict[str, Kind] = {
    "txt": Kind("text/plain", _text),
    "log": Kind("text/plain", _text),
    "csv": Kind("text/csv", _text),
    "json": Kind("application/json", _text),
    "eml": Kind("message/rfc822", _text),
    "pdf": Kind("application/pdf", _begins(b"%PDF-")),
    "png": Kind("image/png", _begins(b"\x89PNG\r\n\x1a\n"), _png_size),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": Kind("image/gif", _begins(b"GIF87a", b"GIF89a"), _gif_size),
    "zip": Kind("application/zip", _ZIP, archive=True),
    "docx": Kind(f"{_OFFICE}wordprocessingml.document", _ZIP, archive=True),
    "xlsx": Kind(f"{_OFFICE}spreadsheetml.sheet", _ZIP, archive=True),
    "pptx": Kind(f"{_OFFICE}presentationml.presentation", _ZIP, archive=True),
}
"""Extension in small letters -> what it must be. No HTML, SVG, script, macro document or program is among them."""

"""Parts of a snapshot, read in small batches: one part unpacked is more than a laptop should hold at once."""

from collections.abc import Iterator

import msgspec

from .faults import Broken, Fault
from .pages import LINES, clean_line, read_lines
from .wire import PART_BYTES, Line, Snapshot, SnapshotPart

PIECE = 512 * 1024
"""Bytes that are unpacked at a time."""
UNPACKED_MOST = 64 * 1024 * 1024
"""Bytes of one part, unpacked. Far above what central sends."""


def checked(found: Snapshot) -> Snapshot:
    """A manifest that can be worked with. `Broken(NOT_OURS)` for anything else."""
    numbers = {part.n for part in found.parts}
    sound = (
        found.id.isascii()
        and found.id.isalnum()
        and found.cursor.isascii()
        and len(numbers) == len(found.parts)
        and all(0 <= part.bytes <= PART_BYTES for part in found.parts)
    )
    if not sound:
        raise Broken(Fault.NOT_OURS)
    parts = [
        SnapshotPart(part.n, part.rows, part.bytes, part.sha256, [clean_line(name) for name in part.entities])
        for part in found.parts
    ]
    return msgspec.structs.replace(found, generation=clean_line(found.generation), parts=parts)


def read_part(part: SnapshotPart, body: bytes) -> Iterator[tuple[list[Line], bool]]:
    """The rows of a part in batches, each with whether it is the last. `Broken(CUT)` before the first one unless the
    body is what the manifest says; and later for a part that contradicts itself."""
    import hashlib

    if len(body) != part.bytes or hashlib.sha256(body).hexdigest() != part.sha256:
        raise Broken(Fault.CUT)
    count, held = 0, None
    for lines in _lines(body):
        if held is not None:
            if any(line.t == "end" for line in held):
                raise Broken(Fault.CUT)
            count += len(held)
            yield [line for line in held if line.t in LINES], False
        held = lines
    if not held or held[-1].t != "end":
        raise Broken(Fault.CUT)
    end = held.pop()
    if end.rows != part.rows or count + len(held) != end.rows or any(line.t == "end" for line in held):
        raise Broken(Fault.CUT)
    yield [line for line in held if line.t in LINES], True


def _lines(body: bytes) -> Iterator[list[Line]]:
    import zstandard

    size, rest = 0, b""
    try:
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=False) as reader:
            while piece := reader.read(PIECE):
                size += len(piece)
                if size > UNPACKED_MOST:
                    raise Broken(Fault.NOT_OURS)
                whole, newline, tail = piece.rpartition(b"\n")
                if newline:
                    yield read_lines(rest + whole)
                    rest = tail
                else:
                    rest += piece
        if rest.strip():
            yield read_lines(rest)
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Broken(Fault.CUT) from error

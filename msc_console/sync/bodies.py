"""A reply's bytes as they were before packing, never more than a cap, whatever the packing claims."""

import zlib
from collections.abc import Iterable

from .. import packing
from .faults import Broken, Fault

ACCEPTED = "zstd, gzip"


def body(pieces: Iterable[bytes], encoding: str, cap: int) -> bytes:
    """The whole body. Raises Broken: NOT_OURS for more than `cap` bytes or an encoding we did not ask for, CUT for
    one that is not whole."""
    encoding = encoding.strip().lower()
    if encoding == "gzip":
        return _gunzipped(pieces, cap)
    if encoding not in ("identity", packing.NAME):
        raise Broken(Fault.NOT_OURS)
    parts, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > cap:
            raise Broken(Fault.NOT_OURS)
        parts.append(piece)
    whole = b"".join(parts)
    if encoding == "identity":
        return whole
    try:
        return packing.unpack(whole, cap)
    except packing.Oversize as error:
        raise Broken(Fault.NOT_OURS) from error
    except packing.Damaged as error:
        raise Broken(Fault.CUT) from error


def _gunzipped(pieces: Iterable[bytes], cap: int) -> bytes:
    unpack = zlib.decompressobj(wbits=31)
    parts, size = [], 0
    try:
        for piece in pieces:
            part = unpack.decompress(piece, cap + 1 - size)
            size += len(part)
            if size > cap:
                raise Broken(Fault.NOT_OURS)
            parts.append(part)
    except zlib.error as error:
        raise Broken(Fault.CUT) from error
    if not unpack.eof:
        raise Broken(Fault.CUT)
    return b"".join(parts)

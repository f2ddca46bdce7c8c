"""zstd over whole messages, for both sides of the wire. `zstandard` is imported when first used.

Whoever unpacks says how many bytes it will take; what claims or turns out to be more is never held in memory.
"""

LEVEL = 3
NAME = "zstd"
"""How `Accept-Encoding`, `Content-Encoding` and `Hello.features` call it."""
WORTH = 1024
"""Bytes below which a message goes as it is."""


class Oversize(ValueError):
    """More bytes than the reader takes."""


class Damaged(ValueError):
    """Not one whole zstd frame: cut short, garbage, or something behind its end."""


def pack(content: bytes) -> bytes:
    """One zstd frame that names its size."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL).compress(content)


def unpack(packed: bytes, most: int) -> bytes:
    """The content of one zstd frame. Raises Oversize beyond `most` bytes, Damaged for anything but a whole frame."""
    import zstandard

    try:
        told = zstandard.frame_content_size(packed)
    except zstandard.ZstdError as error:
        raise Damaged from error
    if told > most:
        raise Oversize
    try:
        # A frame of unknown size is given room for `most` bytes; the library keeps to a size that the frame names.
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=max(most, 1), allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise (Oversize if told < 0 and _longer(packed, most) else Damaged) from error


def _longer(packed: bytes, most: int) -> bool:
    """Whether a frame that names no size holds more than `most` bytes, looked at piece by piece."""
    import zstandard

    size = 0
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            while size <= most and (piece := reader.read(64 * 1024)):
                size += len(piece)
    except zstandard.ZstdError:
        return False
    return size > most

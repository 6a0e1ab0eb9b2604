"""A student's picture, drawn anew: only pixels get through."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Everything else in a PNG is words about it, colour profiles, or further frames.
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
HEADER = 25  # bytes of the IHDR chunk
MOST_BYTES = 4 * 2**20
MOST_PIXELS = 16_000_000  # 64 MB when unpacked
BOXES = ((1200, 2400), (600, 1200), (300, 600))  # width and height to try, pixels
LARGEST = 400_000  # bytes of the picture that comes out


def safe_picture(content: bytes) -> bytes:
    """The picture as a new PNG at most 1200 pixels wide and 400 kB large, without metadata.

    Its size is read from the header before anything is unpacked.
    Raises ValueError, with the reason in words, for anything that is not a sound PNG within
    4 MiB and 16 million pixels.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has {len(content)} bytes, more than {MOST_BYTES}")
    if not content.startswith(SIGNATURE):
        raise ValueError("it is not a PNG")
    parts = [part for part in _parts(content) if part[4:8] in PIXELS]
    _check_size(parts)
    return _drawn_anew(SIGNATURE + b"".join(parts))


def _parts(content: bytes) -> Iterator[bytes]:
    """The chunks of a PNG: length, kind, data, checksum. Pillow will look at the checksums."""
    start = len(SIGNATURE)
    while start + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, start)
        yield content[start : start + 12 + length]
        start += 12 + length


def _check_size(parts: list[bytes]) -> None:
    """Look at width and height. Raises ValueError where they are missing, said twice or too large.

    With one header only, and that at the start, Pillow reads the same one.
    """
    headers = [part for part in parts if part[4:8] == b"IHDR"]
    if len(headers) != 1 or headers[0] is not parts[0] or len(headers[0]) != HEADER:
        raise ValueError("its header is damaged")
    width, height = struct.unpack_from(">II", headers[0], 8)
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels; up to {MOST_PIXELS} are shown")


def _drawn_anew(content: bytes) -> bytes:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            drawn = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except Exception as error:  # whatever a broken picture makes Pillow raise
        raise ValueError("it is damaged") from error
    for box in BOXES:
        drawn.thumbnail(box)
        made = io.BytesIO()
        drawn.save(made, "PNG")
        if made.tell() <= LARGEST:
            return made.getvalue()
    raise ValueError(f"it has more detail than {LARGEST} bytes hold")

"""Only pixels of a student's picture get through, and a bomb is never unpacked."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from imbal_lab.grading.pages.safe_picture import SIGNATURE, safe_picture


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, depth=8, colour=2):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(width, height, row, depth=8, colour=2, before=b"", after=b""):
    """A PNG put together by hand; `row` is what stands in each line of pixels."""
    data = chunk(b"IDAT", zlib.compress((b"\0" + row) * height))
    start = SIGNATURE + header(width, height, depth, colour)
    return start + before + data + after + chunk(b"IEND", b"")


def saved(pixels, **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", **options)
    return content.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content), formats=["PNG"])


def kinds(content):
    """The kinds of the chunks of a PNG, in order."""
    found, start = [], 8
    while start < len(content):
        (length,) = struct.unpack(">I", content[start : start + 4])
        found.append(content[start + 4 : start + 8])
        start += 12 + length
    return found


SMALL = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def test_the_pixels_stay():
    assert (np.asarray(opened(safe_picture(saved(SMALL)))) == SMALL).all()
    seen_through = np.dstack([SMALL, SMALL[..., 0]])
    assert (np.asarray(opened(safe_picture(saved(seen_through)))) == seen_through).all()


def test_a_palette_and_one_bit_become_colours():
    grey = Image.fromarray(SMALL).convert("P")
    content = io.BytesIO()
    grey.save(content, "PNG", transparency=0)
    assert opened(safe_picture(content.getvalue())).mode == "RGBA"
    black_and_white = opened(safe_picture(png(16, 2, b"\xaa\xaa", depth=1, colour=0)))
    assert [black_and_white.getpixel((x, 0))[0] for x in range(4)] == [255, 0, 255, 0]


def test_nothing_but_pixels_is_left():
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "<script>alert(1)</script>")
    words.add_itxt("XML:com.adobe.xmp", "secret", zip=True)
    content = saved(SMALL, pnginfo=words, dpi=(300, 300), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    assert b"<script>" in content
    made = safe_picture(content + b"<script>alert(1)</script>")
    assert set(kinds(made)) == {b"IHDR", b"IDAT", b"IEND"}
    assert b"script" not in made


def test_a_film_becomes_its_first_frame():
    content = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(content, "PNG", save_all=True, append_images=frames[1:])
    assert b"acTL" in kinds(content.getvalue())
    assert opened(safe_picture(content.getvalue())).getpixel((0, 0)) == (255, 0, 0)


def test_a_large_picture_becomes_1200_pixels_wide():
    assert opened(safe_picture(saved(np.zeros((1500, 3000, 3), np.uint8)))).size == (1200, 600)
    assert opened(safe_picture(saved(np.zeros((9000, 30, 3), np.uint8)))).size == (8, 2400)


def test_noise_is_made_smaller_until_it_fits():
    noise = np.random.default_rng(0).integers(0, 256, (900, 1300, 3), dtype=np.uint8)
    made = safe_picture(saved(noise))
    assert len(made) <= 400_000
    assert opened(made).width == 300


def test_a_bomb_is_refused_from_its_header():
    bomb = SIGNATURE + header(50_000, 50_000) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
    with pytest.raises(ValueError, match="it has 50000 x 50000 pixels; up to 16000000 are shown"):
        safe_picture(bomb + chunk(b"IEND", b""))


def test_more_data_than_pixels_changes_nothing():
    much = zlib.compress(bytes(200_000_000), 9)
    content = SIGNATURE + header(4, 4) + chunk(b"IDAT", much) + chunk(b"IEND", b"")
    assert opened(safe_picture(content)).size == (4, 4)


def test_words_that_unpack_to_a_gigabyte_are_not_read():
    words = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9))
    assert opened(safe_picture(png(4, 4, bytes(12), before=words * 20))).size == (4, 4)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a PNG"),
        (b"<svg onload=alert(1)>", "not a PNG"),
        (b"\xff\xd8\xff\xe0 jpeg", "not a PNG"),
        (SIGNATURE, "header is damaged"),
        (SIGNATURE + header(4, 4)[:20], "header is damaged"),
        (SIGNATURE + chunk(b"IDAT", b"") + header(4, 4), "header is damaged"),
        (SIGNATURE + header(4, 4) + header(50_000, 50_000), "header is damaged"),
        (SIGNATURE + header(0, 4) + chunk(b"IEND", b""), "it has 0 x 4 pixels"),
        (SIGNATURE + header(4, 4) + chunk(b"IEND", b""), "it is damaged"),
        (png(4, 4, bytes(12))[:-30], "it is damaged"),
        (png(4, 4, bytes(12), depth=7), "it is damaged"),
        (png(4, 4, bytes(12)).replace(b"IDAT", b"IDAX"), "it is damaged"),
        (SIGNATURE + bytes(4 * 2**20), "more than 4194304"),
    ],
)
def test_what_is_no_sound_png_is_refused(content, why):
    with pytest.raises(ValueError, match=why):
        safe_picture(content)


def test_flipped_bytes_give_a_picture_or_a_reason():
    draw = random.Random(0)
    good = saved(np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8))
    shown = 0
    for _ in range(500):
        content = bytearray(good)
        for _ in range(draw.randrange(1, 4)):
            content[draw.randrange(8, len(content))] = draw.randrange(256)
        try:
            made = safe_picture(bytes(content))
        except ValueError:
            continue
        shown += 1
        assert set(kinds(made)) == {b"IHDR", b"IDAT", b"IEND"}
    assert shown < 500

"""Messages: what is sent arrives, and nothing else is taken for a message."""

import io
import json
import random
import struct

import pytest

from imbal_lab.student_process.protocol import (
    BLOB,
    BLOBS,
    HEADER,
    MAGIC,
    ProtocolError,
    field,
    pack,
    unpack,
)


@pytest.fixture
def reader():
    """``reader(content)``: reads exactly that, and EOFError beyond it."""

    def make(content):
        stream = io.BytesIO(content)

        def read(count):
            part = stream.read(count)
            if len(part) < count:
                raise EOFError
            return part

        return read

    return make


def framed(header, *blobs):
    lengths = b"".join(struct.pack("!Q", len(blob)) for blob in blobs)
    start = struct.pack("!4sII", MAGIC, len(header), len(blobs))
    return start + lengths + header + b"".join(blobs)


def test_a_message_arrives_with_its_blobs(reader):
    message = {"n": 3, "text": "ä\n", "list": [1, [None, True]], "x": 0.5}
    assert unpack(reader(pack(message, [b"", b"\x00\xff"]))) == (message, [b"", b"\x00\xff"])


def test_messages_follow_each_other(reader):
    read = reader(pack({"n": 1}, [b"a"]) + pack({"n": 2}))
    assert [unpack(read)[0]["n"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!4sII", MAGIC, HEADER + 1, 0),
        struct.pack("!4sII", MAGIC, 2**32 - 1, 0),
        struct.pack("!4sII", MAGIC, 2, BLOBS + 1),
        struct.pack("!4sII", MAGIC, 2, 2**32 - 1),
        struct.pack("!4sIIQ", MAGIC, 2, 1, BLOB + 1) + b"{}",
        struct.pack("!4sIIQQ", MAGIC, 2, 2, BLOB, 1) + b"{}",
        struct.pack("!4sIIQ", MAGIC, 2, 1, 2**64 - 1) + b"{}",
        framed(b"{"),
        framed(b""),
        framed(b"[1]"),
        framed(b"null"),
        framed(b"\xff\xfe{}"),
        framed(b'{"x": NaN}'),
        framed(b'{"x": -Infinity}'),
        framed(b'{"x": ' + b"9" * 5000 + b"}"),
        framed(b'{"x": ' + b"[" * 50 + b"]" * 50 + b"}"),
        framed(b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        framed(b'{"x": ' + b'{"y":' * 60 + b"1" + b"}" * 60 + b"}"),
    ],
)
def test_anything_else_is_refused(reader, content):
    with pytest.raises(ProtocolError):
        unpack(reader(content))


def test_a_truncated_message_is_waited_for_and_never_made_up(reader):
    whole = pack({"n": 1, "text": "abc"}, [b"12345", b"6"])
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            unpack(reader(whole[:length]))


def test_a_long_blob_is_announced_before_memory_is_taken(reader):
    asked = []
    read = reader(struct.pack("!4sIIQ", MAGIC, 2, 1, BLOB + 1))

    def noting(count):
        asked.append(count)
        return read(count)

    with pytest.raises(ProtocolError):
        unpack(noting)
    assert max(asked) <= 12


def test_flipped_bytes_give_a_message_or_an_error_and_nothing_else(reader):
    rng = random.Random(0)
    whole = pack({"n": 1, "outputs": [{"stream": "stdout", "text": "abc"}]}, [b"12345"])
    refused = 0
    for _ in range(3000):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        try:
            message, blobs = unpack(reader(bytes(content)))
        except (ProtocolError, EOFError):
            refused += 1
            continue
        json.dumps(message).encode()
        assert all(type(blob) is bytes for blob in blobs)
    assert refused > 1000


def test_half_of_a_surrogate_pair_becomes_writable(reader):
    message, _ = unpack(reader(framed(b'{"x": ["\\ud800a", {"\\udfff": 1}]}')))
    assert message == {"x": ["?a", {"?": 1}]}


@pytest.mark.parametrize("message", [{"x": float("nan")}, {"x": {1, 2}}, {"x": object()}])
def test_what_is_no_plain_message_is_not_sent(message):
    with pytest.raises(ProtocolError):
        pack(message)


def test_nothing_too_long_is_sent():
    with pytest.raises(ProtocolError):
        pack({"x": "a" * HEADER})
    with pytest.raises(ProtocolError):
        pack({}, [b""] * (BLOBS + 1))


@pytest.mark.parametrize(
    ("name", "kind", "most"),
    [("flag", int, None), ("text", bytes, None), ("text", str, 2), ("none", str, None)],
)
def test_a_field_has_its_very_type_and_length(name, kind, most):
    with pytest.raises(ProtocolError):
        field({"flag": True, "text": "abc", "none": None}, name, kind, most)
    assert field({"text": "abc"}, "text", str, 3) == "abc"

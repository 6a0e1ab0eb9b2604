"""Outputs: capped while they are written, and checked when they arrive."""

import pytest

from imbal_lab.student_process.outputs import (
    CUT,
    PICTURE,
    PICTURES,
    PIECES,
    TEXT,
    CellError,
    Outputs,
    Picture,
    Stream,
    Text,
    decode_outputs,
    encode_outputs,
)
from imbal_lab.student_process.protocol import ProtocolError, pack


@pytest.fixture
def outputs():
    return Outputs()


def test_texts_of_one_stream_are_joined(outputs):
    for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "")):
        outputs.text(name, text)
    assert outputs.found == [Text("stdout", "ab"), Text("stderr", "c")]


def test_text_is_cut_once_and_says_so(outputs):
    for _ in range(TEXT // 1000 + 50):
        outputs.text("stdout", "x" * 1000)
    (text,) = outputs.found
    assert text.text == "x" * TEXT + CUT


def test_many_small_pieces_are_cut_too(outputs):
    for _ in range(10 * PIECES):
        outputs.text("stdout", "a")
        outputs.text("stderr", "b")
    assert len(outputs.found) <= PIECES + 1
    assert outputs.found[-1].text.endswith(CUT)
    assert len(pack({"outputs": encode_outputs(outputs.found, [])})) < 2**20


def test_a_hundred_thousand_small_writes_are_joined_once(outputs):
    for _ in range(TEXT):
        outputs.text("stdout", "x")
    assert len(outputs._parts) == TEXT + 1  # no copy of all at each
    assert len(outputs.found) == 1


def test_pictures_are_few_and_not_large(outputs):
    outputs.picture(b"x" * (PICTURE + 1))
    outputs.picture("text")
    for number in range(PICTURES + 3):
        outputs.picture(bytes([number]))
    assert outputs.found == [Picture(bytes([number])) for number in range(PICTURES)]


def test_clearing_gives_no_room_back(outputs):
    outputs.text("stdout", "x" * TEXT)
    outputs.clear()
    outputs.text("stdout", "y")
    assert outputs.found == []


def test_a_stream_takes_text_only():
    stream = Stream("stderr")
    print("hi", 3, file=stream)
    assert stream.outputs.found == [Text("stderr", "hi 3\n")]
    with pytest.raises(TypeError):
        stream.write(b"bytes")


def test_outputs_come_back(outputs):
    outputs.text("stdout", "a")
    outputs.picture(b"\x89PNG")
    outputs.error(CellError("KeyError", "'x'", "d['x']"))
    blobs = []
    assert list(decode_outputs(encode_outputs(outputs.found, blobs), blobs)) == outputs.found


TEXT_MESSAGE = {"stream": "stdout", "text": "x"}


@pytest.mark.parametrize(
    "messages",
    [
        ["text"],
        [{}],
        [{"stream": "html", "text": "x"}],
        [{"stream": ["stdout"], "text": "x"}],
        [{"stream": "stdout", "text": 3}],
        [{"stream": "stdout", "text": "x" * (2 * TEXT + 1)}],
        [{"stream": "stdout", "text": "x" * TEXT}] * 3,
        [TEXT_MESSAGE] * (2 * PIECES + 1),
        [{"picture": 2}],
        [{"picture": -1}],
        [{"picture": "0"}],
        [{"picture": 1}],
        [{"picture": 0}] * (PICTURES + 1),
        [{"error": 3, "text": "x", "line": "x"}],
        [{"error": "x", "text": "x"}],
        [{"error": "x" * 300, "text": "x", "line": ""}],
    ],
)
def test_forged_outputs_are_refused(messages):
    with pytest.raises(ProtocolError):
        decode_outputs(messages, [b"png", b"x" * (PICTURE + 1)])

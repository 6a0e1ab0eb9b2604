"""Outcomes there and back, and forged ones."""

import pytest
import torch

from imbal_lab.checks import Other, Outcome, Raised
from imbal_lab.student_process.outcomes import decode_outcome, encode_outcome
from imbal_lab.student_process.protocol import ProtocolError


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(),
        Outcome(Other("list")),
        Outcome(changed_input="params"),
        Outcome(Other("dict"), changed_input="x"),
        Outcome(raised=Raised("IndexError", "out of range", "a[5]")),
    ],
)
def test_an_outcome_comes_back(outcome):
    blobs = []
    assert decode_outcome(encode_outcome(outcome, blobs), blobs) == outcome


def test_a_tensor_comes_back():
    blobs = []
    sent = Outcome(torch.tensor([1.0, 2.0]), changed_input="x", cut=True)
    message = encode_outcome(sent, blobs)
    outcome = decode_outcome(message, blobs)
    assert outcome.result.tolist() == [1, 2]
    assert (outcome.changed_input, outcome.cut) == ("x", True)


def test_nobody_says_that_the_library_was_not_used_or_why_it_stopped():
    outcome = decode_outcome({"result": None, "used_library": True, "stopped": "time"}, [])
    assert outcome == Outcome()


@pytest.mark.parametrize(
    "message",
    [
        {"result": 3},
        {"result": [1]},
        {"result": "tensor"},
        {"result": {}},
        {"result": {"other": 3}},
        {"result": {"other": "a" * 20_000}},
        {"result": {"tensor": "float32", "shape": [1], "blob": 0}},
        {"raised": "Error"},
        {"raised": {"kind": "A", "text": "b"}},
        {"raised": {"kind": 1, "text": "b", "line": ""}},
        {"raised": {"kind": "A", "text": "b" * 20_000, "line": ""}},
        {"changed": 1},
        {"changed": ["x"]},
        {"cut": 1},
    ],
)
def test_a_forged_outcome_is_refused(message):
    with pytest.raises(ProtocolError):
        decode_outcome(message, [])

"""Code that finds the line to the grader and speaks on it: it harms its own exercise at most."""

import os

import pytest
import torch

from imbal_lab.checks import Outcome
from imbal_lab.student_process.outputs import Text

FIND = """
import os, socket, struct, json
def lines():
    found = []
    for fd in range(3, 256):
        try:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, os.dup(fd))
            s.getpeername()
            found.append(s)
        except OSError:
            pass
    return found
def say(message, *blobs):
    head = message if isinstance(message, bytes) else json.dumps(message).encode()
    start = struct.pack("!4sII", b"imb1", len(head), len(blobs))
    lengths = b"".join(struct.pack("!Q", len(b)) for b in blobs)
    for line in lines():
        line.setblocking(False)
        try:
            line.send(start + lengths + head + b"".join(blobs))
        except OSError:
            pass
def garbage(content):
    for line in lines():
        try:
            line.send(content)
        except OSError:
            pass
"""
RIGHT = {"n": 1, "changed": None, "raised": None,
         "result": {"tensor": "float32", "shape": [1], "blob": 0}}  # fmt: skip

ATTACKS = {
    "garbage": "garbage(b'x' * 1000)",
    "huge lengths": "garbage(struct.pack('!4sII', b'imb1', 2**32 - 1, 2**32 - 1))",
    "half a message": "garbage(struct.pack('!4sII', b'imb1', 100, 0) + b'{')",
    "no JSON": "say(b'{]')",
    "deep": "say(b'{\"x\":' + b'[' * 10**5 + b']' * 10**5 + b'}')",
    "another number": "say({'n': 99, 'ended': 'ok', 'outputs': []})",
    "no number": "say({'ended': 'ok', 'outputs': []})",
    "NaN": "say(b'{\"n\": NaN}')",
    "moved": "say({'moved': 0})",
    "moved for ever": "[say({'moved': 0}) for _ in range(100)]",
    "an early end": "say({'n': 1, 'ended': 'ok', 'outputs': []})",
    "an odd end": "say({'n': 1, 'ended': 'full marks', 'outputs': []})",
    "wrong byte count": "say({'n': 1, 'changed': None, 'raised': None, 'result': "
    "{'tensor': 'float32', 'shape': [4], 'blob': 0}}, b'12')",
    "a pickle": "import pickle; garbage(pickle.dumps(print))",
    "descriptors": "[socket.send_fds(s, [b'x'], [0, 1, 2]) for s in lines()]",
    "closing": "[s.shutdown(2) for s in lines()]",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_cell_that_speaks_for_itself_costs_itself(submission, run_all, name):
    before, attack, after = run_all(submission, f"{FIND}\nx = 41", ATTACKS[name], "x + 1")
    assert attack.ended in ("died", "ok")
    # The true end may still come after an early one, and is then no answer to the next order.
    cut_short = name == "an early end" and after.ended == "died"
    assert after.outputs == (() if cut_short else (Text("result", "42\n"),))
    last = submission.run(before.state, "x + 1")
    assert last.outputs == (Text("result", "42\n"),)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_call_that_speaks_for_itself_costs_itself(submission, name):
    source = f"{FIND}\ndef f():\n    {ATTACKS[name]}\n    return 1\ndef g(): return 2"
    state = submission.run(submission.start, source).state
    got = submission.call(state, "f", {})
    nothing = Outcome()  # what a message without a result says
    assert got in (Outcome(stopped="died"), nothing) or got.result.item() == 1
    submission.close_calls()
    assert submission.call(state, "g", {}).result.item() == 2


def test_a_forged_result_is_one_result_and_the_next_answer_is_nobodys(submission):
    """It could have returned the same; but an answer too many must not shift the others."""
    forge = f"say({RIGHT}, b'\\0\\0\\x80?')"
    source = f"{FIND}\ndef f(x):\n    if x == 0:\n        {forge}\n    return x"
    state = submission.run(submission.start, source).state
    first = submission.call(state, "f", {"x": 0})
    assert first.result.tolist() == [1]
    second = submission.call(state, "f", {"x": 5})
    assert second.stopped == "died"
    assert submission.call(state, "f", {"x": 5}).result.item() == 5


def test_descriptors_that_are_sent_do_not_arrive(submission):
    before = set(os.listdir("/proc/self/fd"))
    submission.run(submission.start, f"{FIND}\n{ATTACKS['descriptors']}")
    assert len(set(os.listdir("/proc/self/fd")) - before) <= 2  # a state's line and its end


def test_a_lying_tensor_arrives_as_an_ordinary_one(submission):
    source = """
import torch
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
    def __eq__(self, other): return True
    def __reduce_ex__(self, *a): raise SystemExit
def f(x): return torch.zeros(2).as_subclass(Liar)
"""
    state = submission.run(submission.start, source).state
    outcome = submission.call(state, "f", {"x": 1})
    assert outcome.raised or type(outcome.result) is torch.Tensor


def test_patching_what_we_use_costs_the_patcher(submission, run_all):
    source = """
import os, json, socket, struct, torch, builtins
os.fork = lambda: 0
json.dumps = lambda *a, **k: "{}"
torch.equal = torch.allclose = lambda *a, **k: True
builtins.len = lambda x: 0
socket.socket.sendall = lambda *a: None
"""
    before, _ = run_all(submission, "def f(): return 1", source)
    assert submission.call(before.state, "f", {}).result.item() == 1

"""One call of a student's function: by name, on fresh inputs, with torch as it is at its start."""

import random
from typing import Any

import numpy as np
import torch

from imbal_lab.checks.call import Outcome, Raised, call, raised
from imbal_lab.student_process.inputs import decode_input
from imbal_lab.student_process.outcomes import encode_outcome
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.tensors import Blobs


def answer(
    order: Message, blobs: list[bytes], names: dict[str, Any]
) -> tuple[Message, list[bytes]]:
    """What the call did, as a message and its blobs."""
    results: Blobs = []
    try:
        return encode_outcome(outcome(order, blobs, names), results), results
    except (TypeError, ValueError, RuntimeError) as error:  # a result that cannot be handed over
        return encode_outcome(Outcome(raised=raised(error)), []), []


def outcome(order: Message, blobs: Blobs, names: dict[str, Any]) -> Outcome:
    if order["name"] not in names:
        return Outcome(raised=Raised("NotImplementedError", "", ""))
    start_again()
    inputs, untouched = (decode_input(order["inputs"], blobs) for _ in range(2))
    return call(names[order["name"]], inputs, untouched)


def start_again() -> None:
    """torch's and numpy's global state as it was before the student's first line."""
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.set_flush_denormal(False)
    torch.default_generator.manual_seed(0)  # torch.manual_seed looks for graphics cards too
    np.random.seed(0)
    random.seed(0)

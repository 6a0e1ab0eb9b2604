"""One call of a student's function: by name, on fresh inputs, with torch as it is at its start."""

import random
import warnings
from typing import Any

import numpy as np
import torch

from imbal_lab.checks.call import Outcome, Raised, outcome_of, raised
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
    """The call itself; what it prints goes with the process."""
    if order["name"] not in names:
        return Outcome(raised=Raised("NotImplementedError", "", ""))
    forget_settings()
    try:
        with torch.inference_mode(False):
            inputs, untouched = (decode_input(order["inputs"], blobs) for _ in range(2))
            seed_all()
            return outcome_of(names[order["name"]], inputs, untouched)
    except BaseException as error:
        below = error.__traceback__ and error.__traceback__.tb_next  # from the call on
        return Outcome(raised=raised(error.with_traceback(below)))


def forget_settings() -> None:
    """torch's global state as it was before the student's first line, and no warning matters."""
    warnings.simplefilter("ignore")
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.set_autocast_enabled("cpu", False)
    torch.set_flush_denormal(False)


def seed_all() -> None:
    """The same random numbers at each call."""
    torch.default_generator.manual_seed(0)  # torch.manual_seed looks for graphics cards too
    np.random.seed(0)
    random.seed(0)

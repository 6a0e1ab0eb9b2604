"""Torch, DataLoader and checks as they must be where students' cells are graded."""

import inspect
from typing import Any

import torch
from torch.utils.data import DataLoader

from imbal_lab import checks

ALONE = {"num_workers": 0, "prefetch_factor": None, "persistent_workers": False, "timeout": 0}


def keep_one_thread() -> None:
    """More threads cannot be asked for: with two, a fork after a backward pass hangs for ever."""
    for name in ("set_num_threads", "set_num_interop_threads"):
        setattr(torch, name, _nothing)


def load_in_this_process() -> None:
    """DataLoader's workers want shared memory; without them it gives the same batches."""
    made = DataLoader.__init__
    signature = inspect.signature(made)

    def init(*values: Any, **named: Any) -> None:
        given = signature.bind(*values, **named)
        given.arguments |= ALONE | {"multiprocessing_context": None}
        made(*given.args, **given.kwargs)

    DataLoader.__init__ = init  # type: ignore[method-assign]


def check_nothing() -> None:
    """The grader asks from outside; a check in one of the student's own cells stops nothing."""
    for module in (checks, checks.report):
        module.check = _nothing  # type: ignore[attr-defined]


def _nothing(*values: object) -> None:
    pass

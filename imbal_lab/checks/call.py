"""Calling a learner's function: quietly, on fresh inputs, leaving no trace behind."""

import contextlib
import io
import logging
import numbers
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.checks.exercise import Case, Exercise, Function

PACKAGE = Path(__file__).parent.parent
FORBIDDEN = tuple(str(PACKAGE / room) + os.sep for room in ("gradients", "methods", "exercises"))


@dataclass(frozen=True)
class Outcome:
    """What one call did: a result or an error, and what else happened on the way."""

    result: Any = None
    error: BaseException | None = None
    changed_input: str | None = None  # the argument that was written to
    used_library: bool = False  # ran the reference or a room of FORBIDDEN


def call(exercise: Exercise, case: Case, seed: int, function: Function) -> Outcome:
    """Call ``function`` on ``case`` and look at everything it did. Never raises."""
    inputs = exercise.draw(case, seed)
    watch = LibraryWatch(exercise.reference)
    try:
        with quiet(), torch_as_it_was(), watch:
            result = plain(function(*inputs.values()))
    except (Exception, SystemExit) as error:
        return Outcome(error=error, used_library=watch.seen)
    untouched = exercise.draw(case, seed)
    changed = (name for name in inputs if not same(inputs[name], untouched[name]))
    return Outcome(result, None, next(changed, None), watch.seen)


def plain(result: Any) -> Any:
    """A tensor off the graph, a number as a tensor, anything else as it is."""
    if isinstance(result, numbers.Real) and result is not True and result is not False:
        return torch.tensor(float(result), dtype=torch.float64)
    return result.detach().cpu().to_dense() if isinstance(result, Tensor) else result


def same(a: Any, b: Any) -> bool:
    """Whether two inputs are equal: tensors by dtype and value, models by their state."""
    if isinstance(a, nn.Module):
        a, b = a.state_dict(), b.state_dict()
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
    return bool(a == b)


class LibraryWatch:
    """Notices, while it is open, whether any code of the library's answers runs."""

    def __init__(self, reference: Function) -> None:
        self.reference = reference.__code__
        self.seen = False

    def __enter__(self) -> None:
        self.before = sys.getprofile()
        sys.setprofile(self.look)

    def __exit__(self, *exc: object) -> None:
        sys.setprofile(self.before)

    def look(self, frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        if event == "call" and (code is self.reference or code.co_filename.startswith(FORBIDDEN)):
            self.seen = True


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings, logs and stderr, Python's and C's: nbgrader gives zero for any stderr.

    A log handler may hold the stderr of before, so logging is stopped at its source.
    """
    saved = os.dup(2)
    logged = logging.root.manager.disable
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
        open(os.devnull, "wb") as nowhere,
    ):
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 2)
        logging.disable()
        try:
            yield
        finally:
            logging.disable(logged)
            os.dup2(saved, 2)
            os.close(saved)


@contextlib.contextmanager
def torch_as_it_was() -> Iterator[None]:
    """Start from torch's defaults and put its global state back afterwards."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)

"""Calling a learner's function: quietly, on fresh inputs, leaving no trace behind."""

import contextlib
import inspect
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
PRINTED = 10_000  # characters of a learner's own prints that one call may leave


@dataclass(frozen=True)
class Outcome:
    """What one call did: a result or an error, and what else happened on the way."""

    result: Any = None
    error: BaseException | None = None
    changed_input: str | None = None  # the argument that was written to
    used_library: bool = False  # ran the reference or a room of FORBIDDEN


def call(exercise: Exercise, case: Case, seed: int, function: Function) -> Outcome:
    """Call ``function`` on ``case`` and look at everything it did.

    Nothing that it raises gets through, but for Ctrl-C outside grading; while grading that is
    how the executor says that the time is up.
    """
    inputs = exercise.draw(case, seed)
    watch = LibraryWatch(exercise.reference)
    try:
        with quiet(), torch_as_it_was(), contextlib.redirect_stdout(Capped(sys.stdout)), watch:
            result = plain(function(*inputs.values()))
        untouched = exercise.draw(case, seed)
        changed = (name for name in inputs if not same(inputs[name], untouched[name]))
        return Outcome(result, None, next(changed, None), watch.seen)
    except KeyboardInterrupt as error:
        if os.environ.get("NBGRADER_EXECUTION") != "autograde":
            raise
        return Outcome(error=error, used_library=watch.seen)
    except BaseException as error:
        return Outcome(error=error, used_library=watch.seen)


def plain(result: Any) -> Any:
    """A tensor off the graph, a number as a tensor, anything else as it is."""
    if isinstance(result, numbers.Real) and result is not True and result is not False:
        return torch.tensor(float(result), dtype=torch.float64)
    if inspect.iscoroutine(result):
        result.close()  # or Python complains on stderr that nobody awaited it
    if not isinstance(result, Tensor):
        return result
    if result.is_nested or result.is_quantized or result.is_meta:
        raise TypeError("the result is a nested, quantized or meta tensor, not an ordinary one")
    return result.detach().cpu().to_dense()


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
        if sys.getprofile() != self.look:
            self.seen = True  # somebody did not want to be watched
        sys.setprofile(self.before)

    def look(self, frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        if event == "call" and (code is self.reference or code.co_filename.startswith(FORBIDDEN)):
            self.seen = True


class Capped(io.TextIOBase):
    """A stream that passes on the first characters and cuts the rest."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.left = stream, PRINTED

    def write(self, text: str) -> int:
        """Pass on what still fits."""
        if self.left > 0:
            self.stream.write(text[: self.left] + " ... cut\n" * (len(text) > self.left))
            self.left -= len(text)
        return len(text)


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
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)

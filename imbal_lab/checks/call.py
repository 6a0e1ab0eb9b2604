"""Calling a function on one case, and what the call did as plain data."""

import inspect
import numbers
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.checks.exercise import Case, Exercise, Function, Group, Inputs
from imbal_lab.checks.library_watch import LibraryWatch
from imbal_lab.checks.quiet import quiet, torch_as_it_was

KIND, TEXT, LINE = 100, 2_000, 500  # characters that are kept of an error


@dataclass(frozen=True)
class Raised:
    """An error, as plain text; ``line`` is the learner's own that raised it, "" if unknown."""

    kind: str  # the class's name, e.g. "IndexError"
    text: str  # its message, maybe cut
    line: str


@dataclass(frozen=True)
class Other:
    """A result that is neither a tensor nor a number nor None: its type's name is all we keep."""

    kind: str


@dataclass(frozen=True)
class Outcome:
    """What one call did: a result or an error, and what else happened on the way."""

    result: Tensor | Other | None = None
    raised: Raised | None = None
    changed_input: str | None = None  # the argument that was written to
    cut: bool = False  # an argument wants a gradient, and none goes back from the result
    used_library: bool = False  # ran the reference, or a room where the answers are
    stopped: str | None = None  # "time": over its limit; "died": the process ended


Ask = Callable[[Group, Case], Outcome]


def asking(exercise: Exercise, function: Function, seed: int) -> Ask:
    """The way to ask a function of this process, watched for calls of the library's answers.

    Ctrl-C gets through, but for grading: there it is how nbgrader says that the time is up.
    """

    def ask(group: Group, case: Case) -> Outcome:
        inputs, untouched = exercise.draw(case, seed), exercise.draw(case, seed)
        watch = LibraryWatch(exercise.reference)
        with watch:
            outcome = call(function, inputs, untouched)
        if outcome.raised and outcome.raised.kind == "KeyboardInterrupt":
            if os.environ.get("NBGRADER_EXECUTION") != "autograde":
                raise KeyboardInterrupt
            return Outcome(used_library=watch.seen, stopped="time")
        return replace(outcome, used_library=watch.seen)

    return ask


def call(function: Function, inputs: Inputs, untouched: Inputs) -> Outcome:
    """Call a learner's ``function``, quietly and with torch as it is at its start.

    ``untouched`` holds the same inputs again, to see which was written to. Nothing that the
    function raises gets through, not even an exit.
    """
    try:
        with quiet(), torch_as_it_was():
            return outcome_of(function, inputs, untouched)
    except BaseException as error:
        return Outcome(raised=raised(error))


def outcome_of(function: Function, inputs: Inputs, untouched: Inputs) -> Outcome:
    """The bare call of a function that returns."""
    wanted = any(isinstance(value, Tensor) and value.requires_grad for value in inputs.values())
    result = function(*inputs.values())
    cut = wanted and not (isinstance(result, Tensor) and result.requires_grad)
    changed = (name for name in inputs if not same(inputs[name], untouched[name]))
    return Outcome(plain(result), changed_input=next(changed, None), cut=cut)


def plain(result: Any) -> Tensor | Other | None:
    """A tensor off the graph, a number as a tensor, of anything else its type's name."""
    if isinstance(result, numbers.Real) and result is not True and result is not False:
        return torch.tensor(float(result), dtype=torch.float64)
    if inspect.iscoroutine(result):
        result.close()  # or Python complains on stderr that nobody awaited it
    if result is None:
        return None
    if not isinstance(result, Tensor):
        return Other(type(result).__name__[:KIND])
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


def raised(error: BaseException) -> Raised:
    """An error as plain text; it may be broken itself."""
    try:
        text = str(error).strip()
    except Exception:
        text = ""
    return Raised(type(error).__name__[:KIND], text[:TEXT], line_of(error)[:LINE])


def line_of(error: BaseException) -> str:
    """The last line of the file where the learner's function stands, on the way to ``error``."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename != __file__]
    return next((f.line or "" for f in theirs[::-1] if f.filename == theirs[0].filename), "")

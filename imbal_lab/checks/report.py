"""What a learner reads: three plain lines, or one line of success; never a stack trace."""

import os
import sys
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from imbal_lab.checks.call import asking
from imbal_lab.checks.exercise import Exercise
from imbal_lab.checks.judge import judge
from imbal_lab.checks.known import Known
from imbal_lab.checks.quiet import torch_as_it_was
from imbal_lab.checks.wording import lines_of

WIDTH = 110  # of a success: JupyterLab breaks longer lines in the middle of a word


class CheckFailed(Exception):  # noqa: N818 - reads as a state, as in "check failed"
    """A check that did not pass. IPython prints its three lines and nothing else."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)

    def _render_traceback_(self) -> list[str]:
        return list(self.lines)


def check(exercise: str, *, points: float | None = None) -> Any:
    """Judge your answer to ``exercise`` and say what it shows, or what to try next.

    The answer is the caller's variable of that name: a function, a lambda, a partial. Raises
    :class:`CheckFailed` with three lines when something is missing. While grading, a partly
    right answer prints its lines and returns the points it earned.
    """
    grading = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    function = sys._getframe(1).f_globals.get(exercise, undefined)
    seed = int(os.environ.get("IMBAL_LAB_SEED", "0"))
    with torch_as_it_was():
        task = find(exercise)
        verdict = judge(Known(task, seed), asking(task, function, seed), hidden=grading)
    lines = lines_of(verdict)
    if verdict.state == "done" or (grading and verdict.fraction > 0 and points is not None):
        done = verdict.state == "done"
        print(fill(lines[0], WIDTH, subsequent_indent="  ") if done else "\n".join(lines))
        return None if done else verdict.fraction * (points or 0)
    raise CheckFailed(lines)


def find(exercise: str) -> Exercise:
    """The exercise by its id, where the exercises are installed."""
    try:
        from imbal_lab import exercises
    except ImportError:
        raise CheckFailed(
            (
                f"○ {exercise}: not judged here.",
                "Why: the exercises are kept away from this process; the grader has them.",
                "Try: nothing, your function is called and judged from outside.",
            )
        ) from None
    return exercises.get(exercise)


def undefined(*args: object) -> None:
    """Stands for an answer cell that was never run."""
    raise NotImplementedError

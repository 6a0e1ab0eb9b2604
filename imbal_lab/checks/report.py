"""What a learner reads: three plain lines, or one line of success; never a stack trace."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from imbal_lab.checks.exercise import Exercise, Function
from imbal_lab.checks.judge import Verdict, broken_property, judge

MIME = "application/vnd.imbal-lab.check+json"
MARKS = {"not started": "○", "not yet": "✗", "done": "✓"}


class CheckFailed(Exception):  # noqa: N818 - reads as a state, as in "check failed"
    """A check that did not pass. IPython prints its three lines and nothing else."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)

    def _render_traceback_(self) -> list[str]:
        return list(self.lines)


def check(exercise: str, function: Function | None = None, *, points: float | None = None) -> Any:
    """Judge your answer to ``exercise`` and say what it shows, or what to try next.

    ``function`` defaults to the caller's variable of the exercise's name; nothing else is
    read from there. Raises :class:`CheckFailed` with three lines when something is missing.
    While grading, a partly right answer prints its lines and returns the points it earned.
    """
    grading = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    task = find(exercise)
    if function is None:
        function = sys._getframe(1).f_globals.get(exercise, undefined)
    seed = int(os.environ.get("IMBAL_LAB_SEED", "0"))
    verdict = judge(task, function, seed=seed, hidden=grading)
    lines = [success(verdict)] if verdict.state == "done" else three_lines(verdict)
    if grading and points is not None:
        publish(verdict, lines, points)
    if verdict.state == "done" or (grading and verdict.fraction > 0 and points is not None):
        print(*lines, sep="\n")
        return None if verdict.state == "done" else verdict.fraction * (points or 0)
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


def success(verdict: Verdict) -> str:
    shown = "; ".join(group.shows for group in verdict.groups)
    later = len(verdict.exercise.groups) - len(verdict.groups)
    more = f" {later} more part{'s' * (later > 1)} will be checked at grading." if later else ""
    return f"{MARKS['done']} {verdict.exercise.id}: shown: {shown}.{more}"


def three_lines(verdict: Verdict) -> list[str]:
    """What was seen against what was expected; why; what to try."""
    finding, name = verdict.finding, verdict.exercise.id
    assert finding is not None
    if verdict.state == "not started":
        return [
            f"{MARKS['not started']} {name}: not started.",
            "Why: the answer cell has not been run, or still raises NotImplementedError.",
            "Try: write your code in place of that line, run the cell, then run this check again.",
        ]
    head = f"{MARKS['not yet']} {name}: {finding.group.name}: "
    if finding.outcome.used_library:
        return [
            f"{head}{finding.seen}.",
            "Why: the check wants to see yours, and this one calls imbal_lab.methods.",
            f"Try: write the formula yourself; it takes {verdict.exercise.signature} and torch.",
        ]
    seen = finding.seen if not finding.group.hidden else "the result is not the expected one"
    if verdict.mistake:
        why, advice = verdict.mistake.why, verdict.mistake.advice
    else:
        why = unlisted(verdict)
        advice = finding.group.advice
    return [f"{head}{seen}.", f"Why: {why}", f"Try: {advice}"]


def unlisted(verdict: Verdict) -> str:
    assert verdict.finding is not None
    broken = broken_property(verdict.exercise, verdict.seed, verdict.finding)
    if broken:
        return f"no known mistake fits, but a rule is broken: {broken}"
    return "no known mistake fits; this is the first place where yours and the reference part."


def publish(verdict: Verdict, lines: list[str], points: float) -> None:
    """Leave the verdict in the notebook's outputs, for the grader's tables."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    shell.display_pub.publish(
        {
            MIME: {
                "exercise": verdict.exercise.id,
                "state": verdict.state,
                "seed": verdict.seed,
                "score": verdict.fraction * points,
                "points": points,
                "groups": [
                    {"name": g.name, "hidden": g.hidden, "passed": ok, "weight": g.weight}
                    for g, ok in zip(verdict.groups, verdict.passed, strict=True)
                ],
                "mistake": verdict.mistake.name if verdict.mistake else None,
                "lines": lines,
            }
        }
    )

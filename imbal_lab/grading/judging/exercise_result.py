"""How an exercise went, out of a verdict, or out of the reason why there is none."""

from __future__ import annotations

from imbal_lab.checks import Exercise, Raised, Verdict
from imbal_lab.checks.judge import error_text
from imbal_lab.checks.wording import MARKS, lines_of
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.judging.graded import ExerciseResult, GroupResult
from imbal_lab.student_process.outputs import CellError
from imbal_lab.student_process.submission import CellRun

WHY_STOPPED = {
    "time": "a loop that never ends, or one far too long, was interrupted.",
    "died": "exit(), a crash in compiled code, or more memory than there is, ends Python itself.",
    "refused": "the cell asks for something that does not exist while grading.",
}


def of_verdict(
    verdict: Verdict, points: float, answer: CellRun | None, cpu_seconds: float
) -> ExerciseResult:
    """The result; where nothing was found to judge, what became of the answer cell says why."""
    groups = tuple(
        GroupResult(group.name, group.hidden, passed, float(group.weight))
        for group, passed in zip(verdict.groups, verdict.passed, strict=True)
    )
    state, lines = str(verdict.state), tuple(lines_of(verdict))
    broken = lines_of_cell(verdict.exercise.id, answer) if state == "not started" else None
    return ExerciseResult(
        exercise=verdict.exercise.id,
        state="not yet" if broken else state,
        score=points * verdict.fraction,
        points=points,
        mistake=verdict.mistake.name if verdict.mistake else None,
        lines=broken or lines,
        groups=groups,
        cpu_seconds=cpu_seconds,
    )


def lines_of_cell(exercise: str, answer: CellRun | None) -> tuple[str, str, str] | None:
    """What is said of an answer cell that failed before it defined the function; None if not."""
    if answer is None or answer.ended == "ok":
        return None
    head = f"{MARKS['not yet']} {exercise}: the answer cell"
    if answer.ended in WHY_STOPPED:
        return (
            f"{head} was stopped: {printable(answer.says)}.",
            f"Why: {WHY_STOPPED[answer.ended]}",
            "Try: leave only the function in that cell, and call it in another one.",
        )
    errors = [output for output in answer.outputs if isinstance(output, CellError)]
    what = error_text(Raised(errors[-1].kind, errors[-1].text, "")) if errors else "an error"
    return (
        f"{head} stopped with {what}.",
        f"Why: Python did not get as far as the function {exercise}.",
        "Try: run that cell again and mend what Python points at.",
    )


def not_judged(exercise: str, points: float, task: Exercise | None, why: str) -> ExerciseResult:
    """No points yet, and in three lines why; `task` is None for an unknown exercise."""
    groups = task.groups if task else ()
    return ExerciseResult(
        exercise=exercise,
        state="not started",
        score=0.0,
        points=points,
        mistake=None,
        lines=(
            f"{MARKS['not started']} {exercise}: not judged.",
            f"Why: {why}",
            "Try: nothing for now, a person will look at it.",
        ),
        groups=tuple(GroupResult(g.name, g.hidden, False, float(g.weight)) for g in groups),
        cpu_seconds=0.0,
    )

"""What a worker does with one submission: plain data in, plain data out."""

from __future__ import annotations

import json
from typing import Any

from imbal_lab import exercises
from imbal_lab.checks import Exercise
from imbal_lab.grading.flagging.flags import flags
from imbal_lab.grading.judging.executed_notebook import executed_notebook
from imbal_lab.grading.judging.exercise_result import not_judged, of_verdict
from imbal_lab.grading.judging.graded import ExerciseResult, Flag, Graded, Job
from imbal_lab.grading.judging.judge_submission import Judged, judge_submission, own_errors
from imbal_lab.grading.judging.warm_parents import close_warm_parents, warm_parent
from imbal_lab.grading.submissions.planned import Repaired
from imbal_lab.grading.submissions.released import released_cells
from imbal_lab.grading.submissions.repair import repair
from imbal_lab.student_process.submission import Budget

__all__ = ["close_warm_parents", "grade_submission"]

BUDGET = Budget()  # of each submission
UNREADABLE = "nothing could be read of what was handed in."
OURS = "the grader could not do it; that is not your fault."


def grade_submission(job: Job) -> Graded:
    """What there is to say about a submission, however broken or hostile it is.

    An error of our own is a doubt and costs what could not be judged, never the run.
    Raises ConfinementError where students' code cannot be confined here, StartError where no
    warm parent can be started.
    """
    release = json.loads(job.release)
    repaired = repair(job.submission, release)
    doubts = list(repaired.doubts)
    points = _points(release)
    tasks = _known(points, doubts)
    judged, cpu_seconds = None, 0.0
    if repaired.readable:
        parent = warm_parent(unsafe=job.unsafe)
        with (
            own_errors(doubts, "running the notebook"),
            parent.submission(BUDGET) as submission,
        ):
            judged = judge_submission(
                submission, repaired.cells, list(tasks.values()), job.seed, doubts
            )
            cpu_seconds = submission.cpu_seconds
    if cpu_seconds >= BUDGET.submission:
        doubts.append(
            f"It took {cpu_seconds:.0f} s of computing, which is all that a submission gets: "
            "what came last was cut off."
        )
    results = [_result(name, points[name], tasks.get(name), repaired, judged) for name in points]
    return Graded(
        notebook=_notebook(release, repaired, judged, results),
        exercises=tuple(results),
        notes=(*repaired.notes, *(judged.notes if judged else ())),
        flags=_flags(repaired, tasks, doubts),
        doubts=tuple(dict.fromkeys(doubts)),
        cpu_seconds=cpu_seconds,
    )


def _points(release: dict[str, Any]) -> dict[str, float]:
    """Points of each exercise that the release checks, in its order."""
    checks = (cell for cell in released_cells(release) if cell.role == "check")
    return {str(c.exercise): float(c.metadata["nbgrader"]["points"]) for c in checks}


def _known(points: dict[str, float], doubts: list[str]) -> dict[str, Exercise]:
    unknown = [name for name in points if name not in exercises.names()]
    doubts += [f"This version of the course has no exercise called {name}." for name in unknown]
    return {name: exercises.get(name) for name in points if name not in unknown}


def _result(
    name: str, points: float, task: Exercise | None, repaired: Repaired, judged: Judged | None
) -> ExerciseResult:
    verdict = judged.verdicts.get(name) if judged else None
    if judged is None or verdict is None:
        return not_judged(name, points, task, OURS if repaired.readable else UNREADABLE)
    answer = judged.executed.answers.get(name)
    return of_verdict(verdict, points, answer, judged.cpu_seconds[name])


def _notebook(
    release: dict[str, Any],
    repaired: Repaired,
    judged: Judged | None,
    results: list[ExerciseResult],
) -> bytes:
    runs = judged.executed.runs if judged else {}
    lines = {result.exercise: result.lines for result in results}
    return executed_notebook(release, repaired.cells, runs, lines)


def _flags(repaired: Repaired, tasks: dict[str, Exercise], doubts: list[str]) -> tuple[Flag, ...]:
    found: tuple[Flag, ...] = ()
    with own_errors(doubts, "looking through the code"):
        found = flags(repaired.cells, list(tasks.values()))
    return found

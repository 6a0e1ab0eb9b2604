"""Running a submission's cells and judging its functions, in the order that keeps secrets.

All cells run first, and their outputs are taken before any function is called. Then the visible
cases of all exercises are asked, then the hidden ones, those of each exercise in a throw-away
process. So no output, no error text and no file of a student can hold a hidden input.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from imbal_lab.checks import Exercise, Verdict, judge
from imbal_lab.grading.judging.remote_ask import RemoteAsk
from imbal_lab.grading.judging.run_cells import Executed, run_cells
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.sandbox import ConfinementError
from imbal_lab.student_process.submission import Submission


@dataclass(frozen=True)
class Judged:
    """What the cells did, the verdicts (None: none was reached), CPU seconds by exercise."""

    executed: Executed
    verdicts: dict[str, Verdict | None]
    cpu_seconds: dict[str, float]
    notes: tuple[str, ...]


def judge_submission(
    submission: Submission,
    cells: Sequence[PlannedCell],
    exercises: Sequence[Exercise],
    seed: int,
    doubts: list[str],
) -> Judged:
    """Run and judge. An error of ours costs the exercise's verdict and is added to `doubts`."""
    executed = run_cells(submission, cells)
    asks = {exercise.id: _ask(submission, exercise, seed, executed) for exercise in exercises}
    spent = {name: executed.cpu_seconds.get(name, 0.0) for name in asks}
    verdicts: dict[str, Verdict | None] = {}
    before = submission.cpu_seconds
    for hidden in (False, True):  # the first time for its outcomes, which stay in the ask
        for exercise in exercises:
            if hidden and verdicts[exercise.id] is None:
                continue  # visible cases are never asked once a hidden one was
            verdicts[exercise.id] = _judge(exercise, asks[exercise.id], hidden, doubts)
            after = submission.cpu_seconds
            spent[exercise.id] += after - before
            before = after
    notes = [note for ask in asks.values() for note in ask.notes]
    return Judged(executed, verdicts, spent, (*executed.notes, *notes))


def _ask(submission: Submission, exercise: Exercise, seed: int, executed: Executed) -> RemoteAsk:
    place = executed.places.get(exercise.id, executed.end)
    return RemoteAsk(submission, exercise, seed, place=place, end=executed.end)


def _judge(exercise: Exercise, ask: RemoteAsk, hidden: bool, doubts: list[str]) -> Verdict | None:
    verdict = None
    with own_errors(doubts, exercise.id), closing(ask):
        verdict = judge(ask.known, ask, hidden=hidden)
    return verdict


@contextmanager
def own_errors(doubts: list[str], what: str) -> Iterator[None]:
    """Turn an error of our own code into a doubt, with its kind and its place.

    That code cannot be confined is no such error: it is raised.
    """
    try:
        yield
    except ConfinementError:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        doubts.append(f"The grader failed at {what}: {type(error).__name__} in {place}.")

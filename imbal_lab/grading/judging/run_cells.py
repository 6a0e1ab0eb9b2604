"""Running a submission's cells, all of them, before any of its functions is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.judging.missing_import import missing_import
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.student_process.outputs import CellError
from imbal_lab.student_process.submission import CellRun, State, Submission

MOST_NOTES = 20  # a notebook may have a thousand cells that fail
STOPPED = ("time", "died", "refused")


@dataclass
class Executed:
    """What the cells did. `runs` by the cell's number; the rest by exercise.

    `places` are the states in which the checks stand, `end` the one after the last cell.
    """

    end: State
    runs: dict[int, CellRun] = field(default_factory=dict)
    places: dict[str, State] = field(default_factory=dict)
    answers: dict[str, CellRun] = field(default_factory=dict)  # the last answer cell's
    cpu_seconds: dict[str, float] = field(default_factory=dict)  # of the answer cells
    notes: list[str] = field(default_factory=list)

    def note(self, number: int, what: str) -> None:
        """Keep a sentence about a cell, among the first MOST_NOTES."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(f"Cell {number + 1} {what}.")


def run_cells(submission: Submission, cells: Sequence[PlannedCell]) -> Executed:
    """Run all code cells in order. Checks are not run: the states at their places are kept."""
    executed = Executed(submission.start)
    for number, cell in enumerate(cells):
        if cell.kind == "check" and cell.exercise is not None:
            submission.keep(executed.end)
            executed.places[cell.exercise] = executed.end  # of copies the last
        elif cell.kind == "code":
            _run_cell(submission, executed, number, cell)
    submission.keep(executed.end)
    return executed


def _run_cell(submission: Submission, executed: Executed, number: int, cell: PlannedCell) -> None:
    before = submission.cpu_seconds if cell.exercise else 0.0
    run = executed.runs[number] = _run(submission, executed, number, cell.source)
    executed.end = run.state
    if run.ended in STOPPED:
        executed.note(number, f"did not run to its end: {printable(run.says)}")
    if cell.exercise is not None:
        spent = executed.cpu_seconds.get(cell.exercise, 0.0)
        executed.cpu_seconds[cell.exercise] = spent + submission.cpu_seconds - before
        executed.answers[cell.exercise] = run


def _run(submission: Submission, executed: Executed, number: int, source: str) -> CellRun:
    """Run a cell; for each forgotten import run that, and the cell again, as a person would."""
    run = submission.run(executed.end, source)
    tried: set[str] = set()
    while (needed := _forgotten(run)) and needed not in tried:
        tried.add(needed)
        executed.note(number, f"needed `{needed}`; it was run for you")
        run = submission.run(submission.run(run.state, needed).state, source)
    return run


def _forgotten(run: CellRun) -> str | None:
    errors = [output for output in run.outputs if isinstance(output, CellError)]
    if run.ended != "error" or not errors:
        return None
    return missing_import(errors[-1].kind, errors[-1].text)

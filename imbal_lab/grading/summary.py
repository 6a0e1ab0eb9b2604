"""What the tables say about a graded lesson: one row a student, and who needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from . import scores, tables
from .course import Course
from .outcomes import NO_RESULT

MARKS = {"done": "✓", "not yet": "✗", "not started": "○", NO_RESULT: "!"}


@dataclass(frozen=True)
class Row:
    """A student's result in a lesson.

    `marks` per exercise: the state's mark and the points; `notes` are what a teacher should know;
    `needs_person` are those of them that put the score in doubt.
    """

    student: str
    score: float
    points: float
    marks: dict[str, str]
    needs_person: list[str]
    notes: list[str]


def summary(course: Course, lesson: str, students: list[str]) -> list[Row]:
    """The rows of `students`, in that order, from the newest run of each and the gradebook."""
    by_student = scores.read_scores(course, lesson)
    exercises = scores.exercises(course, lesson)
    nothing = scores.Score(0.0, sum(exercises.values()), {})
    with tables.connect(course) as connection:
        runs = tables.latest_runs(connection, lesson)
        release = tables.latest_release(connection, lesson)
        found = _diagnoses(connection, [run["id"] for run in runs.values()])
    rows = []
    for student in students:
        run, score = runs.get(student), by_student.get(student, nothing)
        row = Row(student, score.score, score.points, {}, _run_doubts(run, release), [])
        for exercise in exercises:
            diagnosis = found.get((run["id"], exercise)) if run else None
            cell = score.cells.get(f"check-{exercise}")
            if diagnosis is not None:
                row.marks[exercise] = f"{MARKS[diagnosis.state]} {cell.score if cell else 0:g}"
                row.needs_person.extend(_doubts(exercise, diagnosis, cell))
        graded = run is not None and run["status"] == "graded"
        essays = [name for name in score.cells if name.removeprefix("check-") not in exercises]
        row.notes.extend(
            f"{name} to mark" for name in essays if graded and score.cells[name].to_mark
        )
        rows.append(row)
    return rows


def _diagnoses(connection: Connection, run_ids: list[int]) -> dict[tuple[int, str], Any]:
    """Rows of the table of diagnoses by run and exercise."""
    query = select(tables.diagnoses).where(tables.diagnoses.c.run_id.in_(run_ids))
    return {(row.run_id, row.exercise): row for row in connection.execute(query)}


def _run_doubts(run: dict | None, release: dict | None) -> list[str]:
    if run is None or run["status"] == "running":
        return ["not graded"]
    if run["status"] == "failed":
        return [f"could not be graded: {run['reason']}"]
    if release and run["made_from"] not in (None, release["source_sha256"]):
        return ["made from another version of the lesson than the one released"]
    return []


def _doubts(exercise: str, diagnosis: Any, cell: scores.CellScore | None) -> list[str]:
    if diagnosis.state == NO_RESULT:
        return [f"{exercise}: {diagnosis.line_1}"]
    if cell is None or cell.auto is None or abs(cell.auto - diagnosis.score) > 1e-6:
        counted = "nothing" if cell is None or cell.auto is None else f"{cell.auto:g}"
        return [f"{exercise}: the check says {diagnosis.score:g}, nbgrader counted {counted}"]
    return []

"""What the tables say about a graded lesson: one row a student, and who needs a person."""

from __future__ import annotations

from dataclasses import dataclass

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook import scores, tables
from imbal_lab.grading.gradebook.records import Record, read_records

MARKS = {"done": "✓", "not yet": "✗", "not started": "○"}
NOTHING = Record((), (), (), ())


@dataclass(frozen=True)
class Row:
    """A student's result in a lesson.

    `marks` per exercise: the state's mark and the points. `cpu_seconds` of the student's code, None
    where it did not come to a result. `needs_person`: doubts and flags, which put the score in
    question; `to_mark`: essays; `notes`: what was mended and cost nothing.
    """

    student: str
    score: float
    points: float
    marks: dict[str, str]
    cpu_seconds: float | None
    needs_person: list[str]
    to_mark: list[str]
    notes: list[str]


def summary(course: Course, lesson: str, students: list[str]) -> list[Row]:
    """The rows of `students`, in that order, from the newest run of each and the gradebook."""
    cells = scores.graded_cells(course, lesson)
    essays = [name for name in cells if not name.startswith("check-")]
    by_student = scores.read_scores(course, lesson)
    nothing = scores.Score(0.0, sum(points for _, points in cells.values()), {})
    with tables.connect(course) as connection:
        runs = tables.latest_runs(connection, lesson)
        records = read_records(connection, [run["id"] for run in runs.values()])
    rows = []
    for student in students:
        run, score = runs.get(student), by_student.get(student, nothing)
        record = records[run["id"]] if run else NOTHING
        rows.append(
            Row(
                student,
                score.score,
                score.points,
                _marks(record, score),
                run["cpu_seconds"] if run else None,
                _needs_person(run, record, score),
                [name for name in essays if name in score.cells and score.cells[name].unmarked],
                list(record.notes),
            )
        )
    return rows


def _marks(record: Record, score: scores.Score) -> dict[str, str]:
    """Exercise -> its state's mark and the points that count now."""
    marks = {}
    for found in record.exercises:
        cell = score.cells.get(f"check-{found.exercise}")
        marks[found.exercise] = f"{MARKS.get(found.state, '!')} {cell.score if cell else 0:g}"
    return marks


def _needs_person(run: dict | None, record: Record, score: scores.Score) -> list[str]:
    """What is still in question: where a person has given the points, nothing is any more."""
    if run is None or run["status"] == "running":
        return ["not graded"]
    checks = {name: cell for name, cell in score.cells.items() if name.startswith("check-")}
    settled = bool(checks) and not any(cell.to_mark for cell in checks.values())
    flags = [
        f"{flag.exercise or 'elsewhere'}: {flag.why}: {flag.line}"
        for flag in record.flags
        if not (f"check-{flag.exercise}" in checks and not checks[f"check-{flag.exercise}"].to_mark)
    ]
    return [] if settled else [*record.doubts, *flags]

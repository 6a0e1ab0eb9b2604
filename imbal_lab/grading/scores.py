"""Points of every student, read from nbgrader's gradebook."""

from __future__ import annotations

from dataclasses import dataclass

from .course import Course, CourseError, read_notebook
from .tables import gradebook


@dataclass(frozen=True)
class CellScore:
    """Points of one graded cell; `score` includes what a person changed by hand."""

    score: float
    auto: float | None  # None: only a person can mark it
    points: float
    to_mark: bool


@dataclass(frozen=True)
class Score:
    """A student's result in a lesson; `cells` by grade id, in the notebook's order."""

    score: float
    points: float
    cells: dict[str, CellScore]


def read_scores(course: Course, lesson: str) -> dict[str, Score]:
    """Every student's score in `lesson`, sorted by id. Raises CourseError for an unreleased one."""
    from nbgrader.api import MissingEntry

    with gradebook(course) as book:
        try:
            assignment = book.find_assignment(lesson)
        except MissingEntry as error:
            raise CourseError(f"{lesson} is not in the gradebook; release it first") from error
        by_student = {s.student_id: s for s in assignment.submissions}
        return {
            student: Score(
                float(by_student[student].score),
                float(by_student[student].max_score),
                {
                    grade.name: CellScore(
                        float(grade.score),
                        grade.auto_score,
                        float(grade.max_score),
                        bool(grade.needs_manual_grade),
                    )
                    for notebook in by_student[student].notebooks
                    for grade in notebook.grades
                },
            )
            for student in sorted(by_student)
        }


def graded_cells(course: Course, lesson: str) -> dict[str, tuple[str, float]]:
    """Grade id -> (code or markdown, points) of the released lesson, in the notebook's order."""
    released = read_notebook(course.notebook("release", ".", lesson).read_bytes())
    found = {}
    for cell in released["cells"]:
        mine = cell["metadata"].get("nbgrader", {})
        if mine.get("grade"):
            found[mine["grade_id"]] = (cell["cell_type"], float(mine["points"]))
    return found


def exercises(course: Course, lesson: str) -> dict[str, float]:
    """Exercise id -> points of the released lesson, in the notebook's order."""
    return {
        grade_id.removeprefix("check-"): points
        for grade_id, (_, points) in graded_cells(course, lesson).items()
        if grade_id.startswith("check-")
    }

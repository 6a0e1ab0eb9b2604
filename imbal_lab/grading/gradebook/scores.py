"""Points of every student, read from nbgrader's gradebook."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from imbal_lab.grading.course import Course, CourseError, read_notebook
from imbal_lab.grading.gradebook import tables


@dataclass(frozen=True)
class CellScore:
    """Points of one graded cell; `score` includes what a person changed by hand."""

    score: float
    auto: float | None  # None: only a person can mark it, or grading came to no result
    manual: float | None  # given by a person, and then it counts
    points: float
    to_mark: bool  # a person should look at it

    @property
    def unmarked(self) -> bool:
        """Only a person can give the points, and has not, or not for the work as it is now."""
        return self.auto is None and self.to_mark

    @property
    def nothing_known(self) -> bool:
        """Neither the grader nor a person gave points."""
        return self.auto is None and self.manual is None


@dataclass(frozen=True)
class Score:
    """A student's result in a lesson; `cells` by grade id."""

    score: float
    points: float
    cells: dict[str, CellScore]


def read_scores(course: Course, lesson: str) -> dict[str, Score]:
    """Every student's score in `lesson`, sorted by id. Raises CourseError for an unreleased one."""
    from nbgrader.api import Assignment, Grade, GradeCell, SubmittedAssignment, SubmittedNotebook

    by_student: dict[str, dict[str, CellScore]] = defaultdict(dict)
    with tables.connect(course) as connection:
        if connection.scalar(select(Assignment.id).where(Assignment.name == lesson)) is None:
            raise CourseError(f"{lesson} is not in the gradebook; release it first")
        query = (
            select(
                SubmittedAssignment.student_id,
                GradeCell.name,
                Grade.score,
                Grade.auto_score,
                Grade.manual_score,
                GradeCell.max_score,
                Grade.needs_manual_grade,
            )
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(GradeCell, GradeCell.id == Grade.cell_id)
            .where(Assignment.name == lesson)
        )
        for student, name, score, auto, manual, points, to_mark in connection.execute(query):
            cell = CellScore(float(score), auto, manual, float(points), bool(to_mark))
            by_student[student][name] = cell
    return {
        student: Score(
            sum(cell.score for cell in cells.values()),
            sum(cell.points for cell in cells.values()),
            cells,
        )
        for student, cells in sorted(by_student.items())
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

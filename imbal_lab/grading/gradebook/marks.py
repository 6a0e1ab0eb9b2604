"""What people gave: marks and comments, read from nbgrader's gradebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook.tables import gradebook


@dataclass(frozen=True)
class Mark:
    """Points of one graded cell; `by_hand`: a person gave them; `to_mark`: a person will."""

    score: float
    points: float
    by_hand: bool
    to_mark: bool


@dataclass(frozen=True)
class Marks:
    """A student's marks and comments in a lesson, by grade id; `name` is "" where not known."""

    name: str
    score: float
    points: float
    cells: dict[str, Mark]
    comments: dict[str, str]


def read_marks(course: Course, lesson: str) -> dict[str, Marks]:
    """What the gradebook holds for a lesson that was graded, by student."""
    with gradebook(course) as book:
        submissions = book.find_assignment(lesson).submissions
        return {submission.student_id: _marks(submission) for submission in submissions}


def _marks(submission: Any) -> Marks:
    names = (submission.student.first_name, submission.student.last_name)
    notebooks = submission.notebooks
    return Marks(
        " ".join(name for name in names if name),
        float(submission.score),
        float(submission.max_score),
        {grade.name: _mark(grade) for notebook in notebooks for grade in notebook.grades},
        {
            comment.name: comment.manual_comment
            for notebook in notebooks
            for comment in notebook.comments
            if comment.manual_comment
        },
    )


def _mark(grade: Any) -> Mark:
    by_hand = grade.manual_score is not None or bool(grade.extra_credit)
    return Mark(float(grade.score), float(grade.max_score), by_hand, bool(grade.needs_manual_grade))

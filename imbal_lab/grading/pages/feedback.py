"""Feedback pages: one HTML file a student, from the gradebook and the autograded notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imbal_lab.grading.course import (
    Course,
    CourseError,
    lesson_metadata,
    read_notebook,
    write_atomically,
)
from imbal_lab.grading.gradebook import marks, tables
from imbal_lab.grading.gradebook.records import Record, read_records
from imbal_lab.grading.pages.feedback_page import feedback_page
from imbal_lab.grading.tasks import students_of

NOTHING: dict[str, Any] = {"cells": []}


def feedback(
    course: Course, lesson: str, *, student: str | None = None
) -> dict[str, Path | CourseError]:
    """Write `feedback/STUDENT/LESSON/LESSON.html` for everybody graded, or one `student`.

    Returns each student's page, or why there is none: who handed in and was not graded yet. Who
    could not be graded gets a page that says so. Raises CourseError where nobody, or not this
    student, was graded.
    """
    results = _results(course, lesson)
    if not results or student not in (None, *results):
        who = "nobody was" if student is None else f"{student!r} was not"
        raise CourseError(f"{who} graded in {lesson}; run imbal-lab grade {lesson}")
    marked = marks.read_marks(course, lesson)
    title = _title(course, lesson)
    pages: dict[str, Path | CourseError] = {}
    for who in [student] if student else sorted({*results, *students_of(course, lesson, None)}):
        if who not in results:
            pages[who] = CourseError("not graded yet")
            continue
        page = course.notebook("feedback", who, lesson).with_suffix(".html")
        work = _autograded(course, lesson, who) if results[who].exercises else NOTHING
        write_atomically(page, feedback_page(title, who, results[who], marked[who], work))
        pages[who] = page
    return pages


def _results(course: Course, lesson: str) -> dict[str, Record]:
    """What the newest run of each student found; of one that failed, no exercise."""
    with tables.connect(course) as connection:
        runs = {
            who: run["id"]
            for who, run in tables.latest_runs(connection, lesson).items()
            if run["status"] in ("graded", "failed")
        }
        records = read_records(connection, runs.values())
    return {who: records[run] for who, run in runs.items()}


def _title(course: Course, lesson: str) -> str:
    released = read_notebook(course.notebook("release", ".", lesson).read_bytes())
    return str(lesson_metadata(released).get("title", lesson))


def _autograded(course: Course, lesson: str, student: str) -> dict[str, Any]:
    """The notebook as it was graded; an empty one where somebody took it away."""
    path = course.notebook("autograded", student, lesson)
    return read_notebook(path.read_bytes()) if path.is_file() else NOTHING

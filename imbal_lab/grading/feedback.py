"""Feedback pages: one HTML file a student, made by nbgrader from the graded notebook."""

from __future__ import annotations

from pathlib import Path

from . import tables
from .conversion import ConversionError, convert
from .course import Course, CourseError, write_atomically

WRAP = """<style>
div.output_area pre { white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; }
</style>"""


def feedback(
    course: Course, lesson: str, *, student: str | None = None
) -> dict[str, Path | ConversionError]:
    """Write `feedback/STUDENT/LESSON/LESSON.html` for everybody graded, or one `student`.

    Returns each student's page, or why there is none; for everybody, that includes those who
    handed in and could not be graded.
    Raises CourseError where nobody, or not this student, was graded.
    """
    graded = [
        who
        for who in course.students("autograded", lesson)
        if course.notebook("autograded", who, lesson).exists()
    ]
    if not graded or student not in (None, *graded):
        who = "nobody was" if student is None else f"{student!r} was not"
        raise CourseError(f"{who} graded in {lesson}; run imbal-lab grade {lesson}")
    if student is not None:
        return {student: _page(course, lesson, student)}
    everybody = sorted({*graded, *course.students("submitted", lesson)})
    with tables.connect(course) as connection:
        tried = tables.latest_runs(connection, lesson)
    return {
        who: _page(course, lesson, who)
        if who in graded
        else ConversionError("could not be graded" if who in tried else "not graded yet")
        for who in everybody
    }


def _page(course: Course, lesson: str, student: str) -> Path | ConversionError:
    try:
        convert("GenerateFeedback", course.directory(assignment_id=lesson, student_id=student))
        page = course.notebook("feedback", student, lesson).with_suffix(".html")
        _wrap_lines(page)
        return page
    except ConversionError as error:
        return error


def _wrap_lines(page: Path) -> None:
    """Let long lines of a check's message wrap; nbgrader's page hides their end behind a bar."""
    html = page.read_text(encoding="utf-8")
    wrapped = html.replace("</head>", f"{WRAP}</head>", 1)
    write_atomically(page, wrapped.encode("utf-8"))

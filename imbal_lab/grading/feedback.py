"""Feedback pages: one HTML file a student, made by nbgrader from the graded notebook."""

from __future__ import annotations

from pathlib import Path

from .conversion import ConversionError, convert
from .course import Course, CourseError, write_atomically

WRAP = """<style>
div.output_area pre { white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; }
</style>"""


def feedback(
    course: Course, lesson: str, *, student: str | None = None
) -> dict[str, Path | ConversionError]:
    """Write `feedback/STUDENT/LESSON/LESSON.html` for everybody graded, or one `student`.

    Returns each student's page, or why there is none.
    Raises CourseError where nobody, or not this student, was graded.
    """
    graded = [
        who
        for who in course.students("autograded", lesson)
        if student in (None, who) and course.notebook("autograded", who, lesson).exists()
    ]
    if not graded:
        raise CourseError(
            f"{student or 'nobody'} was graded in {lesson}; run imbal-lab grade {lesson}"
        )
    pages: dict[str, Path | ConversionError] = {}
    for who in graded:
        try:
            convert("GenerateFeedback", course.directory(assignment_id=lesson, student_id=who))
            page = course.notebook("feedback", who, lesson).with_suffix(".html")
            _wrap_lines(page)
            pages[who] = page
        except ConversionError as error:
            pages[who] = error
    return pages


def _wrap_lines(page: Path) -> None:
    """Let long lines of a check's message wrap; nbgrader's page hides their end behind a bar."""
    html = page.read_text(encoding="utf-8")
    wrapped = html.replace("</head>", f"{WRAP}</head>", 1)
    write_atomically(page, wrapped.encode("utf-8"))

"""The report on a lesson: item analysis and who needs a word, as a page and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from imbal_lab.grading.course import Course, write_atomically
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.seeds import course_secret
from imbal_lab.grading.gradebook.spreadsheet import plain
from imbal_lab.grading.judging.graded import STATES
from imbal_lab.grading.pages import report_figures
from imbal_lab.grading.pages.class_results import StudentResult, read_class
from imbal_lab.grading.pages.html_page import html_page
from imbal_lab.grading.pages.item_analysis import FEWEST, Item, analyse, hardest
from imbal_lab.grading.pages.needs_a_word import mistake_sentence, needs_a_word
from imbal_lab.grading.pages.pseudonyms import with_pseudonyms

SCORES = ("student", "lesson", "exercise", "state", "score", "points", "mistake", "cpu_s", "flags")
ITEMS = ("lesson", "exercise", "kind", "name", "hidden", "students", "of")


def report(course: Course, lesson: str, *, anonymous: bool = False) -> list[Path]:
    """Write `reports/LESSON.html`, `LESSON.csv` (one row a student and exercise) and
    `LESSON-items.csv` (one row a case group and named mistake); returns their paths.

    With `anonymous` the files are called `LESSON-anonymous...`: ids are replaced by pseudonyms
    that stay the same from report to report, and nothing that a student wrote is in them.
    Raises CourseError for a lesson that was not released.
    """
    students, secret = _read(course, lesson)
    if anonymous:
        students = with_pseudonyms(students, secret)
    items = analyse({s.student: s.exercises for s in students if s.status == "graded"})
    name = f"{lesson}-anonymous" if anonymous else lesson
    files = {
        f"{name}.html": page(lesson, students, items, anonymous=anonymous),
        f"{name}.csv": _csv(SCORES, _score_rows(lesson, students)),
        f"{name}-items.csv": _csv(ITEMS, _item_rows(lesson, items)),
    }
    folder = course.root / "reports"
    for file, content in files.items():
        write_atomically(folder / file, content)
    return [folder / file for file in files]


def _read(course: Course, lesson: str) -> tuple[list[StudentResult], bytes]:
    """Everybody who handed in or was graded, sorted by id, and the course's secret."""
    with tables.connect(course) as connection:
        tables.require_release(connection, lesson)
        graded = read_class(connection, lesson)
        secret = course_secret(connection)
    everybody = sorted({*graded, *course.students("submitted", lesson)})
    return [graded.get(who, StudentResult(who, "not graded")) for who in everybody], secret


def page(
    lesson: str, students: Sequence[StudentResult], items: Sequence[Item], *, anonymous: bool
) -> bytes:
    """The HTML, complete in itself: no script, and no request to anywhere."""
    finished = [s.finished for s in students if s.finished]
    return html_page(
        "report.html",
        lesson=lesson,
        handed_in=len(students),
        graded=sum(s.status == "graded" for s in students),
        newest=f"{max(finished):%Y-%m-%d %H:%M}" if finished else "",
        anonymous=anonymous,
        items=items,
        hardest=hardest(items),
        pictures=_pictures(students, items),
        states=STATES[::-1],
        fewest=FEWEST,
        sentence=mistake_sentence,
        discrimination=_discrimination,
        words=needs_a_word(students, anonymous=anonymous),
    )


def _pictures(
    students: Sequence[StudentResult], items: Sequence[Item]
) -> list[report_figures.Picture]:
    if not items:
        return []
    totals = [sum(r.score for r in s.exercises) for s in students if s.status == "graded"]
    most = sum(item.points for item in items)
    return [report_figures.states(items), report_figures.points(totals, most)]


def _discrimination(item: Item) -> str:
    if item.students < FEWEST:
        return f"too few (n = {item.students})"
    value = "no spread" if item.discrimination is None else f"{item.discrimination:.2f}"
    return f"{value} (n = {item.students})"


def _score_rows(lesson: str, students: Sequence[StudentResult]) -> Iterable[tuple[object, ...]]:
    for student in students:
        if student.status != "graded":
            yield (student.student, lesson, "", student.status, "", "", "", "", "")
        for r in student.exercises:
            flags = sum(flag.exercise == r.exercise for flag in student.flags)
            numbers = f"{r.score:g}", f"{r.points:g}", r.mistake or "", f"{r.cpu_seconds:.2f}"
            yield (student.student, lesson, r.exercise, r.state, *numbers, flags)


def _item_rows(lesson: str, items: Sequence[Item]) -> Iterable[tuple[object, ...]]:
    for item in items:
        for g in item.groups:
            hidden = "yes" if g.hidden else "no"
            yield (lesson, item.exercise, "group failed", g.name, hidden, g.failed, g.started)
        for mistake, number in item.mistakes.items():
            yield (lesson, item.exercise, "mistake", mistake, "", number, item.students)


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([plain(str(value)) for value in row] for row in rows)
    return text.getvalue().encode("utf-8")

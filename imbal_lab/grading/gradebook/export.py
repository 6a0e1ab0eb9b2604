"""Scores as CSV: one row a student and lesson, one column a graded cell."""

from __future__ import annotations

import csv
import io

from sqlalchemy import select

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook import scores, tables
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.gradebook.spreadsheet import plain

NO_RESULT = "no result"


def export(course: Course) -> str:
    """Columns: student, lesson, score, max, then exercises and essays; empty where not in a lesson.

    An essay that nobody marked yet is "to mark", a check that gave no points "no result". Text
    that a spreadsheet would take for a formula is given with an apostrophe in front, and without
    control characters: a lone \\r would start a row of its own.
    """
    with tables.connect(course) as connection:
        query = select(tables.releases.c.lesson).distinct().order_by(tables.releases.c.lesson)
        lessons = list(connection.execute(query).scalars())
    columns: list[str] = []
    rows = []
    for lesson in lessons:
        columns += [name for name in scores.graded_cells(course, lesson) if name not in columns]
        for student, score in scores.read_scores(course, lesson).items():
            head = [plain(printable(student)), lesson, f"{score.score:g}", f"{score.points:g}"]
            rows.append((head, {name: _value(name, cell) for name, cell in score.cells.items()}))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "lesson", "score", "max", *map(_title, columns)])
    writer.writerows([*head, *(cells.get(name, "") for name in columns)] for head, cells in rows)
    return text.getvalue()


def _title(grade_id: str) -> str:
    return grade_id.removeprefix("check-")


def _value(grade_id: str, cell: scores.CellScore) -> str:
    if grade_id.startswith("check-"):  # one that was flagged counts until somebody says otherwise
        return NO_RESULT if cell.nothing_known else f"{cell.score:g}"
    return "to mark" if cell.unmarked else f"{cell.score:g}"

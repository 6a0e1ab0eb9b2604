"""Scores as CSV."""

import csv
import io

import pytest

from imbal_lab.grading import tables
from imbal_lab.grading.export import export

# nbgrader adds a submission while SQLAlchemy flushes on its own; the result is right.
nbgrader_flushes_early = pytest.mark.filterwarnings("ignore:Object of type <Submitted")


def test_one_row_a_student(graded):
    rows = list(csv.reader(io.StringIO(export(graded.course))))
    assert rows[0] == ["student", "lesson", "score", "max", "double", "twice", "essay-why"]
    assert rows[1:4] == [
        ["anna", "90_stub", "6", "9", "2", "4", "to mark"],
        ["ben", "90_stub", "1", "9", "1", "0", "0"],
        ["cleo", "90_stub", "4", "9", "0", "4", "0"],
    ]
    assert [row[0] for row in rows[4:]] == ["dora", "eva", "finn", "gus", "hal"]


def test_a_check_that_did_not_run_has_no_result(graded):
    """A person cannot mark a check; that word is for essays."""
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(export(graded.course)))}
    dora = rows["dora"]  # her kernel died
    assert (dora["score"], dora["double"], dora["twice"]) == ("0", "no result", "no result")


@nbgrader_flushes_early
def test_marks_given_by_hand_count(released, stub):
    with tables.gradebook(released) as book:
        book.update_or_create_student("anna")
        book.update_or_create_submission(stub.LESSON, "anna")
        grade = book.find_grade("essay-why", stub.LESSON, stub.LESSON, "anna")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()
    row = next(csv.DictReader(io.StringIO(export(released))))
    assert (row["score"], row["essay-why"]) == ("2.5", "2.5")


@nbgrader_flushes_early
def test_no_formula_reaches_a_spreadsheet(released, stub):
    with tables.gradebook(released) as book:
        book.update_or_create_student("=1+1")
        book.update_or_create_submission(stub.LESSON, "=1+1")
    assert "\n'=1+1,90_stub" in export(released)


def test_nothing_released(course):
    assert export(course) == "student,lesson,score,max\n"

"""Scores as CSV."""

import csv
import io

import pytest

from imbal_lab.grading.grade import grade
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.export import export
from imbal_lab.grading.judging.graded import Flag


@pytest.fixture
def rows(released, stub):
    """The exported rows of a class of prepared results, by student."""

    def read(**results):
        for student in results:
            stub.hand_in(released, student, stub.notebook(essay_why=f"I am {student}."))

        def result(job):
            found = results[job.student]
            if found is None:
                raise EOFError
            return stub.result_of(job, **found)

        grade(released, stub.LESSON, workers=stub.Prepared(result), in_flight=1)
        return {row["student"]: row for row in csv.DictReader(io.StringIO(export(released)))}

    return read


def test_one_row_a_student(released, stub, rows):
    found = rows(anna={"ratio": 3.0}, ben={})
    assert list(found["anna"]) == [
        "student", "lesson", "score", "max", "imbalance_ratio", "unit_directions", "essay-why"
    ]  # fmt: skip
    assert [list(row.values()) for row in found.values()] == [
        ["anna", "90_stub", "8", "11", "3", "5", "to mark"],
        ["ben", "90_stub", "7", "11", "2", "5", "to mark"],
    ]


def test_what_is_flagged_counts_and_what_failed_has_no_result(rows):
    """Only essays are to be marked; a check has points, or none because something broke."""
    found = rows(anna={"flags": (Flag("imbalance_ratio", "line", "why"),)}, ben=None)
    assert found["anna"]["imbalance_ratio"] == "2"
    assert (found["ben"]["score"], found["ben"]["imbalance_ratio"]) == ("0", "no result")
    assert found["ben"]["essay-why"] == "to mark"


def test_marks_given_by_hand_count(released, stub, rows):
    rows(anna={}, ben=None)
    with tables.gradebook(released) as book:
        for student, cell in (("anna", "essay-why"), ("ben", "check-imbalance_ratio")):
            mark = book.find_grade(cell, stub.LESSON, stub.LESSON, student)
            mark.manual_score, mark.needs_manual_grade = 2.5, False
        book.db.commit()
    found = {row["student"]: row for row in csv.DictReader(io.StringIO(export(released)))}
    assert (found["anna"]["score"], found["anna"]["essay-why"]) == ("9.5", "2.5")
    assert (found["ben"]["score"], found["ben"]["imbalance_ratio"]) == ("2.5", "2.5")


def test_no_formula_reaches_a_spreadsheet(released, stub, rows):
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1"]
    rows(**{name: {} for name in names})
    with tables.connect(released) as connection:  # ids that we would not take, but nbgrader does
        for number, old in enumerate(("+1", "-1")):
            change = "UPDATE submitted_assignment SET student_id = ? WHERE student_id = ?"
            connection.exec_driver_sql(change, (f"\t\r={number}", old))
    found = [row[0] for row in csv.reader(io.StringIO(export(released)))][1:]
    assert sorted(found) == ["'=0", "'=1", "'=1+1", "'@SUM(A1)", "'\uff1d1+1"]


def test_nothing_released(course):
    assert export(course) == "student,lesson,score,max\n"

"""What one transaction leaves in nbgrader's tables; people's marks and words are theirs."""

import json
from datetime import datetime

import pytest

from imbal_lab.grading.course import CourseError
from imbal_lab.grading.grade import grade as grade_class
from imbal_lab.grading.gradebook import tables, writer
from imbal_lab.grading.gradebook.nbgrader_rows import parse_timestamp
from imbal_lab.grading.judging.graded import Flag

CHECKS = ("check-imbalance_ratio", "check-unit_directions")


@pytest.fixture
def grade(released, stub):
    """Grade the released course with prepared results."""

    def run(results=stub.result_of, **options):
        workers = stub.Prepared(results)
        grade_class(released, stub.LESSON, workers=workers, in_flight=1, **options)

    return run


@pytest.fixture
def grades(released, stub):
    """Grade rows of a student, by cell: (auto, manual, extra credit, needs a person)."""

    def read(student="anna"):
        with tables.gradebook(released) as book:
            notebook = book.find_submission_notebook(stub.LESSON, stub.LESSON, student)
            return {
                g.name: (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade)
                for g in notebook.grades
            }

    return read


@pytest.fixture
def by_hand(released, stub):
    """Do what the Formgrader does when somebody enters a mark and a comment."""

    def mark(cell, score, comment=None, student="anna", answer=None):
        with tables.gradebook(released) as book:
            grade = book.find_grade(cell, stub.LESSON, stub.LESSON, student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, 0.5, False
            if comment:
                found = book.find_comment(answer or cell, stub.LESSON, stub.LESSON, student)
                found.manual_comment = comment
            book.db.commit()

    return mark


def comments(course, stub, student="anna"):
    with tables.gradebook(course) as book:
        notebook = book.find_submission_notebook(stub.LESSON, stub.LESSON, student)
        return {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments}


def test_rows_as_nbgraders_own_autograde_makes_them(released, stub, grade, grades):
    stub.hand_in(released, "anna", stub.answered(stub.RATIO, stub.STUB, essay_why="Because."))
    grade()
    assert grades() == {
        "check-imbalance_ratio": (2.0, None, None, False),
        "check-unit_directions": (5.0, None, None, False),
        "essay-why": (None, None, None, True),
    }
    assert comments(released, stub) == {
        "answer-imbalance_ratio": (None, None),
        "answer-unit_directions": (None, None),  # another text than what was handed out
        "essay-why": (None, None),
    }


def test_what_nobody_wrote_in_gives_nothing_and_needs_nobody(released, stub, grade, grades):
    stub.hand_in(released, "anna", stub.notebook())
    grade()
    assert grades()["essay-why"] == (0.0, None, None, False)
    assert set(comments(released, stub).values()) == {("No response.", None)}


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ({"flags": (Flag("unit_directions", "x", "y"),)}, {"check-unit_directions"}),
        ({"flags": (Flag(None, "x", "y"),)}, {*CHECKS, "essay-why"}),
        ({"doubts": ("odd",)}, {*CHECKS, "essay-why"}),
        ({"notes": ("mended",)}, set()),
    ],
)
def test_what_is_in_question_asks_for_a_person_and_counts(
    released, stub, grade, grades, found, asked
):
    stub.hand_in(released, "anna", stub.notebook())
    grade(lambda job: stub.result_of(job, **found))
    assert {name for name, row in grades().items() if row[3]} == asked
    assert [grades()[name][0] for name in CHECKS] == [2.0, 5.0]


def test_marks_and_comments_of_people_survive(released, stub, grade, grades, by_hand):
    stub.hand_in(released, "anna", stub.answered(stub.RATIO, stub.DIRECTIONS, essay_why="So."))
    grade(lambda job: stub.result_of(job, doubts=("odd",)))
    by_hand("essay-why", 2.5, "Well put.")
    by_hand("check-imbalance_ratio", 1.0, "Copied.", answer="answer-imbalance_ratio")
    grade(lambda job: stub.result_of(job, ratio=3.0, doubts=("odd",)), force=True)
    assert grades() == {
        "check-imbalance_ratio": (3.0, 1.0, 0.5, False),  # settled by a person, and stays so
        "check-unit_directions": (5.0, None, None, True),
        "essay-why": (None, 2.5, 0.5, False),
    }
    said = comments(released, stub)
    assert said["essay-why"] == (None, "Well put.")
    assert said["answer-imbalance_ratio"] == (None, "Copied.")


def test_new_work_asks_to_look_at_old_marks_again(released, stub, grade, grades, by_hand):
    stub.hand_in(released, "anna", stub.answered(stub.RATIO, stub.DIRECTIONS, essay_why="So."))
    grade()
    by_hand("essay-why", 2.5)
    by_hand("check-imbalance_ratio", 1.0)
    stub.hand_in(released, "anna", stub.answered(stub.RATIO, stub.DIRECTIONS, essay_why="Or so."))
    grade()
    assert grades() == {
        "check-imbalance_ratio": (2.0, 1.0, 0.5, True),
        "check-unit_directions": (5.0, None, None, False),
        "essay-why": (None, 2.5, 0.5, True),
    }


def test_a_failure_takes_automatic_points_and_leaves_marks(released, stub, grade, grades, by_hand):
    stub.hand_in(released, "anna", stub.notebook())
    grade()
    by_hand("essay-why", 2.5)

    def lost(job):
        raise EOFError

    stub.hand_in(released, "anna", stub.notebook(essay_why="New."))
    grade(lost)
    assert grades() == {
        "check-imbalance_ratio": (None, None, None, True),
        "check-unit_directions": (None, None, None, True),
        "essay-why": (None, 2.5, 0.5, True),
    }


def test_the_formgrader_sees_the_submission_as_graded(released, stub, grade):
    from nbgrader.apps.api import NbGraderAPI

    path = stub.hand_in(released, "anna", stub.notebook())
    path.with_name("timestamp.txt").write_text("2026-10-01 10:00:00.5 UTC\n")
    stub.hand_in(released, "ben", stub.notebook())
    grade()
    directory = released.directory()
    api = NbGraderAPI(directory, config=directory.config)
    assert api.get_autograded_students(stub.LESSON) == {"anna", "ben"}
    with tables.gradebook(released) as book:
        times = {s.student.id: s.timestamp for s in book.assignment_submissions(stub.LESSON)}
    assert times == {"anna": datetime(2026, 10, 1, 10, 0, 0, 500000), "ben": None}


@pytest.mark.parametrize(
    "text",
    ["", "soon", "../../etc/passwd", "2026-10-01 12:00:00 ../../x", "9" * 40, "2026-99-99 1"],
)
def test_a_timestamp_that_is_none(text):
    assert parse_timestamp(text) is None


def test_rows_of_a_cell_that_came_later_are_made(released, stub, grade, grades):
    stub.hand_in(released, "anna", stub.notebook())
    grade()
    with tables.gradebook(released) as book:
        for row in (
            book.find_grade("essay-why", stub.LESSON, stub.LESSON, "anna"),
            book.find_comment("essay-why", stub.LESSON, stub.LESSON, "anna"),
        ):
            book.db.delete(row)
        book.db.commit()
    grade(force=True)
    assert grades()["essay-why"] == (0.0, None, None, False)
    assert comments(released, stub)["essay-why"] == ("No response.", None)


def test_file_and_rows_come_together_or_not_at_all(released, stub, grade, monkeypatch):
    stub.hand_in(released, "anna", stub.notebook())

    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(writer, "write_atomically", full)
        with pytest.raises(CourseError, match=r"No space left on device; free some space, then"):
            grade()
    with tables.gradebook(released) as book:
        assert book.students == []
    with tables.connect(released) as connection:
        for table in (tables.runs, tables.diagnoses, tables.cases, tables.remarks, tables.flags):
            assert connection.execute(table.select()).all() == []


def test_a_cell_the_older_release_lacks_is_a_doubt(released, stub, grade, grades):
    stub.hand_in(released, "anna", stub.notebook())

    def without_directions(job):
        found = stub.result_of(job)
        return found.__class__(**{**vars(found), "exercises": found.exercises[:1]})

    grade(without_directions)
    assert grades()["check-unit_directions"] == (0.0, None, None, True)
    with tables.connect(released) as connection:
        said = [row.text for row in connection.execute(tables.remarks.select())]
    assert said == ["unit_directions is not in the release this was made from: no points"]


def test_the_notebook_is_the_one_that_was_graded(released, stub, grade):
    stub.hand_in(released, "anna", stub.answered(stub.RATIO, stub.DIRECTIONS))
    results = []
    grade(lambda job: results.append(stub.result_of(job)) or results[-1])
    path = released.notebook("autograded", "anna", stub.LESSON)
    assert path.read_bytes() == results[0].notebook
    assert json.loads(path.read_bytes())["nbformat"] == 4
    assert [p.name for p in path.parent.iterdir()] == [path.name]

"""Regrading: the same work, release and seed; before and after; nothing written unless asked."""

import pytest

from imbal_lab.grading.course import CourseError
from imbal_lab.grading.grade import grade
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.gradebook.scores import read_scores
from imbal_lab.grading.regrade import Change, regrade


@pytest.fixture
def graded_once(released, stub):
    """Anna and Ben, graded; the workers that did it."""
    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())
    workers = stub.Prepared(stub.result_of)
    grade(released, stub.LESSON, workers=workers, in_flight=1)
    return workers


@pytest.fixture
def again(released, stub):
    def run(results, **options):
        workers = stub.Prepared(results)
        found = regrade(released, stub.LESSON, workers=workers, in_flight=1, **options)
        return found, workers

    return run


def better_for_ben(stub):
    return lambda job: stub.result_of(job, ratio=3.0 if job.student == "ben" else 2.0)


def number_of_runs(course):
    with tables.connect(course) as connection:
        return len(connection.execute(tables.runs.select()).all())


def test_same_jobs_and_only_what_changes(released, stub, graded_once, again):
    found, workers = again(better_for_ben(stub))
    assert workers.jobs == graded_once.jobs  # seeds, releases, bytes
    assert found.students == ["anna", "ben"]
    assert found.changes == [Change("ben", "imbalance_ratio", 2.0, 3.0)]
    assert found.left == []


def test_written_only_when_told_to(released, stub, graded_once, again):
    before = released.notebook("autograded", "ben", stub.LESSON).read_bytes()
    again(better_for_ben(stub))
    assert read_scores(released, stub.LESSON)["ben"].score == 7
    assert number_of_runs(released) == 2
    assert released.notebook("autograded", "ben", stub.LESSON).read_bytes() == before

    again(better_for_ben(stub), write=True)
    assert read_scores(released, stub.LESSON)["ben"].score == 8
    found, workers = again(better_for_ben(stub))
    assert found.changes == []
    assert workers.jobs == graded_once.jobs  # the seed stays


def test_one_student(released, stub, graded_once, again):
    found, workers = again(better_for_ben(stub), student="anna")
    assert (workers.students, found.changes) == (["anna"], [])
    with pytest.raises(CourseError, match="'zoe' handed in nothing"):
        again(better_for_ben(stub), student="zoe")


def test_marks_by_hand_stay(released, stub, graded_once, again):
    with tables.gradebook(released) as book:
        mark = book.find_grade("check-imbalance_ratio", stub.LESSON, stub.LESSON, "ben")
        mark.manual_score = 1.0
        book.db.commit()
    again(better_for_ben(stub), write=True)
    cell = read_scores(released, stub.LESSON)["ben"].cells["check-imbalance_ratio"]
    assert (cell.auto, cell.manual, cell.score, cell.to_mark) == (3.0, 1.0, 1.0, False)


def test_who_cannot_be_compared_is_named(released, stub, graded_once, again):
    stub.hand_in(released, "anna", stub.notebook(essay_why="New."))
    stub.hand_in(released, "cleo", stub.notebook())

    def lost(job):
        raise EOFError("gone")

    found, workers = again(lost)
    assert set(workers.students) == {"ben"}
    assert found.left == [
        "anna: handed in or released anew since; run imbal-lab grade",
        "ben: the worker was lost (EOFError: gone)",
        "cleo: not graded yet",
    ]
    assert number_of_runs(released) == 2


def test_scaled_points_are_compared_with_scaled_points(released, stub, again):
    """Work on an older release that gave other points has the same score again."""
    changed = stub.notebook()
    changed["cells"][3]["metadata"]["nbgrader"]["points"] = 6
    changed["metadata"]["imbal_lab"]["source_sha256"] = "c" * 64
    stub.write(released.lesson_notebook(stub.LESSON), changed)
    release(released, stub.LESSON, force=True)
    stub.hand_in(released, "anna", stub.notebook())
    grade(released, stub.LESSON, workers=stub.Prepared(stub.result_of), in_flight=1)
    assert read_scores(released, stub.LESSON)["anna"].score == 4 + 5
    assert again(stub.result_of)[0].changes == []
    found, _ = again(lambda job: stub.result_of(job, ratio=3.0))
    assert found.changes == [Change("anna", "imbalance_ratio", 4.0, 6.0)]

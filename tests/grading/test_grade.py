"""Grading: one student at a time, nothing twice, seeds kept, failures recorded.

The logic is tested with an executor that runs nothing, the rest on one class graded for real.
"""

import json
import os
import shutil

import pytest

from imbal_lab.grading import executor, tables
from imbal_lab.grading.conversion import ConversionError
from imbal_lab.grading.course import Course, CourseError
from imbal_lab.grading.grade import grade
from imbal_lab.grading.release import release
from imbal_lab.grading.summary import summary


class Recorder:
    """An executor that notes who was graded with which seed, and copies the notebook."""

    def __init__(self, stub, fails=()):
        self.stub, self.fails, self.seeds = stub, fails, {}

    def run(self, course, lesson, student, seed):
        self.seeds.setdefault(student, []).append(seed)
        if student in self.fails:
            raise ConversionError("it broke \x1b[31m here")
        submitted = json.loads(course.notebook("submitted", student, lesson).read_bytes())
        self.stub.write(course.notebook("autograded", student, lesson), submitted)


def all_runs(course):
    with tables.connect(course) as connection:
        return connection.execute(tables.runs.select().order_by(tables.runs.c.id)).all()


def test_unchanged_work_is_graded_once(released, stub):
    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())
    recorder = Recorder(stub)
    grade(released, stub.LESSON, executor=recorder)
    grade(released, stub.LESSON, executor=recorder)
    assert {who: len(seeds) for who, seeds in recorder.seeds.items()} == {"anna": 1, "ben": 1}

    stub.hand_in(released, "ben", stub.answered(stub.RIGHT, stub.RIGHT))
    grade(released, stub.LESSON, executor=recorder)
    assert {who: len(seeds) for who, seeds in recorder.seeds.items()} == {"anna": 1, "ben": 2}

    grade(released, stub.LESSON, student="anna", force=True, executor=recorder)
    assert {who: len(seeds) for who, seeds in recorder.seeds.items()} == {"anna": 2, "ben": 2}


def test_a_new_release_is_graded_anew_and_old_work_is_pointed_out(released, stub):
    stub.hand_in(released, "anna", stub.notebook())
    recorder = Recorder(stub)
    grade(released, stub.LESSON, executor=recorder)
    old = "made from another version of the lesson than the one released"
    assert old not in summary(released, stub.LESSON, ["anna"])[0].needs_person

    changed = stub.notebook(card_1="# Another text")
    changed["metadata"]["imbal_lab"]["source_sha256"] = "c" * 64
    stub.write(released.lesson_notebook(stub.LESSON), changed)
    release(released, stub.LESSON, force=True)
    grade(released, stub.LESSON, executor=recorder)
    assert len(recorder.seeds["anna"]) == 2
    assert old in summary(released, stub.LESSON, ["anna"])[0].needs_person


def test_seeds_differ_and_are_kept(released, stub):
    for student in ("anna", "ben", "cleo"):
        stub.hand_in(released, student, stub.notebook())
    recorder = Recorder(stub)
    grade(released, stub.LESSON, executor=recorder)
    given = {who: seeds[0] for who, seeds in recorder.seeds.items()}
    assert len(set(given.values())) == 3
    assert 0 not in given.values()  # the learner's own practice
    assert {run.student: run.seed for run in all_runs(released)} == given


def test_one_failure_stops_nobody_and_is_tried_again(released, stub):
    for student in ("anna", "ben", "cleo"):
        stub.hand_in(released, student, stub.notebook())
    grade(released, stub.LESSON, executor=Recorder(stub, fails=("ben",)))
    status = {run.student: (run.status, run.reason) for run in all_runs(released)}
    assert status == {
        "anna": ("graded", None),
        "ben": ("failed", "it broke [31m here"),  # no control character reaches the terminal
        "cleo": ("graded", None),
    }
    again = Recorder(stub)
    grade(released, stub.LESSON, executor=again)
    assert list(again.seeds) == ["ben"]


def test_interrupted_run_is_graded_again(released, stub):
    stub.hand_in(released, "anna", stub.notebook())

    class Interrupted(Recorder):
        def run(self, *args):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(released, stub.LESSON, executor=Interrupted(stub))
    assert [run.status for run in all_runs(released)] == ["running"]
    again = Recorder(stub)
    grade(released, stub.LESSON, executor=again)
    assert list(again.seeds) == ["anna"]


def test_wrong_file_name_and_link_are_failures(released, stub, tmp_path):
    stub.hand_in(released, "anna", stub.notebook()).rename(
        released.root / "submitted" / "anna" / stub.LESSON / "other.ipynb"
    )
    secret = tmp_path / "secret.ipynb"
    stub.write(secret, stub.notebook())
    link = stub.hand_in(released, "ben", {})
    link.unlink()
    link.symlink_to(secret)
    recorder = Recorder(stub)
    grade(released, stub.LESSON, executor=recorder)
    assert recorder.seeds == {}
    assert {run.reason for run in all_runs(released)} == {"no file 90_stub.ipynb was handed in"}


def test_clear_words(released, stub):
    with pytest.raises(CourseError, match="91_x was not released; run imbal-lab release 91_x"):
        grade(released, "91_x")
    with pytest.raises(CourseError, match="'zoe' handed in nothing for 90_stub; there are: nobody"):
        grade(released, stub.LESSON, student="zoe")


# --- one class, graded with nbgrader's executor -------------------------------------------------

EXPECTED = {
    "anna": (6, {"double": "✓ 2", "twice": "✓ 4"}, []),
    "ben": (1, {"double": "✗ 1", "twice": "○ 0"}, []),
    # The check cell and the given cell were edited and come back from the gradebook; nbgrader
    # gives 0 for what the warning printed to stderr, and the check's own word brings that to light.
    "cleo": (4, {"double": "✓ 0", "twice": "✓ 4"}, ["the check says 2, nbgrader counted 0"]),
    "dora": (0, {}, ["could not be graded: nbclient.exceptions.DeadKernelError"]),
    "eva": (0, {}, ["could not be graded: json.decoder.JSONDecodeError"]),
    "finn": (4, {"double": "! 0", "twice": "✓ 4"}, ["double: the check cell is missing"]),
    "gus": (0, {}, ["a graded cell was copied"]),
    "hal": (4, {"double": "! 0", "twice": "✓ 4"}, ["double: the check did not run (NameError)"]),
}


def test_scores_marks_and_who_needs_a_person(graded, stub):
    rows = {row.student: row for row in summary(graded.course, stub.LESSON, list(EXPECTED))}
    for student, (score, marks, doubts) in EXPECTED.items():
        row = rows[student]
        assert (row.score, row.points, row.marks) == (score, 9, marks), student
        assert len(row.needs_person) == len(doubts), student
        assert all(doubt in said for doubt, said in zip(doubts, row.needs_person, strict=True))
    assert rows["anna"].notes == ["essay-why to mark"]
    assert rows["ben"].notes == []  # an untouched essay is 0 and needs nobody


def test_tables_hold_seed_cases_and_diagnosis(graded, stub):
    with tables.connect(graded.course) as connection:
        runs = tables.latest_runs(connection, stub.LESSON)
        diagnoses = connection.execute(tables.diagnoses.select()).all()
        cases = connection.execute(tables.cases.select()).all()
    assert set(runs) == set(EXPECTED)
    assert all(run["finished"] > run["started"] for run in runs.values())
    ben = runs["ben"]["id"]
    assert [(d.exercise, d.state, d.score, d.mistake) for d in diagnoses if d.run_id == ben] == [
        ("double", "not yet", 1.0, "squares"),
        ("twice", "not started", 0.0, None),
    ]
    double = [c for c in cases if (c.run_id, c.exercise) == (ben, "double")]
    assert [(c.name, c.hidden, c.passed) for c in double] == [
        ("small numbers", False, True),
        ("any number", True, False),
    ]


def test_checks_saw_the_stored_seed(graded, stub):
    with tables.connect(graded.course) as connection:
        seed = tables.latest_runs(connection, stub.LESSON)["anna"]["seed"]
    autograded = json.loads(graded.course.notebook("autograded", "anna", stub.LESSON).read_bytes())
    reports = [
        output["data"]["application/vnd.imbal-lab.check+json"]["seed"]
        for cell in autograded["cells"]
        for output in cell.get("outputs", [])
        if "application/vnd.imbal-lab.check+json" in output.get("data", {})
    ]
    assert reports == [seed, seed]


def test_nothing_on_stderr_but_progress(graded):
    """No warning of a library, and none of a kernel that listens on an open port."""
    lines = graded.grade.stderr.splitlines()
    assert [line.split("] ")[-1] for line in lines] == list(EXPECTED)
    assert graded.release.stderr == ""
    assert "TCP" not in graded.grade.stdout + graded.grade.stderr


def test_table_last_line_and_exit_code(graded):
    lines = graded.grade.stdout.splitlines()
    assert lines[0].split() == ["student", "score", "double", "twice", "note"]
    assert lines[1].split() == [
        "anna",
        "6",
        "/",
        "9",
        "✓",
        "2",
        "✓",
        "4",
        "essay-why",
        "to",
        "mark",
    ]
    assert lines[-1] == "needs a person: cleo, dora, eva, finn, gus, hal"
    assert graded.grade.returncode == 1


def test_a_mark_given_by_hand_survives_regrading(graded, stub, tmp_path):
    copy = tmp_path / "class"
    shutil.copytree(graded.course.project, copy)
    course = Course.find(copy)
    with tables.gradebook(course) as book:
        grade = book.find_grade("essay-why", stub.LESSON, stub.LESSON, "anna")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.db.commit()
    said = stub.imbal_lab("grade", stub.LESSON, "--student", "anna", "--force", cwd=copy)
    assert "8 / 9" in said.stdout
    assert said.stdout.splitlines()[-1] == "nobody needs a person"
    assert said.returncode == 0


def test_environment_is_put_back(released, stub, monkeypatch):
    seen = {}

    def convert(converter, directory):
        seen.update(os.environ)
        raise ConversionError("no")

    monkeypatch.setattr(executor, "convert", convert)
    monkeypatch.delenv("IMBAL_LAB_SEED", raising=False)
    with pytest.raises(ConversionError):
        executor.NbgraderExecutor().run(released, stub.LESSON, "anna", 77)
    assert seen["IMBAL_LAB_SEED"] == "77"
    assert "IMBAL_LAB_SEED" not in os.environ
    assert "NBGRADER_EXECUTION" not in os.environ

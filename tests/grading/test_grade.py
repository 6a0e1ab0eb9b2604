"""Grading: nothing twice, seeds kept, failures recorded, one exercise alone.

The logic is tested with prepared results; test_graded_class.py looks at a class graded for real.
"""

import json
import resource
import sqlite3
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import create_engine

from imbal_lab.grading.course import CourseError, sha256
from imbal_lab.grading.gradebook import tables, writer
from imbal_lab.grading.gradebook.records import read_records
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.gradebook.scores import read_scores
from imbal_lab.grading.gradebook.summary import summary
from imbal_lab.grading.judging.graded import Flag
from imbal_lab.grading.regrade import regrade
from imbal_lab.sandbox import ConfinementError
from imbal_lab.student_process.parent_process import StartError


@pytest.fixture
def grade(released, stub):
    """Grade the released course with prepared workers; returns the workers."""
    from imbal_lab.grading.grade import grade

    def run(results=stub.result_of, lesson=stub.LESSON, **options):
        workers = results if isinstance(results, Executor) else stub.Prepared(results)
        grade(released, lesson, **{"workers": workers, "in_flight": 2} | options)
        return workers

    return run


def all_runs(course):
    with tables.connect(course) as connection:
        query = tables.runs.select().order_by(tables.runs.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def test_unchanged_work_is_graded_once(released, grade, stub):
    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())
    assert grade().students == ["anna", "ben"]
    assert grade().students == []
    stub.hand_in(released, "ben", stub.answered(stub.RATIO, stub.DIRECTIONS))
    assert grade().students == ["ben"]
    assert grade(student="anna", force=True).students == ["anna"]


def test_two_commands_do_not_grade_a_course_at_once(released, grade, stub):
    stub.hand_in(released, "anna", stub.notebook())
    refusals = []

    def meanwhile(job):
        for second in (grade, partial(regrade, released, stub.LESSON, in_flight=1)):
            with pytest.raises(CourseError, match="another imbal-lab grade or regrade") as refused:
                second(workers=stub.Prepared(stub.result_of))
            refusals.append(refused)
        return stub.result_of(job)

    assert grade(meanwhile).students == ["anna"]
    assert len(refusals) == 2
    assert grade(force=True).students == ["anna"]  # the lock is free again


def test_a_lost_or_changed_autograded_notebook_is_made_again(released, grade, stub):
    stub.hand_in(released, "anna", stub.notebook())
    grade()
    path = released.notebook("autograded", "anna", stub.LESSON)
    written = path.read_bytes()
    assert sha256(written) == all_runs(released)[0]["notebook_sha256"]
    path.write_bytes(written + b"\n")
    assert grade().students == ["anna"]
    path.unlink()
    assert grade().students == ["anna"]
    assert path.is_file()


def test_seeds_differ_are_kept_and_a_killed_run_finds_its_own_again(
    released, grade, stub, monkeypatch
):
    for student in ("anna", "ben", "cleo"):
        stub.hand_in(released, student, stub.notebook())

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(writer, "write_atomically", killed)
        first = stub.Prepared(stub.result_of)
        with pytest.raises(KeyboardInterrupt):
            grade(first)
    seeds = {job.student: job.seed for job in first.jobs}
    again = {job.student: job.seed for job in grade().jobs}
    assert again.items() >= seeds.items()
    assert len(set(again.values())) == 3
    assert all(0 < seed < 2**31 for seed in again.values())
    assert {run["student"]: run["seed"] for run in all_runs(released)} == again
    fresh = {job.student: job.seed for job in grade(force=True).jobs}
    assert not set(fresh.values()) & set(again.values())


def test_seeds_of_two_courses_differ(released, grade, stub):
    stub.hand_in(released, "anna", stub.notebook())
    seeds = []

    def results(job):
        seeds.append(job.seed)
        raise ConfinementError

    for _ in range(2):
        with pytest.raises(CourseError):
            grade(results)
        with tables.connect(released) as connection:
            connection.execute(tables.secrets.update().values(value="ab" * 32))
    assert seeds[0] != seeds[1]


def test_one_lost_worker_costs_a_retry_and_two_a_doubt_of_that_student_only(released, grade, stub):
    lost = {"ben": 1, "cleo": 9}
    for student in ("anna", "ben", "cleo", "dora"):
        stub.hand_in(released, student, stub.notebook())

    def results(job):
        lost[job.student] = lost.get(job.student, 0) - 1
        if lost[job.student] >= 0:
            raise EOFError("gone \x1b[31m away")
        return stub.result_of(job)

    workers = grade(results)
    assert sorted(workers.students) == ["anna", "ben", "ben", "cleo", "cleo", "dora"]
    assert {run["student"]: run["status"] for run in all_runs(released)} == {
        "anna": "graded", "ben": "graded", "cleo": "failed", "dora": "graded"
    }  # fmt: skip
    rows = {row.student: row for row in summary(released, stub.LESSON, ["ben", "cleo"])}
    assert rows["ben"].needs_person == []
    assert rows["cleo"].needs_person == [
        "could not be graded: the worker was lost (EOFError: gone [31m away)"
    ]
    cells = read_scores(released, stub.LESSON)["cleo"].cells
    assert all(cell.nothing_known and cell.to_mark for cell in cells.values())
    assert grade().students == ["cleo"]  # tried again at the next run


def test_workers_that_are_all_gone_stop_with_a_sentence_and_keep_what_was_done(
    released, stub, grade
):
    class Broken(stub.Prepared):
        def submit(self, work, job):
            if self.jobs:
                raise RuntimeError("cannot schedule new futures")
            return super().submit(work, job)

    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())
    with pytest.raises(CourseError, match="no worker takes any more work"):
        grade(Broken(stub.result_of), in_flight=1)
    assert [run["student"] for run in all_runs(released)] == ["anna"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConfinementError("not confined here"), "a worker refused: not confined here"),
        (StartError("the warm parent ended"), "a worker cannot begin: the warm parent ended"),
    ],
)
def test_a_worker_that_cannot_begin_stops_the_run(released, stub, grade, error, says):
    stub.hand_in(released, "anna", stub.notebook())

    def refuses(job):
        raise error

    with pytest.raises(CourseError, match=says):
        grade(refuses)
    assert all_runs(released) == []


def test_only_a_few_are_in_flight(released, grade, stub):
    class Counting(stub.Prepared):
        waiting, most = [], 0

        def submit(self, work, job):
            self.jobs.append(job)
            future = Future()
            self.waiting.append((future, job))
            self.most = max(self.most, len(self.waiting))
            if len(self.waiting) == 3 or len(self.jobs) == 7:
                while self.waiting:
                    ready, its_job = self.waiting.pop()
                    ready.set_result(stub.result_of(its_job))
            return future

    for student in "abcdefg":
        stub.hand_in(released, student, stub.notebook())
    workers = grade(Counting(stub.result_of), in_flight=3)
    assert (len(workers.jobs), workers.most) == (7, 3)
    assert len(all_runs(released)) == 7


def test_everything_found_is_recorded(released, grade, stub):
    stub.hand_in(released, "anna", stub.notebook())
    flags = (
        Flag("unit_directions", "import os\x00", "it looks \u202e around"),
        Flag(None, "x", "y"),
    )
    grade(lambda job: stub.result_of(job, notes=("mended",), doubts=("odd",), flags=flags))
    run = all_runs(released)[0]
    with tables.connect(released) as connection:
        record = read_records(connection, [run["id"]])[run["id"]]
    assert (run["status"], run["cpu_seconds"], run["made_from"]) == ("graded", 0.75, "a" * 64)
    assert run["finished"] >= run["started"]
    assert (record.notes, record.doubts) == (("mended",), ("odd",))
    assert record.flags == (
        Flag("unit_directions", "import os", "it looks around"),
        Flag(None, "x", "y"),
    )
    expected = stub.result_of(grade(force=True).jobs[0]).exercises
    assert record.exercises == expected


def test_one_exercise_alone(released, grade, stub):
    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())

    def lower(job):
        better = stub.result_of(job, ratio=3.0)
        others = [
            replace(found, score=1.0, state="not yet") if number else found
            for number, found in enumerate(better.exercises)
        ]
        return replace(better, exercises=tuple(others))

    grade(student="anna")
    before = json.loads(released.notebook("autograded", "anna", stub.LESSON).read_bytes())
    assert grade(lower, exercise="imbalance_ratio").students == ["anna", "ben"]
    cells = {who: s.cells for who, s in read_scores(released, stub.LESSON).items()}
    assert cells["anna"]["check-imbalance_ratio"].score == 3.0
    assert cells["anna"]["check-unit_directions"].score == 5.0  # as it was
    assert cells["ben"]["check-unit_directions"].score == 1.0  # new work is graded whole
    after = json.loads(released.notebook("autograded", "anna", stub.LESSON).read_bytes())
    assert after["metadata"] == before["metadata"]
    marks = summary(released, stub.LESSON, ["anna"])[0].marks
    assert marks == {"imbalance_ratio": "✓ 3", "unit_directions": "✓ 5"}
    assert grade().students == []


def test_a_new_release_does_not_touch_work_made_from_an_older_one(released, grade, stub):
    stub.hand_in(released, "anna", stub.notebook())
    handed_out = released.notebook("release", ".", stub.LESSON).read_bytes()
    assert grade().jobs[0].release == handed_out

    changed = stub.notebook(card_1="# Another text")
    changed["metadata"]["imbal_lab"] |= {"source_sha256": "c" * 64, "version": "0.2.0"}
    stub.write(released.lesson_notebook(stub.LESSON), changed)
    release(released, stub.LESSON, force=True)
    stub.hand_in(released, "ben", changed)
    stub.hand_in(released, "cleo", stub.notebook(essay_why="Late."))
    newest = released.notebook("release", ".", stub.LESSON).read_bytes()
    assert newest != handed_out
    jobs = {job.student: job for job in grade().jobs}
    assert {who: job.release for who, job in jobs.items()} == {"ben": newest, "cleo": handed_out}
    rows = {r.student: r for r in summary(released, stub.LESSON, ["anna", "ben", "cleo"])}
    note = "made from the earlier version 0.1.0 and graded as that"
    assert {who: row.notes for who, row in rows.items()} == {"anna": [], "ben": [], "cleo": [note]}
    assert not any(row.needs_person for row in rows.values())


def test_points_of_an_older_release_are_scaled_with_a_note(released, grade, stub):
    changed = stub.notebook()
    changed["cells"][3]["metadata"]["nbgrader"]["points"] = 6
    changed["metadata"]["imbal_lab"] |= {"source_sha256": "c" * 64, "version": "0.2.0"}
    stub.write(released.lesson_notebook(stub.LESSON), changed)
    release(released, stub.LESSON, force=True)
    stub.hand_in(released, "anna", stub.notebook())
    grade()  # 2 of 3 points in the release that she has
    row = summary(released, stub.LESSON, ["anna"])[0]
    assert (row.score, row.points) == (4 + 5, 6 + 5 + 3)
    assert "imbalance_ratio gave 3 points" in row.notes[-1]


def test_a_version_nobody_released_is_a_doubt(released, grade, stub):
    alien = stub.notebook()
    alien["metadata"]["imbal_lab"]["source_sha256"] = "b" * 64
    stub.hand_in(released, "anna", alien)
    grade()
    row = summary(released, stub.LESSON, ["anna"])[0]
    assert "made from a version of the lesson that was not released here" in row.needs_person[0]


def test_a_release_of_an_older_database_falls_back_to_the_newest(released, grade, stub):
    changed = stub.notebook(card_1="# Another text")
    changed["metadata"]["imbal_lab"] |= {"source_sha256": "c" * 64, "version": "0.2.0"}
    stub.write(released.lesson_notebook(stub.LESSON), changed)
    release(released, stub.LESSON)
    with tables.connect(released) as connection:
        connection.execute(tables.release_notebooks.delete())
    stub.hand_in(released, "anna", stub.notebook())
    newest = released.notebook("release", ".", stub.LESSON).read_bytes()
    assert grade().jobs[0].release == newest
    row = summary(released, stub.LESSON, ["anna"])[0]
    assert "version 0.1.0, whose notebook was not kept; graded as version 0.2.0" in str(row)


def test_a_database_of_the_earlier_version_gets_what_it_lacks(released, grade, stub):
    """Its tables had no CPU seconds, hashes, notes, flags, secret or notebooks of releases."""
    with closing(sqlite3.connect(released.root / "gradebook.db")) as old:
        for name in ("release_notebooks", "remarks", "flags", "secrets"):
            old.execute(f"DROP TABLE imbal_lab_{name}")
        for column in ("cpu_seconds", "notebook_sha256"):
            old.execute(f"ALTER TABLE imbal_lab_runs DROP COLUMN {column}")
        old.execute("ALTER TABLE imbal_lab_diagnoses DROP COLUMN cpu_seconds")
        row = "'90_stub', 'zoe', 1, '', NULL, 7, '2026-01-01', '2026-01-01', 'failed', 'broke'"
        old.execute(f"INSERT INTO imbal_lab_runs VALUES (9, {row})")
        old.commit()
    stub.hand_in(released, "anna", stub.notebook())
    grade()
    assert [(run["student"], run["cpu_seconds"]) for run in all_runs(released)] == [
        ("zoe", None), ("anna", 0.75)
    ]  # fmt: skip


def test_no_file_is_a_verdict_too(released, grade, stub):
    path = stub.hand_in(released, "anna", stub.notebook())
    path.unlink()
    path.symlink_to(stub.hand_in(released, "ben", stub.notebook(essay_why="Mine.")))
    workers = grade(lambda job: stub.result_of(job, doubts=("unreadable",)))
    assert {job.student: bool(job.submission) for job in workers.jobs} == {
        "anna": False, "ben": True
    }  # fmt: skip
    row = summary(released, stub.LESSON, ["anna"])[0]
    assert row.needs_person
    assert "unreadable" not in row.needs_person  # reading said it already


def test_a_folder_that_cannot_be_a_student_is_left_and_named(released, grade, stub):
    from imbal_lab.grading.tasks import folders_left

    stub.hand_in(released, "anna", stub.notebook())
    unprintable = ("x" * 129, "red\x1b[31m", b"\xff".decode("utf-8", "surrogateescape"))
    markup = ("<img src=x onerror=alert(1)>", "a&amp;b", 'a"b', "a`b", "a\\b")
    for name in (*unprintable, *markup):
        stub.hand_in(released, name, stub.notebook())
    assert grade().students == ["anna"]
    left = folders_left(released, stub.LESSON)
    assert len(left) == len(unprintable) + len(markup)
    assert all(name.isascii() and name.isprintable() for name in left)


def test_clear_words(released, grade, stub):
    with pytest.raises(CourseError, match="'zoe' handed in nothing for 90_stub; there are: nobody"):
        grade(student="zoe")
    with pytest.raises(CourseError, match="no exercise 'x' in 90_stub; there are: imbalance_ratio"):
        grade(exercise="x")
    words = "91_x was not released; run imbal-lab release 91_x"
    with pytest.raises(CourseError, match=words):
        grade(lesson="91_x")


def test_progress_goes_to_stderr_with_the_time_left(released, grade, stub, capsys):
    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())
    grade(progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "90_stub: 100%" in said.err
    assert "2/2 [" in said.err


# --- what cannot be written ---------------------------------------------------------------------


def test_a_locked_database_stops_before_and_between(released, grade, stub, monkeypatch):
    impatient = partial(create_engine, connect_args={"timeout": 0})
    monkeypatch.setattr(tables, "create_engine", impatient)
    for student in ("anna", "ben"):
        stub.hand_in(released, student, stub.notebook())
    others = []

    def results(job):
        if job.student == "ben":
            others.append(sqlite3.connect(released.root / "gradebook.db"))
            others[0].execute("BEGIN EXCLUSIVE")
        return stub.result_of(job)

    words = "database is locked. Close what else writes to it, then run this again"
    with pytest.raises(CourseError, match=words):
        grade(results)
    with pytest.raises(CourseError, match=words):
        grade()
    others[0].close()
    grade()
    assert sorted(run["student"] for run in all_runs(released)) == ["anna", "ben"]


@pytest.mark.parametrize("place", ["folder", "database"])
def test_what_is_read_only_is_said_before_anything_is_graded(
    released, grade, stub, place, monkeypatch
):
    stub.hand_in(released, "anna", stub.notebook())
    if place == "folder":
        (released.root / "autograded").write_text("a file in the way")
    else:
        url = f"sqlite:///file:{released.root}/gradebook.db?mode=ro&uri=true"
        with (released.root / "nbgrader_config.py").open("a") as config:
            config.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    workers = stub.Prepared(stub.result_of)
    words = {"folder": "run this again", "database": "readonly database. Make the file"}[place]
    with pytest.raises(CourseError, match=words):
        grade(workers)
    assert workers.jobs == []


def test_a_file_larger_than_allowed_leaves_nothing_half_written(released, grade, stub):
    """RLIMIT_FSIZE stands for a full disk: the write of the notebook fails in the middle."""
    stub.hand_in(released, "anna", stub.notebook())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    large = "x" * 2**22

    def results(job):
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**21, before[1]))
        found = stub.result_of(job)
        return replace(found, notebook=found.notebook.replace(b"# Stub", large.encode()))

    try:
        with pytest.raises(CourseError, match="File too large"):
            grade(results)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert all_runs(released) == []
    assert read_scores(released, stub.LESSON) == {}
    left = [path.name for path in (released.root / "autograded").rglob("*") if path.is_file()]
    assert left == [".lock"]
    grade()
    assert len(all_runs(released)) == 1

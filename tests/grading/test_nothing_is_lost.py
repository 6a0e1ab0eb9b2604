"""Whatever ends a run of grading, and wherever: the next one gives what an undisturbed run gives.

Kill points inside the run: every SQL statement, commit, write, sync and rename of an undisturbed
run is counted, and for each of them a forked run kills itself right there (SIGKILL). Kill points
from outside: the process group of `imbal-lab grade -j 2` at drawn moments.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from imbal_lab.grading import course as course_module
from imbal_lab.grading.course import Course, CourseError, sha256
from imbal_lab.grading.grade import grade
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.judging.graded import Flag
from imbal_lab.sandbox.kernel import libc_call, prctl
from imbal_lab.sandbox.mounts import PRIVATE, RECURSIVE
from imbal_lab.sandbox.namespaces import MOUNTS, USER

SUBREAPER, REMOUNT = 36, 32
MEASURED = ("started", "finished", "cpu_seconds")
MOMENTS = [random.Random(4).uniform(0.5, 9) for _ in range(4)]  # seconds after the start


# --- what a course holds ------------------------------------------------------------------------


def contents(course: Course) -> dict[str, Any]:
    """All tables without uuids and measured times, and all files by their hash."""
    with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        database.row_factory = sqlite3.Row
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {name: database.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}
    labels: dict[Any, Any] = {row["id"]: row["student_id"] for row in rows["submitted_assignment"]}
    labels |= {row["id"]: labels[row["assignment_id"]] for row in rows["submitted_notebook"]}
    ranks: dict[str, int] = {}
    for row in sorted(rows["imbal_lab_runs"], key=lambda row: row["id"]):
        ranks[row["student"]] = ranks.get(row["student"], 0) + 1
        labels["run", row["id"]] = row["student"], ranks[row["student"]]
    found: dict[str, Any] = {
        name: sorted(_plain(row, labels) for row in rows[name]) for name in rows
    }
    files = (path for path in course.root.rglob("*") if path.is_file())
    skip = ("gradebook.db", "gradebook.db-journal")
    return found | {
        str(path.relative_to(course.root)): sha256(path.read_bytes())
        for path in files
        if path.name not in skip
    }


def _plain(row: sqlite3.Row, labels: dict[Any, Any]) -> str:
    """A row whose ids are replaced by what they stand for; which run came first is by chance."""
    values = {key: labels.get(row[key], row[key]) for key in row.keys()}  # noqa: SIM118
    if {"auto_score", "auto_comment"} & values.keys():
        del values["id"]
    run = "id" if "seed" in values else "run_id"
    if run in values:
        values[run] = labels["run", values[run]]
    return repr([value for key, value in values.items() if key not in MEASURED])


def consistent(course: Course) -> None:
    """A run that is recorded is recorded whole, and its notebook is there (or a newer one is).

    Every notebook that stands there is whole.
    """
    for path in course.root.glob("autograded/*/*/*.ipynb"):
        json.loads(path.read_bytes())
    with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        runs = database.execute("SELECT student, id FROM imbal_lab_runs").fetchall()
        for student, run in runs:
            results = "SELECT count(*) FROM imbal_lab_diagnoses WHERE run_id = ?"
            assert database.execute(results, [run]).fetchone() == (2,)
            assert course.notebook("autograded", student, "90_stub").is_file()
        graded = database.execute("SELECT student_id FROM submitted_assignment").fetchall()
    assert {student for student, _ in runs} == {student for (student,) in graded}


# --- inside the run -----------------------------------------------------------------------------


class Points:
    """Calls `reached` at each point of this process at which a run could end half-way.

    Those are every statement from the first one that writes to the commit, and every step of
    writing a file.
    """

    def __init__(self, reached: Callable[[str], None]) -> None:
        self.reached, self.writing = reached, False
        event.listen(Engine, "before_cursor_execute", self.statement)
        for owner, name in ((DefaultDialect, "do_commit"), (os, "replace"), (os, "fsync")):
            setattr(owner, name, self.around(name, getattr(owner, name)))
        Path.open = self.halved(Path.open)  # type: ignore[method-assign]

    def statement(self, connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        self.writing |= statement.startswith(("INSERT", "UPDATE", "DELETE"))
        if self.writing:
            self.reached(f"sql {' '.join(statement.split())[:40]}")

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            self.reached(f"before {name}")
            result = call(*args, **options)
            self.reached(f"after {name}")
            self.writing &= name != "do_commit"
            return result

        return wrapped

    def halved(self, opened: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
            file = opened(path, mode, *args, **options)
            return Halves(file, self.reached) if mode == "wb" else file

        return wrapped


class Halves:
    """A file that writes in two steps."""

    def __init__(self, file: Any, reached: Callable[[str], None]) -> None:
        self.file, self.reached = file, reached

    def write(self, content: bytes) -> None:
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        self.reached("half written")
        self.file.write(content[len(content) // 2 :])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "Halves":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, released_once, stub):
    """A course in the middle of its life: one graded and marked by hand, one new, one changed."""
    folder = tmp_path_factory.mktemp("prepared") / "class"
    shutil.copytree(released_once, folder)
    course = Course.find(folder)
    for student in ("anna", "ben"):
        stub.hand_in(course, student, stub.answered(stub.RATIO, stub.STUB, essay_why="So."))
    run(course, stub)
    with tables.gradebook(course) as book:
        for student in ("anna", "ben"):
            mark = book.find_grade("essay-why", stub.LESSON, stub.LESSON, student)
            mark.manual_score, mark.needs_manual_grade = 2.5, False
            said = book.find_comment("essay-why", stub.LESSON, stub.LESSON, student)
            said.manual_comment = "Well put."
        book.db.commit()
    stub.hand_in(course, "ben", stub.answered(stub.RATIO, stub.DIRECTIONS, essay_why="So."))
    stub.hand_in(course, "cleo", stub.answered(stub.RATIO, stub.DIRECTIONS, essay_why="Hm."))
    return course


def run(course: Course, stub: Any) -> None:
    """A run of grading whose results are there at once."""

    def results(job):
        extras = {"notes": ("mended",), "flags": (Flag("imbalance_ratio", "line", "why"),)}
        return stub.result_of(job, **extras if job.student == "cleo" else {})

    grade(course, stub.LESSON, workers=stub.Prepared(results), in_flight=2)


def copied(course: Course, folder: Path) -> Course:
    shutil.copytree(course.project, folder)
    return Course.find(folder)


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a fork; returns how that ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside other tests' threads
        child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture(scope="module")
def undisturbed(prepared, tmp_path_factory, stub):
    """What an undisturbed run leaves, and the points that it passes."""
    course = copied(prepared, tmp_path_factory.mktemp("undisturbed") / "class")
    passed = tmp_path_factory.mktemp("points") / "passed"

    def counted():
        with passed.open("a") as log:
            Points(lambda point: print(point, file=log))
            run(course, stub)
            log.flush()

    assert in_child(counted) == 0
    return contents(course), passed.read_text().splitlines()


def test_the_points_are_many_and_of_every_kind(undisturbed):
    _, points = undisturbed
    assert len(points) >= 60
    for kind in ("sql INSERT", "sql UPDATE", "half written", "before do_commit", "after do_commit",
                 "before replace", "after replace", "before fsync", "after fsync"):  # fmt: skip
        assert sum(point.startswith(kind) for point in points) >= 2, kind


def test_killed_at_every_point(prepared, undisturbed, tmp_path, stub):
    expected, points = undisturbed
    lost = []
    for number, point in enumerate(points):
        course = copied(prepared, tmp_path / str(number))
        left = [number + 1]

        def reached(name, left=left):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def killed(course=course, reached=reached):
            Points(reached)
            run(course, stub)

        assert in_child(killed) == -signal.SIGKILL, point
        consistent(course)
        run(course, stub)
        if contents(course) != expected:
            lost.append((number, point))
        shutil.rmtree(course.project)
    assert lost == []


def test_marks_and_comments_of_people_are_in_what_is_compared(undisturbed):
    found, _ = undisturbed
    assert sum("2.5" in row for row in found["grade"]) == 2
    assert sum("Well put." in row for row in found["comment"]) == 2
    assert len(found["imbal_lab_runs"]) == 4


def test_a_forced_run_that_was_killed_heals_without_force(prepared, tmp_path, stub):
    """Killed between the file and the commit: the file is newer than what is recorded of it."""
    course = copied(prepared, tmp_path / "class")
    run(course, stub)

    def killed():
        replace = os.replace

        def last(*args):
            replace(*args)
            os.kill(os.getpid(), signal.SIGKILL)

        course_module.os.replace = last
        workers = stub.Prepared(stub.result_of)
        options = {"workers": workers, "in_flight": 1, "student": "anna", "force": True}
        grade(course, stub.LESSON, **options)

    assert in_child(killed) == -signal.SIGKILL
    path = course.notebook("autograded", "anna", stub.LESSON)
    newer = path.read_bytes()
    with tables.connect(course) as connection:
        recorded = tables.latest_runs(connection, stub.LESSON)["anna"]
    assert recorded["notebook_sha256"] != sha256(newer)
    run(course, stub)
    with tables.connect(course) as connection:
        recorded = tables.latest_runs(connection, stub.LESSON)["anna"]
    assert recorded["notebook_sha256"] == sha256(path.read_bytes()) == sha256(newer)


# --- no room ------------------------------------------------------------------------------------


def test_a_disk_that_is_really_full(prepared, tmp_path, stub):
    """A small memory disk in a mount namespace of the child's own; then it gets larger."""
    source = copied(prepared, tmp_path / "source")
    for number in range(40):
        essay = f"{number} " + "long " * 4000
        answers = stub.answered(stub.RATIO, stub.DIRECTIONS, essay_why=essay)
        stub.hand_in(source, f"s{number:02}", answers)
    undisturbed = copied(source, tmp_path / "undisturbed")
    run(undisturbed, stub)
    expected = contents(undisturbed)
    used = sum(path.stat().st_size for path in source.project.rglob("*") if path.is_file())

    def full():
        place = tmp_path / "disk"
        place.mkdir()
        mount_disk(place, used + 2**20)
        course = copied(source, place / "class")
        for _ in range(2):  # it stays full: the second run says it at once
            with pytest.raises(CourseError) as error:
                run(course, stub)
            assert "run this again" in str(error.value)
            assert "No space left on device" in str(error.value) or "full" in str(error.value)
            consistent(course)
        mount_disk(place, 2**28, REMOUNT)
        run(course, stub)
        assert contents(course) == expected

    assert in_child(full) == 0
    assert not list((tmp_path / "disk").iterdir())


def mount_disk(place: Path, size: int, how: int = 0) -> None:
    if not how:
        libc_call("unshare", MOUNTS if os.geteuid() == 0 else MOUNTS | USER)
        libc_call("mount", b"none", b"/", None, RECURSIVE | PRIVATE, None)
    data = f"size={size}".encode()
    libc_call("mount", b"tmpfs", str(place).encode(), b"tmpfs", how, data)


# --- from outside -------------------------------------------------------------------------------


@pytest.fixture
def orphans():
    """Processes whose parents die become ours, so that none of them can hide."""
    prctl(SUBREAPER, 1)
    me, before = psutil.Process(), set(psutil.Process().children(recursive=True))
    yield lambda: set(me.children(recursive=True)) - before
    prctl(SUBREAPER, 0)


def test_killed_from_outside(released, stub, tmp_path, orphans):
    answers = [stub.answered(stub.RATIO, stub.DIRECTIONS), stub.answered(stub.RATIO_OF_ALL, "x =")]
    for number in range(4):
        stub.hand_in(released, f"s{number}", answers[number % 2])
    undisturbed = copied(released, tmp_path / "undisturbed")
    room = tmp_path / "room"
    room.mkdir()
    command = [sys.executable, "-m", "imbal_lab.cli", "grade", stub.LESSON, "-j", "2"]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NBGRADER_", "IMBAL_LAB_"))}
    options = {"env": env | {"TMPDIR": str(room)}, "text": True, "capture_output": True}
    subprocess.run(command, cwd=undisturbed.root, **options, check=True)
    for moment in MOMENTS:
        with subprocess.Popen(
            command,
            cwd=released.root,
            env=options["env"],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as grading:
            try:
                grading.wait(moment)
            except subprocess.TimeoutExpired:
                os.killpg(grading.pid, signal.SIGKILL)
        consistent(released)
    subprocess.run(command, cwd=released.root, **options, check=True)
    assert contents(released) == contents(undisturbed)
    assert [process.cmdline() for process in gone(orphans)] == []
    left = [folder.name for folder in room.iterdir() if not killed_before_any_student(folder)]
    assert left == []
    assert str(room) not in Path("/proc/self/mountinfo").read_text()


def test_interrupted_at_the_keyboard_while_an_answer_hangs(released, stub, tmp_path, orphans):
    stub.hand_in(released, "anna", stub.answered(stub.RATIO, stub.DIRECTIONS))
    stub.hand_in(released, "ben", stub.answered(stub.RATIO, "while True: pass"))
    room = tmp_path / "room"
    room.mkdir()
    command = [sys.executable, "-m", "imbal_lab.cli", "grade", stub.LESSON, "-j", "1"]
    with subprocess.Popen(
        command,
        cwd=released.root,
        env=os.environ | {"TMPDIR": str(room)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as grading:
        said = ""
        while " 1/2 " not in said:  # then Ben's turn has come
            said += grading.stderr.read(1)
            assert grading.poll() is None, said
        os.killpg(grading.pid, signal.SIGINT)
        out, said = grading.communicate()
    assert (grading.returncode, out) == (130, "")
    assert said.endswith("stopped; what was finished is kept, run it again to go on\n")
    with tables.connect(released) as connection:
        assert set(tables.latest_runs(connection, stub.LESSON)) == {"anna"}
    assert [process.cmdline() for process in gone(orphans)] == []
    assert list(room.iterdir()) == []


def killed_before_any_student(folder: Path) -> bool:
    """Left by a run that was killed while it tried the machine, or copied our own package.

    There is no process yet that could remove it, and nothing of a student's is in it.
    """
    if folder.name.startswith("imbal-lab-probe-"):
        return not any(folder.iterdir())
    return folder.name.startswith("imbal-lab-grading-") and not any(folder.glob("scratch*"))


def gone(orphans: Callable[[], set[psutil.Process]]) -> set[psutil.Process]:
    """Those that are still there after a while; the dead ones that came to us are buried."""
    for _ in range(200):
        for process in orphans():
            with suppress(psutil.NoSuchProcess, ChildProcessError):
                if process.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(process.pid, os.WNOHANG)
        if not orphans():
            return set()
        time.sleep(0.1)
    return orphans()

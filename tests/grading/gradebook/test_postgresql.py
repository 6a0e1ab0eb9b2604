"""The gradebook in a real PostgreSQL server, started here as its own user: as in SQLite."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from imbal_lab.grading.course import Course, CourseError
from imbal_lab.grading.grade import grade
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.export import export
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.gradebook.summary import summary
from imbal_lab.grading.judging.graded import Flag
from imbal_lab.grading.pages.feedback import feedback
from imbal_lab.grading.regrade import regrade

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture(scope="module")
def server():
    """The folder of the socket of a server that listens nowhere else. Root becomes postgres."""
    if not INSTALLED:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    programs = INSTALLED[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="imbal-lab-pg-"))  # short: a socket's path has 107 bytes
    options = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        options = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def run(program, *arguments):
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(
            command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120, **options
        )

    run("initdb", "--no-sync", "--auth=trust", "--username=teacher", "--encoding=UTF8")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "start", "--wait", "--silent", "-l", str(folder / "log"), "-o", settings)
    try:
        yield folder
    finally:
        run("pg_ctl", "stop", "--mode=immediate", "--silent")
        shutil.rmtree(folder)


@pytest.fixture
def courses(released, server, stub, tmp_path):
    """The same course twice: with a gradebook in SQLite, and in a new database of the server."""
    url = f"postgresql+psycopg://teacher@/course?host={server}"
    postgres = create_engine(url.replace("/course", "/postgres"), isolation_level="AUTOCOMMIT")
    with postgres.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS course"))
        connection.execute(text("CREATE DATABASE course"))
    postgres.dispose()
    with tables.connect(released) as connection:
        secret = connection.execute(tables.secrets.select()).one().value
    other = stub.make_course(tmp_path / "postgres")
    with (other.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    release(other, stub.LESSON)
    with tables.connect(other) as connection:
        connection.execute(tables.secrets.delete())
        connection.execute(tables.secrets.insert().values(name="course", value=secret))
    return released, other


def test_a_lesson_from_release_to_export(courses, stub):
    sqlite, postgres = (_whole_lesson(course, stub) for course in courses)
    assert postgres == sqlite
    assert sqlite["scores"] == {"anna": 8 + 2.5, "ben": 8, "cleo": 0}
    assert not (courses[1].root / "gradebook.db").exists()


def _whole_lesson(course: Course, stub) -> dict:
    """Grade, mark by hand, hand in again, regrade; everything that people see afterwards."""
    text = "NUL \x00, lone \udc80 and \U0001f4a9"

    def result(job, ratio=2.0):
        if job.student == "cleo":
            raise EOFError(text)
        flags = (Flag("imbalance_ratio", text, text), Flag(None, text, text))
        return stub.result_of(job, ratio, notes=(text,), flags=flags)

    for student in ("anna", "ben", "cleo"):
        stub.hand_in(course, student, stub.notebook(essay_why="Because."))
    first = stub.Prepared(result)
    grade(course, stub.LESSON, workers=first, in_flight=2)
    with tables.gradebook(course) as book:
        mark = book.find_grade("essay-why", stub.LESSON, stub.LESSON, "anna")
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        book.find_comment(
            "essay-why", stub.LESSON, stub.LESSON, "anna"
        ).manual_comment = "Well put."
        book.db.commit()
    stub.hand_in(course, "ben", stub.notebook(essay_why="Or not."))
    second = stub.Prepared(result)
    grade(course, stub.LESSON, workers=second, in_flight=2)
    better = stub.Prepared(lambda job: result(job, 3.0))
    found = regrade(course, stub.LESSON, workers=better, in_flight=2, write=True)
    pages = feedback(course, stub.LESSON)
    return {
        "seeds": [(job.student, job.seed) for job in [*first.jobs, *second.jobs, *better.jobs]],
        "changes": (found.changes, found.left),
        "summary": summary(course, stub.LESSON, ["anna", "ben", "cleo"]),
        "scores": {row.student: row.score for row in summary(course, stub.LESSON, list(pages))},
        "export": export(course),
        "pages": sorted(pages),
        "comments": _comments(course, stub),
    }


def _comments(course: Course, stub) -> list:
    with tables.gradebook(course) as book:
        notebook = book.find_submission_notebook(stub.LESSON, stub.LESSON, "anna")
        return sorted((c.name, c.auto_comment, c.manual_comment) for c in notebook.comments)


def test_out_of_reach_is_one_sentence_without_a_trace(courses, stub, server):
    course = courses[1]
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace(f"host={server}", f"host={server}/nowhere"))
    with pytest.raises(CourseError, match=r"the gradebook cannot be used: .*nowhere") as error:
        grade(course, stub.LESSON, workers=stub.Prepared(stub.result_of), in_flight=1)
    assert "\n" not in str(error.value)

"""Who is to be graded, and the job of each."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from imbal_lab.grading.course import Course, CourseError, sha256
from imbal_lab.grading.gradebook import releases, seeds, tables
from imbal_lab.grading.gradebook.nbgrader_rows import parse_timestamp
from imbal_lab.grading.judging.graded import Job
from imbal_lab.grading.submissions.submitted import SAFELY, read_submission

LONGEST_ID = 128  # characters; nbgrader's column of student ids
MARKUP = frozenset('<>&"`\\')  # nbgrader's pages write ids into HTML and scripts as they are


@dataclass(frozen=True)
class Task:
    """One submission to grade, and what will be recorded with its run.

    `notes` and `doubts` are of reading the file and choosing the release; `changed`: the work is
    not what it was when it was last graded.
    """

    job: Job
    release_id: int
    made_from: str | None
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    readable: bool  # False: nothing that could be a notebook was handed in; the doubts say why
    changed: bool
    timestamp: datetime | None  # when it was handed in, if nbgrader's exchange says so; UTC
    started: datetime


def students_of(course: Course, lesson: str, student: str | None) -> list[str]:
    """Everybody who handed in, or this one. Raises CourseError for who handed in nothing."""
    students = [who for who in course.students("submitted", lesson) if _is_student_id(who)]
    if student is None:
        return students
    if student not in students:
        known = ", ".join(students) or "nobody yet"
        raise CourseError(f"{student!r} handed in nothing for {lesson}; there are: {known}")
    return [student]


def folders_left(course: Course, lesson: str) -> list[str]:
    """Names of folders in submitted/ that cannot be a student's id, quoted."""
    names = course.students("submitted", lesson)
    return [ascii(who) for who in names if not _is_student_id(who)]


def make_task(
    connection: Connection,
    course: Course,
    lesson: str,
    student: str,
    *,
    unsafe: bool = False,
    seed: int | None = None,
) -> Task:
    """Read the submission and choose its release; the seed is drawn unless one is given."""
    content, notes, doubts = read_submission(course, lesson, student)
    submission = content or b""
    source = releases.made_from(submission)
    chosen = releases.choose(connection, course, lesson, source)
    if seed is None:
        seed = seeds.draw_seed(connection, lesson, student, sha256(submission), chosen.release)
    last = last_graded(connection, lesson, student)
    return Task(
        Job(lesson, student, submission, chosen.notebook, seed, unsafe),
        chosen.release["id"],
        source,
        (*notes, *chosen.notes),
        (*doubts, *chosen.doubts),
        content is not None,
        last is None or last["submission_sha256"] != sha256(submission),
        _timestamp(course, lesson, student),
        datetime.now(UTC).replace(tzinfo=None),
    )


def is_done(connection: Connection, course: Course, task: Task) -> bool:
    """Whether the newest run graded these bytes against this release, and its file is there."""
    job = task.job
    last = tables.latest_runs(connection, job.lesson).get(job.student)
    if last is None or last["status"] != "graded" or task.changed:
        return False
    path = course.notebook("autograded", job.student, job.lesson)
    return (
        last["release_id"] == task.release_id
        and path.is_file()
        and sha256(path.read_bytes()) == last["notebook_sha256"]
    )


def last_graded(connection: Connection, lesson: str, student: str) -> dict | None:
    """The newest run of a student that came to a result."""
    table = tables.runs
    mine = (table.c.lesson == lesson) & (table.c.student == student) & (table.c.status == "graded")
    query = table.select().where(mine).order_by(table.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def _is_student_id(name: str) -> bool:
    """Folder names come from strangers: they go into the gradebook, the terminal and pages."""
    return len(name) <= LONGEST_ID and name.isprintable() and not MARKUP & set(name)


def _timestamp(course: Course, lesson: str, student: str) -> datetime | None:
    """What nbgrader's exchange wrote into timestamp.txt; links and devices are not opened."""
    path = course.notebook("submitted", student, lesson).with_name("timestamp.txt")
    try:
        descriptor = os.open(path, SAFELY)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return parse_timestamp(file.read(100).decode("ascii", "replace")) if plain else None

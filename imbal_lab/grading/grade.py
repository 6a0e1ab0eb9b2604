"""Grade the submissions of a lesson, one student at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import insert, update

from . import scores, tables
from .conversion import ConversionError, printable
from .course import Course, CourseError, lesson_metadata, read_notebook, sha256
from .executor import Executor, NbgraderExecutor
from .outcomes import Outcome, read_outcomes


def grade(
    course: Course,
    lesson: str,
    *,
    student: str | None = None,
    force: bool = False,
    executor: Executor | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Grade everybody who handed in `lesson`, or one `student`; returns the students seen.

    Who was graded already, with the same submission and the same release, is left alone unless
    `force`. Each run draws a new seed for the checks' cases and keeps it in the table of runs. A
    submission that cannot be graded is recorded as failed and stops nobody else.
    Raises CourseError for a lesson that was not released and a student who handed in nothing.
    """
    with tables.connect(course) as connection:
        release = tables.require_release(connection, lesson)
        before = tables.latest_runs(connection, lesson)
    students = course.students("submitted", lesson)
    if student is not None and student not in students:
        known = ", ".join(students) or "nobody yet"
        raise CourseError(f"{student!r} handed in nothing for {lesson}; there are: {known}")
    students = students if student is None else [student]
    for number, who in enumerate(students, 1):
        submission = _submission(course, lesson, who)
        done = _is_done(before.get(who), release, submission) and not force
        progress(f"[{number}/{len(students)}] {who}{': graded already' if done else ''}")
        if not done:
            _grade_one(course, lesson, who, submission, release, executor or NbgraderExecutor())
    return students


def _submission(course: Course, lesson: str, student: str) -> bytes | None:
    """The submitted bytes; None where there is no ordinary file of the right name."""
    path = course.notebook("submitted", student, lesson)
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _is_done(run: dict | None, release: dict, submission: bytes | None) -> bool:
    return (
        run is not None
        and submission is not None
        and run["status"] == "graded"
        and run["release_id"] == release["id"]
        and run["submission_sha256"] == sha256(submission)
    )


def _grade_one(
    course: Course,
    lesson: str,
    student: str,
    submission: bytes | None,
    release: dict,
    executor: Executor,
) -> None:
    seed = 1 + secrets.randbelow(2**31 - 1)  # 0 is the learner's own practice
    row = {
        "lesson": lesson,
        "student": student,
        "release_id": release["id"],
        "submission_sha256": sha256(submission or b""),
        "made_from": _made_from(submission),
        "seed": seed,
        "started": _now(),
        "status": "running",
    }
    with tables.connect(course) as connection:
        key = connection.execute(insert(tables.runs).values(row)).inserted_primary_key
        assert key is not None
        run = int(key[0])
    outcomes: list[Outcome] = []
    status, reason = "graded", None
    try:
        if submission is None:
            raise ConversionError(f"no file {lesson}.ipynb was handed in")
        executor.run(course, lesson, student, seed)
        executed = course.notebook("autograded", student, lesson).read_bytes()
        outcomes = read_outcomes(read_notebook(executed), scores.exercises(course, lesson))
    except (ConversionError, OSError, ValueError) as error:
        status, reason = "failed", printable(str(error))
    with tables.connect(course) as connection:
        for position, outcome in enumerate(outcomes):
            _keep(connection, run, position, outcome)
        connection.execute(
            update(tables.runs)
            .where(tables.runs.c.id == run)
            .values(status=status, reason=reason, finished=_now())
        )


def _keep(connection: tables.Connection, run: int, position: int, outcome: Outcome) -> None:
    connection.execute(
        insert(tables.diagnoses).values(
            run_id=run,
            exercise=outcome.exercise,
            position=position,
            state=outcome.state,
            score=outcome.score,
            points=outcome.points,
            mistake=outcome.mistake,
            line_1=outcome.lines[0],
            line_2=outcome.lines[1],
            line_3=outcome.lines[2],
        )
    )
    for number, group in enumerate(outcome.groups):
        connection.execute(
            insert(tables.cases).values(
                run_id=run,
                exercise=outcome.exercise,
                position=number,
                name=group.name,
                hidden=group.hidden,
                passed=group.passed,
                weight=group.weight,
            )
        )


def _made_from(submission: bytes | None) -> str | None:
    """The source_sha256 of the release that a submission was made from, where it still says."""
    try:
        source = lesson_metadata(read_notebook(submission or b"")).get("source_sha256")
    except ValueError:
        return None
    return source[:64] if isinstance(source, str) else None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)

"""Grade the submissions of a lesson: jobs to workers, results to the one writer, here."""

from __future__ import annotations

import errno
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, update

from imbal_lab.grading.course import Course, CourseError
from imbal_lab.grading.dispatch import dispatch
from imbal_lab.grading.gradebook import scores, seeds, tables
from imbal_lab.grading.gradebook.one_exercise import only
from imbal_lab.grading.gradebook.records import read_records
from imbal_lab.grading.gradebook.writer import write_failure, write_graded
from imbal_lab.grading.judging.graded import Graded
from imbal_lab.grading.judging.work import work
from imbal_lab.grading.lock import locked
from imbal_lab.grading.tasks import Task, is_done, last_graded, make_task, students_of


def grade(
    course: Course,
    lesson: str,
    *,
    workers: Executor,
    in_flight: int,
    student: str | None = None,
    exercise: str | None = None,
    force: bool = False,
    unsafe: bool = False,
    progress: bool = False,
) -> list[str]:
    """Grade everybody who handed in `lesson`, or one `student`; returns the students seen.

    Who was graded already, with the same bytes against the same release, is left alone unless
    `force`. `exercise` grades this one again and keeps the other scores of who was graded already.
    Each result is written as it comes, so whatever stops the run, the next one goes on from there.
    Raises CourseError for a lesson that was not released, a student who handed in nothing, an
    unknown exercise, where the course or its gradebook cannot be written, and while another command
    grades here.
    """
    with disk_errors(), locked(course), tables.database(course) as engine:
        prepare(course, engine, lesson)
        _check_exercise(course, lesson, exercise)
        students = students_of(course, lesson, student)
        again = force or exercise is not None
        todo = [who for who in students if again or not _is_done(course, engine, lesson, who)]
        tasks = (_task(course, engine, lesson, who, unsafe) for who in todo)
        with (
            closing(dispatch(work, tasks, workers, in_flight)) as results,
            progress_bar(lesson, len(todo), progress) as bar,
        ):
            for task, result in results:
                _write(course, engine, task, result, exercise)
                bar.update()
    return students


def prepare(course: Course, engine: Engine, lesson: str) -> None:
    """Find out before anything is graded whether it can be: released, and all of it writable.

    Raises CourseError for a lesson that was not released; OSError or the database's error where
    nothing can be written.
    """
    with engine.begin() as connection:
        tables.require_release(connection, lesson)
        seeds.course_secret(connection)
        connection.execute(update(tables.secrets).values(value=tables.secrets.c.value))
    folder = course.root / "autograded"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        file.write(bytes(2**16))


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn an OSError into a CourseError that says what to do."""
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, "see to it")
        where = f"{error.filename}: " if error.filename else ""
        raise CourseError(
            f"{where}{error.strerror or error}; {advice}, then run this again: "
            "what was finished is kept"
        ) from error


ADVICE = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space") | dict.fromkeys(
    (errno.EACCES, errno.EPERM, errno.EROFS), "make the course's folder writable for you"
)


def progress_bar(lesson: str, total: int, progress: bool) -> Any:
    """A bar with the time that is left, on stderr."""
    from tqdm import tqdm

    return tqdm(total=total, desc=lesson, unit="student", file=sys.stderr, disable=not progress)


def without_doubled_doubts(task: Task, graded: Graded) -> Graded:
    """Where there was no file, the task's doubts say so; that nothing was read says it again."""
    return graded if task.readable else replace(graded, notes=(), doubts=())


def _check_exercise(course: Course, lesson: str, exercise: str | None) -> None:
    known = scores.exercises(course, lesson)
    if exercise not in (None, *known):
        raise CourseError(f"no exercise {exercise!r} in {lesson}; there are: {', '.join(known)}")


def _is_done(course: Course, engine: Engine, lesson: str, student: str) -> bool:
    with engine.connect() as connection:
        return is_done(connection, course, make_task(connection, course, lesson, student))


def _task(course: Course, engine: Engine, lesson: str, student: str, unsafe: bool) -> Task:
    with engine.connect() as connection:
        return make_task(connection, course, lesson, student, unsafe=unsafe)


def _write(
    course: Course, engine: Engine, task: Task, result: Graded | str, exercise: str | None
) -> None:
    if isinstance(result, str):
        write_failure(engine, task, result)
        return
    result = without_doubled_doubts(task, result)
    if exercise is not None:
        result = _keeping_others(course, engine, task, result, exercise)
    write_graded(course, engine, task, result)


def _keeping_others(
    course: Course, engine: Engine, task: Task, result: Graded, exercise: str
) -> Graded:
    """The result with other exercises as they were graded before; whole for work that is new."""
    job = task.job
    path = course.notebook("autograded", job.student, job.lesson)
    with engine.connect() as connection:
        last = last_graded(connection, job.lesson, job.student)
        if last is None or task.changed or last["release_id"] != task.release_id:
            return result
        old = read_records(connection, [last["id"]])[last["id"]]
    return only(exercise, result, old, path.read_bytes()) if path.is_file() else result

"""Grade again with the cases of the last run, and say which scores would change."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from imbal_lab.grading.course import Course
from imbal_lab.grading.dispatch import dispatch
from imbal_lab.grading.grade import disk_errors, prepare, progress_bar, without_doubled_doubts
from imbal_lab.grading.gradebook import nbgrader_rows, tables
from imbal_lab.grading.gradebook.records import read_records
from imbal_lab.grading.gradebook.writer import scaled, write_graded
from imbal_lab.grading.judging.graded import Graded
from imbal_lab.grading.judging.work import work
from imbal_lab.grading.lock import locked
from imbal_lab.grading.tasks import Task, last_graded, make_task, students_of


@dataclass(frozen=True)
class Change:
    """An exercise whose automatic score is another one now; a person's mark still counts first."""

    student: str
    exercise: str
    before: float
    after: float


@dataclass(frozen=True)
class Regraded:
    """`changes` of everybody who was graded again; for the others, a line each that says why."""

    students: list[str]
    changes: list[Change]
    left: list[str]


def regrade(
    course: Course,
    lesson: str,
    *,
    workers: Executor,
    in_flight: int,
    student: str | None = None,
    write: bool = False,
    unsafe: bool = False,
    progress: bool = False,
) -> Regraded:
    """Grade everybody, or one `student`, as the last time: same work, same release, same seed.

    So a score changes only where the checks or the grader did. Nothing is written unless `write`.
    Raises CourseError as `grade` does.
    """
    found = Regraded([], [], [])
    with disk_errors(), locked(course), tables.database(course) as engine:
        prepare(course, engine, lesson)
        students = students_of(course, lesson, student)
        tasks = _tasks(course, engine, lesson, students, unsafe, found)
        with (
            closing(dispatch(work, tasks, workers, in_flight)) as results,
            progress_bar(lesson, len(students), progress) as bar,
        ):
            for task, result in results:
                if isinstance(result, str):
                    found.left.append(f"{task.job.student}: {result}")
                else:
                    result = without_doubled_doubts(task, result)
                    found.students.append(task.job.student)
                    found.changes.extend(_changes(engine, task, result))
                    if write:
                        write_graded(course, engine, task, result)
                bar.update()
    order = {who: place for place, who in enumerate(students)}
    found.students.sort()
    found.left.sort()
    found.changes.sort(key=lambda change: order[change.student])
    return found


def _tasks(
    course: Course,
    engine: Engine,
    lesson: str,
    students: list[str],
    unsafe: bool,
    found: Regraded,
) -> Iterator[Task]:
    """The task of each student as it was the last time; a line in `found.left` for the others."""
    for who in students:
        with engine.connect() as connection:
            last = last_graded(connection, lesson, who)
            seed = last["seed"] if last else None
            task = make_task(connection, course, lesson, who, unsafe=unsafe, seed=seed)
        if last is None:
            found.left.append(f"{who}: not graded yet")
        elif task.changed or last["release_id"] != task.release_id:
            found.left.append(f"{who}: handed in or released anew since; run imbal-lab grade")
        else:
            yield task


def _changes(engine: Engine, task: Task, graded: Graded) -> list[Change]:
    job = task.job
    with engine.connect() as connection:
        with Session(connection) as session:
            now, _ = scaled(graded, nbgrader_rows.points_of(session, job.lesson))
        last = last_graded(connection, job.lesson, job.student)
        assert last is not None
        before = {
            found.exercise: found.score
            for found in read_records(connection, [last["id"]])[last["id"]].exercises
        }
    return [
        Change(job.student, found.exercise, before.get(found.exercise, 0.0), found.score)
        for found in now.exercises
        if abs(before.get(found.exercise, 0.0) - found.score) > 1e-6
    ]

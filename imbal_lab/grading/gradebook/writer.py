"""The one writer: everything about a graded submission, in one transaction.

nbgrader's rows, ours and the autograded notebook belong together. The file is put in place right
before the commit. A run that is killed between the two leaves a file newer than the gradebook;
the run records the file's hash, so the next one sees that they differ and makes both again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert
from sqlalchemy.orm import Session

from imbal_lab.grading.course import Course, sha256, write_atomically
from imbal_lab.grading.gradebook import nbgrader_rows, tables
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.gradebook.nbgrader_rows import CellResult
from imbal_lab.grading.judging.graded import ExerciseResult, Graded
from imbal_lab.grading.tasks import Task


def write_graded(course: Course, engine: Engine, task: Task, graded: Graded) -> None:
    """Write one student's result: gradebook, tables, autograded notebook, or nothing of them.

    Points of another release are scaled to the gradebook's, with a note.
    """
    job = task.job
    with engine.begin() as connection:
        run = _insert_run(connection, task, graded)  # writes first: SQLite locks here
        with Session(connection, autoflush=False) as session:
            points = nbgrader_rows.points_of(session, job.lesson)
            graded, notes = scaled(graded, points)
            task = replace(task, doubts=(*task.doubts, *_missing(graded, points)))
            essays, unanswered = nbgrader_rows.cell_results(graded.notebook)
            nbgrader_rows.update_rows(
                session,
                job.lesson,
                job.student,
                _to_review(graded, task, {name: essays.get(name) for name in points}),
                unanswered=unanswered,
                changed=task.changed,
                timestamp=task.timestamp,
            )
        _insert_exercises(connection, run, graded.exercises)
        _insert_flags(connection, run, graded)
        notes = [*task.notes, *graded.notes, *notes]
        _insert_remarks(connection, run, notes, [*task.doubts, *graded.doubts])
        path = course.notebook("autograded", job.student, job.lesson)
        write_atomically(path, graded.notebook)


def write_failure(engine: Engine, task: Task, reason: str) -> None:
    """Write that nothing could be found out about a submission: no points, and a person is needed.

    Marks that a person gave count all the same. It is graded again at the next run.
    """
    job = task.job
    with engine.begin() as connection:
        run = _insert_run(connection, task, None, reason)
        with Session(connection, autoflush=False) as session:
            nothing = CellResult(None, True)
            nbgrader_rows.update_rows(
                session,
                job.lesson,
                job.student,
                dict.fromkeys(nbgrader_rows.points_of(session, job.lesson), nothing),
                unanswered=set(),
                changed=task.changed,
                timestamp=task.timestamp,
            )
        doubts = [*task.doubts, f"could not be graded: {reason}"]
        _insert_remarks(connection, run, task.notes, doubts)


def scaled(graded: Graded, points: dict[str, float]) -> tuple[Graded, list[str]]:
    """`graded` in the gradebook's points, and a note for each exercise that this changes."""
    exercises, notes = [], []
    for found in graded.exercises:
        most = points.get(f"check-{found.exercise}")
        if most is None:
            notes.append(f"{found.exercise} is not in the gradebook: its points do not count")
        elif most != found.points:
            notes.append(
                f"{found.exercise} gave {found.points:g} points in the release this was made "
                f"from and gives {most:g} now: the score is scaled"
            )
            share = found.score / found.points if found.points else 0.0
            found = replace(found, score=share * most, points=most)
        exercises.append(found)
    return replace(graded, exercises=tuple(exercises)), notes


def _missing(graded: Graded, points: dict[str, float]) -> list[str]:
    """A doubt for each check of the gradebook that the release this was made from does not have."""
    there = {f"check-{found.exercise}" for found in graded.exercises}
    checks = [name for name in points if name.startswith("check-") and name not in there]
    said = "is not in the release this was made from: no points"
    return [f"{name.removeprefix('check-')} {said}" for name in checks]


def _to_review(
    graded: Graded, task: Task, essays: dict[str, CellResult | None]
) -> dict[str, CellResult]:
    """What to enter for each graded cell of the gradebook.

    A flag in an exercise asks for a person there; a doubt, or a flag elsewhere, in every cell.
    """
    scores = {f"check-{found.exercise}": found.score for found in graded.exercises}
    flagged = {flag.exercise for flag in graded.flags}
    everywhere = bool(task.doubts or graded.doubts or None in flagged)
    return {
        name: CellResult(
            essay.auto_score if essay else scores.get(name, 0.0),
            everywhere
            or bool(essay and essay.needs_person)
            or name.removeprefix("check-") in flagged,
        )
        for name, essay in essays.items()
    }


def _insert_run(
    connection: Connection, task: Task, graded: Graded | None, reason: str | None = None
) -> int:
    job = task.job
    values = {
        "lesson": job.lesson,
        "student": job.student,
        "release_id": task.release_id,
        "submission_sha256": sha256(job.submission),
        "made_from": task.made_from,
        "seed": job.seed,
        "started": task.started,
        "finished": datetime.now(UTC).replace(tzinfo=None),
        "status": "graded" if graded else "failed",
        "reason": reason,
        "cpu_seconds": graded.cpu_seconds if graded else None,
        "notebook_sha256": sha256(graded.notebook) if graded else None,
    }
    key = connection.execute(insert(tables.runs).values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _insert_exercises(
    connection: Connection, run: int, exercises: tuple[ExerciseResult, ...]
) -> None:
    rows, cases = [], []
    for position, found in enumerate(exercises):
        rows.append(_diagnosis(found) | {"run_id": run, "position": position})
        cases += [
            vars(group) | {"run_id": run, "exercise": found.exercise, "position": number}
            for number, group in enumerate(found.groups)
        ]
    _insert(connection, tables.diagnoses, rows)
    _insert(connection, tables.cases, cases)


def _diagnosis(found: ExerciseResult) -> dict[str, Any]:
    lines = [printable(line, 2000) for line in found.lines][:3]
    lines += [""] * (3 - len(lines))
    return {
        "exercise": found.exercise,
        "state": found.state,
        "score": found.score,
        "points": found.points,
        "mistake": found.mistake,
        **{f"line_{number}": line for number, line in enumerate(lines, 1)},
        "cpu_seconds": found.cpu_seconds,
    }


def _insert_flags(connection: Connection, run: int, graded: Graded) -> None:
    rows: list[dict[str, Any]] = []
    for position, flag in enumerate(graded.flags):
        said = {"line": printable(flag.line, 500), "why": printable(flag.why, 500)}
        rows.append(said | {"run_id": run, "position": position, "exercise": flag.exercise})
    _insert(connection, tables.flags, rows)


def _insert_remarks(
    connection: Connection, run: int, notes: Iterable[str], doubts: Iterable[str]
) -> None:
    said = [("note", text) for text in notes] + [("doubt", text) for text in doubts]
    rows = [
        {"run_id": run, "position": position, "kind": kind, "text": printable(text, 500)}
        for position, (kind, text) in enumerate(said)
    ]
    _insert(connection, tables.remarks, rows)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)

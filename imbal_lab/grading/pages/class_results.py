"""What grading found for each student of a lesson, read back from our tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.records import read_records
from imbal_lab.grading.judging.graded import ExerciseResult, Flag


@dataclass(frozen=True)
class StudentResult:
    """A student's newest finished run; `status` is graded, failed, or not graded (no run yet)."""

    student: str
    status: str
    reason: str | None = None  # why it failed
    finished: datetime | None = None  # UTC
    exercises: tuple[ExerciseResult, ...] = ()
    doubts: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


def read_class(connection: Connection, lesson: str) -> dict[str, StudentResult]:
    """By student, sorted by id, everybody who has a finished run."""
    newest = _newest_runs(connection, lesson)
    records = read_records(connection, [row["id"] for row in newest.values()])
    found = {}
    for student, row in sorted(newest.items()):
        run = row["status"], row["reason"], row["finished"]
        record = records[row["id"]]
        result = StudentResult(student, *run, record.exercises, record.doubts, record.flags)
        found[student] = result
    return found


def _newest_runs(connection: Connection, lesson: str) -> dict[str, Any]:
    """The newest run of each student that came to an end."""
    of_lesson = (tables.runs.c.lesson == lesson, tables.runs.c.status.in_(("graded", "failed")))
    query = select(tables.runs).where(*of_lesson).order_by(tables.runs.c.id)
    return {row["student"]: row for row in connection.execute(query).mappings()}

"""What was recorded with a run, read back from our tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.judging.graded import ExerciseResult, Flag, GroupResult


@dataclass(frozen=True)
class Record:
    """All that a run found, as plain data; empty for a run that failed."""

    exercises: tuple[ExerciseResult, ...]
    flags: tuple[Flag, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def read_records(connection: Connection, run_ids: Collection[int]) -> dict[int, Record]:
    """The record of each of these runs."""
    exercises = _exercises(connection, run_ids)
    flags = _by_run(connection, tables.flags, run_ids)
    remarks = _by_run(connection, tables.remarks, run_ids)
    return {
        run: Record(
            tuple(exercises[run]),
            tuple(Flag(row.exercise, row.line, row.why) for row in flags[run]),
            tuple(row.text for row in remarks[run] if row.kind == "note"),
            tuple(row.text for row in remarks[run] if row.kind == "doubt"),
        )
        for run in run_ids
    }


def _exercises(connection: Connection, run_ids: Collection[int]) -> dict[int, list[ExerciseResult]]:
    groups: dict[tuple[int, str], list[GroupResult]] = defaultdict(list)
    for run, rows in _by_run(connection, tables.cases, run_ids).items():
        for row in rows:
            group = GroupResult(row.name, row.hidden, row.passed, row.weight)
            groups[run, row.exercise].append(group)
    found: dict[int, list[ExerciseResult]] = defaultdict(list)
    for run, rows in _by_run(connection, tables.diagnoses, run_ids).items():
        for row in rows:
            lines = tuple(line for line in (row.line_1, row.line_2, row.line_3) if line)
            mine = tuple(groups[run, row.exercise])
            scored = row.state, row.score, row.points, row.mistake, lines, mine
            found[run].append(ExerciseResult(row.exercise, *scored, row.cpu_seconds or 0.0))
    return found


def _by_run(connection: Connection, table: Table, run_ids: Collection[int]) -> dict[int, list[Any]]:
    """The rows of each run, in the order in which they were written."""
    rows: dict[int, list[Any]] = defaultdict(list)
    query = select(table).where(table.c.run_id.in_(run_ids)).order_by(table.c.position)
    for row in connection.execute(query):
        rows[row.run_id].append(row)
    return rows

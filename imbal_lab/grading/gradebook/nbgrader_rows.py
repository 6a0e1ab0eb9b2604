"""nbgrader's own rows of one submission, kept as its autograde, Formgrader and export need them.

Through nbgrader's mapped classes on a session of ours, because its Gradebook commits at every step.
What a person entered (manual scores, extra credit, comments, flags) is never written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from imbal_lab.grading.course import CourseError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TIMESTAMP = re.compile(r"[0-9][0-9T:. +-]{9,40}[A-Z]{0,5}")  # as nbgrader writes it


@dataclass(frozen=True)
class CellResult:
    """What grading says about a graded cell: points, None where only a person can give them."""

    auto_score: float | None
    needs_person: bool


def points_of(session: Session, lesson: str) -> dict[str, float]:
    """Grade id -> points in the gradebook. Raises CourseError for an unreleased lesson."""
    from nbgrader.api import GradeCell

    notebook = _notebook(session, lesson)
    cells = session.scalars(select(GradeCell).where(GradeCell.notebook_id == notebook.id))
    return {cell.name: float(cell.max_score) for cell in cells}


def update_rows(
    session: Session,
    lesson: str,
    student: str,
    results: Mapping[str, CellResult],
    *,
    unanswered: set[str],
    changed: bool,
    timestamp: datetime | None,
) -> None:
    """Bring the rows of a student's submission up to date; make them where there are none.

    `results` by grade id; `unanswered`: ids of answer cells as they were handed out; `changed`:
    the work is not what it was when it was last graded, so a mark given by hand is to be looked at.
    """
    from nbgrader.api import BaseCell

    submitted = _submission(session, lesson, student)
    submitted.assignment.timestamp = timestamp
    mine = BaseCell.notebook_id == submitted.notebook_id
    cells = session.execute(select(BaseCell.id, BaseCell.name).where(mine))
    names: dict[str, str] = {cell.id: cell.name for cell in cells}
    for grade in submitted.grades:
        result = results.get(names[grade.cell_id])
        if result is not None:
            grade.auto_score = result.auto_score
            if changed or grade.manual_score is None:
                marked = grade.manual_score is not None
                grade.needs_manual_grade = result.needs_person or marked
    for comment in submitted.comments:
        bare = names[comment.cell_id] in unanswered
        comment.auto_comment = "No response." if bare else None
    session.flush()


def cell_results(notebook: bytes) -> tuple[dict[str, CellResult], set[str]]:
    """Results of the cells that people mark, and the answer cells nobody wrote in.

    As nbgrader does: what is still as it was handed out gives 0 points and needs nobody.
    """
    from nbformat.v4 import reads_json
    from nbgrader import utils

    essays, unanswered = {}, set()
    for cell in reads_json(notebook.decode("utf-8"))["cells"]:
        if not utils.is_solution(cell):
            continue
        mine = cell.metadata["nbgrader"]
        bare = mine.get("checksum") == utils.compute_checksum(cell)
        if bare:
            unanswered.add(mine["grade_id"])
        if utils.is_grade(cell):
            essays[mine["grade_id"]] = CellResult(0.0 if bare else None, not bare)
    return essays, unanswered


def parse_timestamp(text: str) -> datetime | None:
    """The UTC time in a timestamp.txt of nbgrader's, None where it holds no time."""
    from nbgrader.utils import parse_utc

    if not TIMESTAMP.fullmatch(text.strip()):
        return None
    try:
        return parse_utc(text.strip())
    except (ValueError, OverflowError):
        return None


def _notebook(session: Session, lesson: str) -> Any:
    from nbgrader.api import Assignment, Notebook

    query = select(Notebook).join(Assignment)
    found = session.scalars(query.where(Assignment.name == lesson, Notebook.name == lesson)).first()
    if found is None:
        raise CourseError(f"{lesson} is not in the gradebook; run imbal-lab release {lesson}")
    return found


def _submission(session: Session, lesson: str, student: str) -> Any:
    """The student's SubmittedNotebook, with a row for every graded cell and every answer cell."""
    from nbgrader import api

    notebook = _notebook(session, lesson)
    if session.get(api.Student, student) is None:
        session.add(api.Student(id=student))
        session.flush()
    keys = {"assignment_id": notebook.assignment_id, "student_id": student}
    whole = _one(session, api.SubmittedAssignment, **keys)
    part = _one(session, api.SubmittedNotebook, notebook_id=notebook.id, assignment_id=whole.id)
    tasks = notebook.task_cells
    _one_a_cell(session, api.Grade, part, notebook.grade_cells + tasks)
    _one_a_cell(session, api.Comment, part, notebook.solution_cells + tasks)
    return part


def _one(session: Session, kind: Any, **keys: str) -> Any:
    """The row with these keys, made where it is missing."""
    found = session.scalars(select(kind).filter_by(**keys)).first()
    if found is None:
        found = kind(**keys)
        session.add(found)
        session.flush()
    return found


def _one_a_cell(session: Session, kind: Any, part: Any, cells: list[Any]) -> None:
    """A Grade or Comment for each cell; those there are stay locked until the transaction ends."""
    query = select(kind.cell_id).where(kind.notebook_id == part.id).with_for_update()
    there = set(session.scalars(query))
    missing = [cell for cell in cells if cell.id not in there]
    session.add_all(kind(cell_id=cell.id, notebook_id=part.id) for cell in missing)
    session.flush()

"""Take one exercise from a new result, and everything else from the one before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from imbal_lab.grading.gradebook.records import Record
from imbal_lab.grading.judging.graded import Graded


def only(exercise: str, new: Graded, old: Record, old_notebook: bytes) -> Graded:
    """`old` with the result of `exercise` from `new`, in the notebook too.

    Both are of the same submission and release, so what was found in its source is the same.
    """
    found = {result.exercise: result for result in new.exercises}
    exercises = tuple(
        found.get(result.exercise, result) if result.exercise == exercise else result
        for result in old.exercises
    )
    return replace(
        new,
        exercises=exercises,
        notebook=_with_check(f"check-{exercise}", new.notebook, old_notebook),
        cpu_seconds=sum(result.cpu_seconds for result in exercises),
    )


def _with_check(grade_id: str, new: bytes, old: bytes) -> bytes:
    """The old notebook with the new one's check cell."""
    notebook = json.loads(old)
    fresh = {_grade_id(cell): cell for cell in json.loads(new)["cells"]}
    notebook["cells"] = [
        fresh.get(grade_id, cell) if _grade_id(cell) == grade_id else cell
        for cell in notebook["cells"]
    ]
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8")


def _grade_id(cell: dict[str, Any]) -> str | None:
    return cell["metadata"].get("nbgrader", {}).get("grade_id")

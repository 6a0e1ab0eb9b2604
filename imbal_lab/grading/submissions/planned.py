"""What will run: a submission's cells after it was made whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from imbal_lab.grading.submissions.released import ReleasedCell


@dataclass(frozen=True)
class PlannedCell:
    """A cell as it will run and be shown; `id` is unique in the notebook.

    `kind`: code, markdown or check. `grade_id` is the release's; None for what the release neither
    marks nor locks, and for the student's own cells. `exercise` stands at check and answer cells,
    copies of answers included. `metadata` is the release's, {} for the student's own cells.
    """

    kind: str
    source: str
    grade_id: str | None
    exercise: str | None
    id: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Repaired:
    """The cells in order; what was mended at no cost; what a person should look at.

    Where the notebook was not `readable`, the cells are the release's own, untouched.
    """

    cells: tuple[PlannedCell, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    readable: bool = True


def as_released(cell: ReleasedCell) -> PlannedCell:
    """A released cell just as it is."""
    kind = "check" if cell.role == "check" else cell.kind
    return PlannedCell(
        kind, cell.source, cell.grade_id, cell.exercise, cell.id, dict(cell.metadata)
    )

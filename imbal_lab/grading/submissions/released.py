"""The cells of a released notebook and what each is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imbal_lab.grading.submissions.reading import line_ends


@dataclass(frozen=True)
class ReleasedCell:
    """A cell of the release. `role`: answer, check, essay, locked, or free for all others."""

    id: str
    kind: str  # code or markdown
    role: str
    source: str
    grade_id: str | None
    metadata: dict[str, Any]

    @property
    def exercise(self) -> str | None:
        """The exercise of an answer or check cell."""
        if self.grade_id is None or self.role not in ("answer", "check"):
            return None
        return self.grade_id.removeprefix(f"{self.role}-")


def released_cells(release: dict[str, Any]) -> tuple[ReleasedCell, ...]:
    """The cells of a released notebook, in order."""
    return tuple(_released(cell, number) for number, cell in enumerate(release["cells"]))


def _released(cell: dict[str, Any], number: int) -> ReleasedCell:
    graded = cell["metadata"].get("nbgrader", {})
    return ReleasedCell(
        cell.get("id", f"cell-{number}"),
        cell["cell_type"],
        _role(graded),
        line_ends("".join(cell["source"])),
        graded.get("grade_id"),
        cell["metadata"],
    )


def _role(graded: dict[str, Any]) -> str:
    if graded.get("solution"):
        return "essay" if graded.get("grade") else "answer"
    if graded.get("grade"):
        return "check"
    return "locked" if graded.get("locked") or graded.get("task") else "free"

"""What a student did, as it stands in the autograded notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Work:
    """Of one exercise: the answer cell's code, what that cell printed, and the figures (base64)
    of this cell and all that follow up to the next answer."""

    code: str = ""
    printed: str = ""
    figures: list[str] = field(default_factory=list)


def read_work(notebook: dict[str, Any]) -> tuple[dict[str, Work], dict[str, str]]:
    """The work of each exercise, and the Markdown of each essay by its grade id.

    Figures before the first answer are the work of exercise "".
    """
    work, essays = {"": Work()}, {}
    exercise = ""
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        source = "".join(cell["source"])  # nbformat allows a list of lines
        if grade_id.startswith("answer-"):
            exercise = grade_id.removeprefix("answer-")
            work[exercise] = Work(source, "".join(_texts(cell)))
        elif cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("grade"):
            essays[grade_id] = source
        work[exercise].figures += _figures(cell)
    return work, essays


def _texts(cell: dict[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", []):
        text = output.get("text", output.get("data", {}).get("text/plain", ""))
        yield "".join(text)


def _figures(cell: dict[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", []):
        png = "".join(output.get("data", {}).get("image/png", ""))
        if png:
            yield png

"""The notebook as it was understood and run: sources, safe outputs, the checks' lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from imbal_lab.grading.pages.safe_outputs import safe_outputs
from imbal_lab.grading.pages.safe_text import safe_markdown
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.student_process.outputs import Text
from imbal_lab.student_process.submission import CellRun


def executed_notebook(
    release: dict[str, Any],
    cells: Sequence[PlannedCell],
    runs: Mapping[int, CellRun],
    lines: Mapping[str, Sequence[str]],
) -> bytes:
    """Notebook JSON, nbformat 4.5. `runs` by the cell's number, `lines` by exercise.

    Texts that the student wrote come without HTML; those of the release stay as they are.
    """
    known = {"".join(cell["source"]) for cell in release["cells"]}
    made: list[dict[str, Any]] = []
    counts = count(1)
    for number, cell in enumerate(cells):
        if cell.kind == "check":
            outputs = list(_check_output(lines.get(cell.exercise or "", ())))
            made.append(_code(cell, next(counts), outputs))
        elif cell.kind == "code":
            run = runs.get(number)
            made.append(_code(cell, next(counts) if run else None, _outputs(run)))
        else:
            source = cell.source if cell.source in known else safe_markdown(cell.source)
            made.append(_cell(cell, "markdown", source))
    notebook = {
        "cells": made,
        "metadata": release.get("metadata", {}),
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _cell(cell: PlannedCell, kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "id": cell.id, "metadata": dict(cell.metadata), "source": source}


def _code(cell: PlannedCell, number: int | None, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return _cell(cell, "code", cell.source) | {"execution_count": number, "outputs": outputs}


def _outputs(run: CellRun | None) -> list[dict[str, Any]]:
    if run is None:
        return []
    says = (Text("stderr", f"The cell was stopped: {run.says}.\n"),) if run.says else ()
    return safe_outputs((*run.outputs, *says))


def _check_output(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    if lines:
        yield {"output_type": "stream", "name": "stdout", "text": "\n".join(lines) + "\n"}

"""The cells of a notebook that a stranger handed in: from any bytes, believing nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.submissions.intake import MOST_BYTES
from imbal_lab.grading.submissions.source_tree import bound_names, checks_only, special_lines

MOST_VALUES = 2_000_000  # lists, texts and numbers in the file: what it may cost in memory
MOST_CELLS = 1_000
MOST_TEXT = 2**20  # characters of a text cell; a pasted picture may stand in it
MOST_CODE = 100_000  # characters of a code cell
MOST_CODE_TOTAL = 300_000
MOST_MAGICS = 100  # in all; looking through a cell costs one pass for each

# What other files begin with, and what they are.
OTHER_FILES = (
    ("<", "a web page, not the notebook"),
    ("{&quot;", "a notebook as a web page shows it"),
    ("PK\x03\x04", "an archive, not the notebook"),
    ("%PDF", "a PDF, not the notebook"),
    ("#", "a text, perhaps the notebook exported as a script"),
    ("import ", "a Python script, not the notebook"),
    ("from ", "a Python script, not the notebook"),
)


class UnreadableError(ValueError):
    """No notebook can be made of these bytes; the message is the reason in a few words."""


@dataclass(frozen=True)
class SubmittedCell:
    """A cell as it was handed in. `kind` is code, markdown or raw; the ids are only claims."""

    kind: str
    source: str
    id: str | None
    grade_id: str | None
    pictures: bool  # pasted into the text

    @cached_property
    def may_be_code(self) -> bool:
        """Whether it is code, or a text that looks as if it had been."""
        return self.kind == "code" or re.search(r"^def ", self.source, re.MULTILINE) is not None

    @cached_property
    def defines(self) -> frozenset[str]:
        """The names that it defines, if it is Python."""
        readable = self.may_be_code and len(self.source) <= MOST_CODE
        return bound_names(self.source) if readable else frozenset()

    @cached_property
    def checks(self) -> frozenset[str]:
        """The exercises that it checks, if it is a code cell that does nothing else."""
        return checks_only(self.source) if self.kind == "code" else frozenset()


@dataclass(frozen=True)
class Reading:
    """The cells, the lesson and kernel that the notebook names, and what was mended or lost."""

    cells: tuple[SubmittedCell, ...]
    lesson: str | None
    kernel: str | None
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def read(content: bytes) -> Reading:
    """The notebook in `content`, in format 2, 3 or 4, in UTF-8, UTF-16, UTF-32 or Latin-1.

    Raises UnreadableError, and nothing else, where there is none: nothing is guessed.
    """
    text, notes = _decode(content)
    notebook = _parse(text)
    listed = list(_listed_cells(notebook))
    if len(listed) > MOST_CELLS:
        raise UnreadableError(f"it has {len(listed)} cells, and {MOST_CELLS} is the most")
    if "cells" not in notebook:
        notes.append("The notebook was saved in an old format; it was read all the same.")
    if any(isinstance(cell, dict) and "cell_type" not in cell for cell in listed):
        notes.append("Some cells did not say whether they are text or code; their content did.")
    cells, doubts = _within_bounds([_cell(cell) for cell in listed if isinstance(cell, dict)])
    if len(cells) < len(listed):
        doubts.append(f"{len(listed) - len(cells)} of the notebook's cells are no cells.")
    metadata = _dict(notebook.get("metadata"))
    lesson = _dict(metadata.get("imbal_lab")).get("lesson")
    kernel = _dict(metadata.get("kernelspec")).get("name")
    return Reading(tuple(cells), _label(lesson), _label(kernel), tuple(notes), tuple(doubts))


def _decode(content: bytes) -> tuple[str, list[str]]:
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"it is larger than {MOST_BYTES // 2**20} MiB")
    encoding: str = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = _western(content), "Latin-1"
    if encoding.startswith("utf-8"):
        return text, []
    return text, [f"The file was saved as {encoding.upper()} and not as UTF-8; it was read so."]


def _western(content: bytes) -> str:
    """Latin-1 as Windows writes it, with its dashes and quotes, where that is possible."""
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _parse(text: str) -> dict[str, Any]:
    if not text.strip():
        raise UnreadableError("the file is empty")
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise UnreadableError(f"it holds more than {MOST_VALUES} values")
    try:
        # Numbers play no part; as floats they are read in one pass, however long they are.
        notebook = json.loads(text, parse_int=float)
    except RecursionError as error:
        raise UnreadableError("it is nested too deeply") from error
    except ValueError as error:
        raise UnreadableError(_why_no_json(text, error)) from error
    if not isinstance(notebook, dict):
        raise UnreadableError("there is no notebook in it")
    return notebook


def _why_no_json(text: str, error: ValueError) -> str:
    start = text.lstrip()
    for beginning, what in OTHER_FILES:
        if start.startswith(beginning):
            return f"it is {what}"
    where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
    return f"its text is damaged or cut off{where}"


def _listed_cells(notebook: dict[str, Any]) -> Iterator[Any]:
    """The entries of the list of cells; in formats 2 and 3 they stand on worksheets."""
    sheets = notebook.get("worksheets")
    pages = [notebook] if "cells" in notebook or not isinstance(sheets, list) else sheets
    lists = [_dict(page).get("cells") for page in pages]
    if not any(isinstance(cells, list) for cells in lists):
        raise UnreadableError("there is no list of cells in it")
    for cells in lists:
        if isinstance(cells, list):
            yield from cells


def _cell(cell: dict[str, Any]) -> SubmittedCell:
    metadata = _dict(cell.get("metadata"))
    source = _text(cell.get("source", cell.get("input")))
    level = cell.get("level")
    if cell.get("cell_type") == "heading" and isinstance(level, float) and 1 <= level <= 6:
        source = f"{'#' * int(level)} {' '.join(source.split())}"  # format 3
    return SubmittedCell(
        _kind(cell),
        source,
        _label(cell.get("id", metadata.get("id"))),  # Colab keeps ids in the metadata
        _label(_dict(metadata.get("nbgrader")).get("grade_id")),
        bool(cell.get("attachments")),
    )


def _kind(cell: dict[str, Any]) -> str:
    kind = cell.get("cell_type")
    if kind in ("code", "markdown", "raw"):
        return str(kind)
    has_run = "outputs" in cell or "execution_count" in cell
    return "code" if kind is None and has_run else "markdown"


def _text(source: Any) -> str:
    """A source, with plain line ends and nothing that UTF-8 cannot hold."""
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return line_ends(text).encode("utf-8", "replace").decode("utf-8")


def line_ends(text: str) -> str:
    """The text with plain line ends, wherever it was written."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _within_bounds(cells: list[SubmittedCell]) -> tuple[list[SubmittedCell], list[str]]:
    """The cells, emptied where they are too long; all code together has its bound, too."""
    bounded, doubts = [], []
    for number, cell in enumerate(cells, 1):
        most = MOST_CODE if cell.kind == "code" else MOST_TEXT
        if len(cell.source) > most:
            doubts.append(f"Cell {number} was left out: it is longer than {most} characters.")
            cell = replace(cell, source="")
        bounded.append(cell)
    code = [cell.source for cell in bounded if cell.may_be_code]
    if sum(map(len, code)) > MOST_CODE_TOTAL:
        raise UnreadableError(f"it holds more than {MOST_CODE_TOTAL} characters of code")
    if sum(map(special_lines, code)) > MOST_MAGICS:
        raise UnreadableError(f"it holds more than {MOST_MAGICS} magics and shell commands")
    return bounded, doubts[:10]


def _label(value: Any) -> str | None:
    """A short name out of metadata, fit to be shown."""
    return printable(value, 100) if isinstance(value, str) and value else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

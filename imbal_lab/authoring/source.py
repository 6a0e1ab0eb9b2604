"""Lesson sources: ``solutions/NN_name.py`` in jupytext's percent format, read into a Lesson.

The header holds what is true of the whole lesson, each cell marker what is true of the cell:

    # %% role="check" ex="unit_directions" points=2

Everything wrong with a file is found in one reading and reported together.
"""

import re
from pathlib import Path
from typing import Any

import jupytext

from imbal_lab.authoring.lesson import (
    KINDS,
    LEVELS,
    ROLES,
    Cell,
    Described,
    Lesson,
    LessonError,
    Objective,
)


def lesson_files(root: Path) -> list[Path]:
    """The lesson sources in ``root``/solutions, in order; LessonError if there is none."""
    files = sorted((root / "solutions").glob("*.py"))
    if not files:
        raise LessonError(
            [f"no lesson source in {root / 'solutions'}: write one there, e.g. 01_name.py"]
        )
    return files


def read_lesson(path: Path) -> Lesson:
    """The lesson in ``path``; LessonError lists everything that is wrong with it."""
    return parse_lesson(path.stem, path.read_text(encoding="utf-8"))


def parse_lesson(name: str, source: str) -> Lesson:
    """The lesson that ``source``, the text of ``name``.py, describes; LessonError as above."""
    problems: list[str] = []
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", name):
        problems.append("file: unknown kind of name: call it NN_name.py, such as 02_dynamics.py")
    notebook = jupytext.reads(source, fmt="py:percent")
    header = _header(notebook.metadata.get("imbal_lab"), problems)
    cells = _cells(notebook.cells, problems)
    if problems:
        raise LessonError([f"{name}.py: {problem}" for problem in problems])
    return Lesson(name=name, source=source, cells=cells, **header)


def _header(given: Any, problems: list[str]) -> dict[str, Any]:
    """The header's fields, with lists made into tuples and the paper of a tour left empty."""
    if not isinstance(given, dict):
        problems.append("header: no jupyter.imbal_lab block: begin the file with one")
        return {}
    header = {"paper": "", "needs": [], "objectives": [], "symbols": [], **given}
    rules = {
        "title": (_is_text, "some text"),
        "paper": (lambda v: _is_text(v) or given.get("kind") == "tour", "authors, venue, year"),
        "kind": (lambda v: v in KINDS, f"one of {', '.join(KINDS)}"),
        "minutes": (_is_positive, "a number above 0"),
        "level": (lambda v: type(v) is int and v in LEVELS, "a whole number from 1 to 5"),
        "needs": (_is_texts, "a list of lesson names, such as [00_start_here]"),
        "objectives": (_is_objectives, "a list of {text: ..., met_by: [cell ids]}"),
        "symbols": (_is_symbols, "a list of {symbol: ..., is: ..., code: ..., shape: ...}"),
    }
    for unknown in header.keys() - rules:
        problems.append(f"header: unknown field {unknown!r}: use {', '.join(rules)}")
    for field, (is_right, wanted) in rules.items():
        if not is_right(header.get(field)):
            problems.append(f"header: {field} is {header.get(field)!r}: make it {wanted}")
    if problems:
        return {}
    objectives = [Objective(one["text"], tuple(one["met_by"])) for one in header["objectives"]]
    symbols = [
        Described(one["symbol"], one["is"], one["code"], one["shape"]) for one in header["symbols"]
    ]
    return {
        **header,
        "needs": tuple(header["needs"]),
        "objectives": tuple(objectives),
        "symbols": tuple(symbols),
    }


def _cells(notebook_cells: list[Any], problems: list[str]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for position, raw in enumerate(notebook_cells, start=1):
        marks = {k: v for k, v in raw.metadata.items() if k != "lines_to_next_cell"}
        role = marks.pop("role", None)
        where = f"cell {position} ({raw.source[:30].splitlines()[0] if raw.source else role})"
        if role not in ROLES:
            problems.append(f"{where}: role is {role!r}: use one of {', '.join(ROLES)}")
            continue
        wrong = _wrong_marks(role, raw.cell_type, marks)
        problems.extend(f"{where}: {line}" for line in wrong)
        if wrong:
            continue
        label = marks.pop("id", None) or marks.get("ex")
        if label is None:
            label = str(1 + sum(cell.role == role for cell in cells))
        cell = Cell(f"{role}-{label}", role, raw.cell_type, raw.source, **marks)
        if cell.id in {other.id for other in cells}:
            problems.append(f"{where}: a second cell {cell.id}: give it another id or ex")
        cells.append(cell)
    return tuple(cells)


def _wrong_marks(role: str, cell_type: str, marks: dict[str, Any]) -> list[str]:
    """What is wrong with the marks of one cell, one line each."""
    types, needed = ROLES[role]
    rules = {
        "id": (_is_id, 'letters, digits, - and _, such as id="criterion"'),
        "ex": (_is_id, 'an exercise\'s id, such as ex="unit_directions"'),
        "points": (_is_positive, "a number above 0"),
        "difficulty": (lambda v: type(v) is int and v in LEVELS, "a whole number from 1 to 5"),
        "minutes": (_is_positive, "a number above 0"),
    }
    wrong = []
    if cell_type not in types:
        wrong.append(f"{role} is a {cell_type} cell: make it {' or '.join(types)}")
    for unknown in marks.keys() - set(needed):
        allowed = ", ".join(needed) or "no mark but its role"
        wrong.append(f"{role} has the mark {unknown!r}: it takes {allowed}")
    for mark in needed:
        is_right, wanted = rules[mark]
        if not is_right(marks.get(mark)):
            wrong.append(f"{role} has {mark}={marks.get(mark)!r}: make it {wanted}")
    return wrong


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,50}", value) is not None


def _is_positive(value: Any) -> bool:
    return type(value) in (int, float) and value > 0


def _is_objectives(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and one.keys() == {"text", "met_by"}
        and _is_text(one["text"])
        and _is_texts(one["met_by"])
        for one in value
    )


def _is_symbols(value: Any) -> bool:
    """Each with all four texts; what has no name in code has an empty one."""
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and one.keys() == {"symbol", "is", "code", "shape"}
        and all(isinstance(text, str) for text in one.values())
        and _is_text(one["symbol"])
        and _is_text(one["is"])
        for one in value
    )

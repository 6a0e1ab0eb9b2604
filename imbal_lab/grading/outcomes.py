"""What the checks of an executed notebook reported.

A check emits, beside its lines for people, a report as display data. The report comes out of the
student's process, so nothing in it is believed before its form was looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

STATES = ("not started", "not yet", "done")
NO_RESULT = "no result"


@dataclass(frozen=True)
class Group:
    """One group of cases of an exercise, by its plain-words name."""

    name: str
    hidden: bool
    passed: bool
    weight: float


@dataclass(frozen=True)
class Outcome:
    """How one exercise went. Where the check gave no report: state "no result", why in `lines`."""

    exercise: str
    state: str
    score: float
    points: float
    mistake: str | None
    lines: tuple[str, str, str]
    groups: tuple[Group, ...]


def read_outcomes(notebook: dict[str, Any], exercises: dict[str, float]) -> list[Outcome]:
    """One outcome for each exercise, in the order of `exercises` (id -> points).

    Only the cell with grade id `check-ID` may report on exercise ID, and its last report counts.
    """
    cells = {_grade_id(cell): cell for cell in notebook["cells"] if isinstance(cell, dict)}
    return [_outcome(cells.get(f"check-{id}"), id, points) for id, points in exercises.items()]


def _grade_id(cell: dict[str, Any]) -> str | None:
    metadata = cell.get("metadata", {})
    return metadata.get("nbgrader", {}).get("grade_id")


def _outcome(cell: dict[str, Any] | None, exercise: str, points: float) -> Outcome:
    from imbal_lab.checks import MIME  # brings torch: only for those who grade

    if cell is None:
        return _no_result(exercise, points, "the check cell is missing")
    outputs = cell.get("outputs", [])
    reports = [o["data"][MIME] for o in outputs if MIME in o.get("data", {})]
    if reports:
        try:
            return _parse(reports[-1], exercise, points)
        except (KeyError, TypeError, ValueError) as error:
            return _no_result(exercise, points, f"the check's report is damaged ({error})")
    errors = [str(o.get("ename")) for o in outputs if o.get("output_type") == "error"]
    why = f"the check did not run ({errors[0]})" if errors else "the check left no report"
    return _no_result(exercise, points, why)


def _no_result(exercise: str, points: float, why: str) -> Outcome:
    return Outcome(exercise, NO_RESULT, 0.0, points, None, (why, "", ""), ())


def _parse(report: Any, exercise: str, points: float) -> Outcome:
    """The report as an Outcome. Raises KeyError, TypeError or ValueError for anything else."""
    if report["exercise"] != exercise:
        raise ValueError("it is about another exercise")
    if report["state"] not in STATES:
        raise ValueError("unknown state")
    score = _number(report["score"], most=points)
    lines = [_text(line, 2000) for line in report["lines"]][:3]
    lines += [""] * (3 - len(lines))
    mistake = report.get("mistake")
    return Outcome(
        exercise,
        report["state"],
        score,
        points,
        None if mistake is None else _text(mistake, 128),
        (lines[0], lines[1], lines[2]),
        tuple(_group(group) for group in report["groups"][:100]),
    )


def _group(group: Any) -> Group:
    if not isinstance(group["hidden"], bool) or not isinstance(group["passed"], bool):
        raise TypeError("hidden and passed must be true or false")
    name, weight = _text(group["name"], 256), _number(group["weight"], most=1e6)
    return Group(name, group["hidden"], group["passed"], weight)


def _number(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number was expected")
    if not math.isfinite(value) or not 0 <= value <= most + 1e-9:
        raise ValueError(f"a number outside 0 to {most:g}")
    return float(value)


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value[:longest]

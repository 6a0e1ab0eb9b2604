"""Run nbgrader's own converters in this process, without its exchange."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imbal_lab.grading.course import CourseError

TRACEBACK = "Traceback (most recent call last)"


class ConversionError(CourseError):
    """nbgrader could not convert a notebook; the message is its reason in one line."""


def convert(converter: str, directory: Any) -> None:
    """Run one of nbgrader's converters on the assignment (and student) that `directory` names.

    `converter` is GenerateAssignment, Autograde or GenerateFeedback. What was made before is made
    again. Raises ConversionError with nbgrader's reason.
    """
    from nbgrader import converters
    from nbgrader.utils import capture_log

    app = getattr(converters, converter)(coursedir=directory, config=directory.config)
    app.force = True
    # nbgrader leaves NBGRADER_EXECUTION set when a notebook fails.
    with environment(NBGRADER_EXECUTION=None), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nbgrader and nbformat, on things that they mend
        result = capture_log(app)
    if not result["success"]:
        raise ConversionError(_reason(result.get("log", "") or result["error"]))


@contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """Set environment variables (None: unset) and put them back, come what may."""
    before = {name: os.environ.get(name) for name in values}
    _set_environment(values)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _reason(log: str) -> str:
    """What the first traceback in nbgrader's log ends with, else the log's last line."""
    if "old version" in log:  # nbgrader takes away the metadata of the second of two equal cells
        return "a graded cell was copied, or its metadata was changed"
    lines = [line for line in log.splitlines() if line.strip()]
    start = next((k for k, line in enumerate(lines) if TRACEBACK in line), None)
    if start is not None:
        for line in lines[start + 1 :]:
            # Frames are indented by more than the four spaces that nbgrader's log puts before all.
            if not line.startswith(" " * 5):
                return printable(line)
    return printable(lines[-1]) if lines else "nbgrader gave no reason"


def printable(text: str, limit: int = 200) -> str:
    """One line of `text` without control characters: it may come from a student's notebook."""
    clean = "".join(char if char.isprintable() else " " for char in text[: 10 * limit])
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"

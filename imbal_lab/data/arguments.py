"""What an argument must be. Each check returns it in its plain type or says what is allowed."""

import operator
import os
from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any


def integer(argument: str, given: Any, least: int) -> int:
    """``given`` as an int; ValueError unless it is an integer >= ``least`` (True is none)."""
    try:
        number = operator.index(given)
    except TypeError:
        number = None
    if number is None or isinstance(given, bool) or number < least:
        raise ValueError(f"{argument}={given!r}: use an integer >= {least}")
    return number


def integers(argument: str, given: Iterable[Any], least: int) -> tuple[int, ...]:
    """``given``, a list, array or tensor, as ints; ValueError unless all are >= ``least``."""
    try:
        return tuple(integer(argument, each, least) for each in given)
    except (TypeError, ValueError):
        raise ValueError(f"{argument}={given!r}: give a list of integers >= {least}") from None


def is_number(given: Any) -> bool:
    """Whether ``given`` is a finite real number (True, "10" and nan are none)."""
    real = isinstance(given, Real) and not isinstance(given, bool)
    return real and float("-inf") < given < float("inf")


def path(argument: str, given: Any) -> Path:
    """``given`` as a path; ValueError unless it is text or a path."""
    if not isinstance(given, str | os.PathLike):
        raise ValueError(f"{argument}={given!r}: give the path of a file")
    return Path(given)

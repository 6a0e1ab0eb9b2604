"""What stands for the room `explore` in a student's process: names that accept all and do nothing.

Nobody looks at a slider while grading, and what those pieces show comes from rooms that are not
there. The staged package holds this file as its room `explore`.
"""

from typing import Any

SETUPS: dict[str, Any] = {}


class Setting:
    """As the explorer's, without a value."""

    def __init__(self, *values: object, **named: object) -> None:
        pass


class Explorer(Setting):
    """As the explorer, without a picture."""


def explore(*values: object, **named: object) -> None:
    """Nothing."""


def predict(*values: object, **named: object) -> None:
    """Nothing."""


def prediction(*values: object, **named: object) -> None:
    """Nothing."""


def quiz(*values: object, **named: object) -> None:
    """Nothing."""


def acceptance(*values: object, **named: object) -> None:
    """Nothing."""

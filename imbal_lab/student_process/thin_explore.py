"""What stands for the room `explore` in a student's process: every name is there and does nothing.

Nobody looks at a slider while grading, and what those pieces show comes from rooms that are not
there. The staged package holds this file as its room `explore`.
"""

from typing import Any


class Nothing:
    """Called it gives None; looked into it gives itself."""

    def __call__(self, *values: object, **named: object) -> None:
        pass

    def __getitem__(self, key: object) -> "Nothing":
        return self


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return Nothing()

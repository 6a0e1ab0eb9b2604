"""What stands for the room `explore` in a student's process: every name is there and does nothing.

Nobody looks at a slider while grading, and what those pieces show comes from rooms that are not
there. The staged package holds this file as its room `explore`.
"""

NAMES = (
    "Explorer",
    "SETUPS",
    "Setting",
    "acceptance",
    "explore",
    "idea",
    "predict",
    "prediction",
    "quiz",
    "scenes",
)


class Nothing:
    """Called it gives None; looked into it gives itself."""

    def __call__(self, *values: object, **named: object) -> None:
        pass

    def __getitem__(self, key: object) -> "Nothing":
        return self


globals().update({name: Nothing() for name in NAMES})

"""A lesson as its author wrote it: header, cells, and the roles that cells have."""

from dataclasses import dataclass
from typing import NamedTuple

RUBRIC = "<!-- rubric -->"
LEVELS = range(1, 6)
KINDS = ("lesson", "tour")


class Role(NamedTuple):
    """What a cell of this role is made of: its cell types and its marks, all of them needed."""

    types: tuple[str, ...]
    marks: tuple[str, ...] = ()


ROLES = {
    "card": Role(("markdown",)),
    "given": Role(("code", "markdown")),
    "predict": Role(("code",), ("id",)),
    "explore": Role(("code",), ("id",)),
    "task": Role(("markdown",), ("ex", "difficulty", "minutes")),
    "answer": Role(("code",), ("ex",)),
    "check": Role(("code",), ("ex", "points")),
    "hint": Role(("markdown",), ("ex",)),
    "quiz": Role(("code",), ("id",)),
    "essay": Role(("markdown",), ("id", "points")),
    "extra": Role(("code", "markdown"), ("id",)),
}


class LessonError(ValueError):
    """What is wrong with lesson sources; ``problems`` has a line for each thing."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson; ``id`` is its name in the notebook and in the gradebook."""

    id: str
    role: str
    type: str
    text: str
    ex: str = ""
    points: float = 0
    difficulty: int = 0
    minutes: float = 0


@dataclass(frozen=True)
class Objective:
    """Something the learner can do afterwards, and the cells that show it."""

    text: str
    met_by: tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """A symbol of the formulas in LaTeX, what it is, its name in code, and its shape."""

    symbol: str
    meaning: str
    code: str
    shape: str


@dataclass(frozen=True)
class Lesson:
    """A lesson as its author wrote it; ``name`` is the file's, such as 02_learning_dynamics."""

    name: str
    title: str
    paper: str
    kind: str
    minutes: float
    level: int
    needs: tuple[str, ...]
    objectives: tuple[Objective, ...]
    symbols: tuple[Described, ...]
    cells: tuple[Cell, ...]
    source: str

    def points(self, ex: str) -> float:
        """What exercise ``ex`` is worth."""
        return sum(cell.points for cell in self.cells if cell.ex == ex)

    def error(self, cell: Cell, problem: str) -> LessonError:
        """The error that says what is wrong with ``cell``."""
        return LessonError([f"{self.name}.py: {cell.id}: {problem}"])

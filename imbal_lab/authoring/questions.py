"""Questions: the quizzes and predictions of a lesson, read from their cells, which are not run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from imbal_lab.authoring.lesson import Cell, Lesson


@dataclass(frozen=True)
class Asked:
    """A question, its choices with a reply each (empty for a prediction), and the right choice."""

    id: str
    question: str
    replies: dict[str, str]
    right: str


def questions(lesson: Lesson) -> Iterator[Asked]:
    """Every quiz and prediction of ``lesson``, in order; LessonError if one is not plain text."""
    for cell in lesson.cells:
        if cell.role in ("quiz", "predict"):
            question = asked(cell)
            if question is None:
                call = f'{cell.role}("...", ..., id="...")'
                raise lesson.error(cell, f"not one call with literal texts: write {call}")
            yield question


def asked(cell: Cell) -> Asked | None:
    """The question in ``cell``, or None if it is not one call with literal texts."""
    try:
        (statement,) = ast.parse(cell.text).body
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call):
            return None
        question, choices = map(ast.literal_eval, call.args)
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError):
        return None
    replies = choices if isinstance(choices, dict) else dict.fromkeys(choices, "")
    return Asked(cell.id, question, replies, named.get("right") or named.get("truth", ""))

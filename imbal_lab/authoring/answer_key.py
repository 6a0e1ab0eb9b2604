"""The answer key: every answer of every lesson on one page, for teachers only."""

from collections.abc import Iterator, Mapping

from imbal_lab.authoring.answers import fill, lift
from imbal_lab.authoring.lesson import RUBRIC, Cell, Lesson
from imbal_lab.authoring.questions import questions
from imbal_lab.checks import Exercise

HEAD = """\
# Answer key

<!-- Made by `imbal-lab build`. Never hand it out; git and nbgrader leave this folder alone. -->

An exercise's points are shared among its parts by the weights given here. A right answer may look \
quite different from the one shown; what counts is that it does what the parts say."""


def answer_key(lessons: list[Lesson], exercises: Mapping[str, Exercise]) -> str:
    """``course/instructor/answer_key.md`` for ``lessons``, in their order."""
    sections = [HEAD, *(part for lesson in lessons for part in _lesson(lesson, exercises))]
    return "\n\n".join(sections) + "\n"


def _lesson(lesson: Lesson, exercises: Mapping[str, Exercise]) -> Iterator[str]:
    yield f"## {lesson.name[:2]} {lesson.title}"
    asked = {question.id: question for question in questions(lesson)}
    for cell in lesson.cells:
        if cell.role == "answer":
            yield from _exercise(lesson, cell, exercises[cell.ex])
        elif cell.id in asked:
            question = asked[cell.id]
            reply = question.replies.get(question.right, "")
            kind = "Quiz" if cell.role == "quiz" else "Prediction"
            yield f"### {kind} `{cell.id}`"
            yield f"{question.question}\n\n**{question.right}** {reply}".rstrip()
        elif cell.role == "essay":
            text, _, rubric = cell.text.partition(RUBRIC)
            heading, _, task = text.partition("\n")
            yield f"### Essay `{cell.id}`: {heading.lstrip('# ')} ({_worth(cell.points)})"
            yield f"{task.strip()}\n\n{rubric.strip()}"


def _exercise(lesson: Lesson, cell: Cell, exercise: Exercise) -> Iterator[str]:
    yield f"### Exercise `{cell.ex}` ({_worth(lesson.points(cell.ex))})"
    yield f"```python\n{fill(cell.text, lift(exercise.reference))}\n```"
    parts = [
        f"- {group.shows} (weight {group.weight}{', hidden' if group.hidden else ''}: {group.name})"
        for group in exercise.groups
    ]
    yield "\n".join(["What the parts show:", "", *parts])
    if exercise.properties:
        rules = [f"- {rule.says}" for rule in exercise.properties]
        yield "\n".join(["Rules that every right answer keeps:", "", *rules])


def _worth(points: float) -> str:
    return f"{points:g} point{'s' if points != 1 else ''}"

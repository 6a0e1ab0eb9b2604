"""What stands on a student's feedback page; every text in it may come from a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.gradebook.marks import Mark, Marks
from imbal_lab.grading.gradebook.records import Record
from imbal_lab.grading.judging.graded import ExerciseResult, Flag
from imbal_lab.grading.pages.html_page import html_page
from imbal_lab.grading.pages.safe_text import safe_text
from imbal_lab.grading.pages.student_work import Work, read_work

MOST_BYTES = 1_000_000
# Characters of a text and of all figures together; the first pair that keeps the page small wins.
SIZES = ((12_000, 600_000), (4_000, 100_000), (400, 0))
MOST_REMARKS = 20  # of each kind


@dataclass(frozen=True)
class Part:
    """A group of cases. Of a hidden one the page knows no more than its name."""

    name: str
    hidden: bool
    passed: bool
    points: float
    shows: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Answer:
    """An exercise as the page shows it; an essay is one without a result."""

    name: str
    mark: Mark
    comment: str
    text: str
    result: ExerciseResult | None = None
    parts: tuple[Part, ...] = ()
    flags: tuple[Flag, ...] = ()
    printed: str = ""
    figures: tuple[str, ...] = ()
    left_out: int = 0  # figures


def feedback_page(
    title: str, student: str, record: Record, marks: Marks, notebook: dict[str, Any]
) -> bytes:
    """The HTML page of one student, under 1 MB: what makes it larger is cut or left out.

    Where nothing could be judged it says so, and what to do.
    """
    works, essays = read_work(notebook)
    untouched = all(result.state == "not started" for result in record.exercises)
    for longest, room in SIZES:
        page = html_page(
            "feedback.html",
            title=title,
            student=printable(student),
            name=printable(marks.name),
            score=marks.score,
            points=marks.points,
            nothing_judged=bool(record.doubts) and untouched,
            doubts=_lines(record.doubts),
            notes=_lines(record.notes),
            other_flags=_flags(record, None),
            exercises=_exercises(record, marks, works, longest, room),
            essays=[
                Answer(name, *_by_person(name, marks, longest), safe_text(text, longest))
                for name, text in essays.items()
            ],
        )
        if len(page) < MOST_BYTES:
            break
    return page


def _exercises(
    record: Record, marks: Marks, works: dict[str, Work], longest: int, room: int
) -> list[Answer]:
    """The exercises in the notebook's order; `room` characters for all figures together."""
    made = []
    for result in record.exercises:
        work = works.get(result.exercise, Work())
        figures = _fitting(work.figures, room)
        room -= sum(map(len, figures))
        made.append(
            Answer(
                result.exercise,
                *_by_person(f"check-{result.exercise}", marks, longest),
                safe_text(work.code, longest),
                result,
                _parts(result),
                _flags(record, result.exercise),
                safe_text(work.printed, longest // 4),
                figures,
                len(work.figures) - len(figures),
            )
        )
    return made


def _by_person(grade_id: str, marks: Marks, longest: int) -> tuple[Mark, str]:
    """Mark and comment of a graded cell; comments on code stand at its answer cell."""
    answer = grade_id.replace("check-", "answer-", 1)
    comment = marks.comments.get(grade_id) or marks.comments.get(answer, "")
    return marks.cells.get(grade_id, Mark(0.0, 0.0, False, True)), safe_text(comment, longest)


def _fitting(figures: list[str], room: int) -> tuple[str, ...]:
    """The first of the figures, as many as there is room for."""
    fitting = [png for k, png in enumerate(figures) if sum(map(len, figures[: k + 1])) <= room]
    return tuple(fitting)


def _parts(result: ExerciseResult) -> tuple[Part, ...]:
    from imbal_lab import exercises  # brings torch

    known = exercises.EXERCISES.get(result.exercise)
    told = {} if known is None else {g.name: g for g in known.groups if not g.hidden}
    weight = sum(group.weight for group in result.groups)
    parts = []
    for group in result.groups:
        shown = (group.name, group.hidden, group.passed, result.points * group.weight / weight)
        told_of = None if group.hidden else told.get(group.name)
        parts.append(Part(*shown, told_of.shows, told_of.advice) if told_of else Part(*shown))
    return tuple(parts)


def _flags(record: Record, exercise: str | None) -> tuple[Flag, ...]:
    """What a person will look at in an exercise, or outside all of them."""
    mine = [flag for flag in record.flags if flag.exercise == exercise]
    return tuple(
        Flag(exercise, printable(flag.line), printable(flag.why, 400))
        for flag in mine[:MOST_REMARKS]
    )


def _lines(remarks: tuple[str, ...]) -> list[str]:
    return [printable(remark, 400) for remark in remarks[:MOST_REMARKS]]

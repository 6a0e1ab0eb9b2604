"""Lint: what a lesson still lacks, everything at once, one line each.

The lines read ``file: cell: what: what to do``. No code of a lesson is run.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from nbformat import NotebookNode

from imbal_lab.authoring.answers import lift, names_bound, names_wanted, wrong_stub
from imbal_lab.authoring.build import leak_problems, to_notebook
from imbal_lab.authoring.formulas.in_text import problems as _formulas
from imbal_lab.authoring.formulas.in_text import readable
from imbal_lab.authoring.formulas.tree import FormulaError
from imbal_lab.authoring.labels import wrong_hints
from imbal_lab.authoring.lesson import RUBRIC, Cell, Lesson, LessonError
from imbal_lab.authoring.questions import asked
from imbal_lab.authoring.source import lesson_files, read_lesson
from imbal_lab.checks import Exercise

Exercises = Mapping[str, Exercise]
Problems = Iterator[tuple[str, str]]  # cell id, then what is wrong and what to do

CELLS = {"lesson": range(26, 33), "tour": range(1, 17)}
WORDS = {"lesson": range(1000, 1601), "tour": range(1, 601)}
ALT = r"""\balt\s*=\s*["'][^"']*\w"""
ANSWER_LINES = 12
MISTAKES = 6
ORDER = ("task", "answer", "check", "hint")


def lint(root: Path) -> list[str]:
    """Every problem in ``root``/solutions, judged with `imbal_lab.exercises`; empty if none.

    Raises LessonError where there is no lesson.
    """
    from imbal_lab import exercises

    return lint_files(lesson_files(root), {name: exercises.get(name) for name in exercises.names()})


def lint_files(paths: list[Path], exercises: Exercises) -> list[str]:
    """Every problem in the lesson sources ``paths``; a lesson may need only what is among them."""
    names = {path.stem for path in paths}
    problems = []
    for path in paths:
        try:
            lesson = read_lesson(path)
        except LessonError as error:
            problems += error.problems
            continue
        problems += [
            f"{path.name}: needs: {need} is no lesson: name a file of this folder, without .py"
            for need in lesson.needs
            if need not in names
        ]
        problems += lint_lesson(lesson, exercises)
    return problems


def lint_lesson(lesson: Lesson, exercises: Exercises) -> list[str]:
    """Every problem of ``lesson`` by itself."""
    rules = (_card, _size, _exercises, _objectives, _essays, _images, _formulas, _questions)
    found = [problem for rule in rules for problem in rule(lesson)]
    found += _answers(lesson, exercises)
    references = {ex: exercise.reference for ex, exercise in exercises.items()}
    try:
        with_answers = to_notebook(lesson, references, answers=True)
        release = to_notebook(lesson, references, answers=False)
    except LessonError as error:  # names and leaks can be judged when this is mended
        unbuilt = error.problems
    else:
        unbuilt = []
        found += _names(lesson, with_answers)
        found += leak_problems(release, references)
    problems = [f"{lesson.name}.py: {where}: {what}" for where, what in found]
    return problems + [problem for problem in unbuilt if problem not in problems]


def _card(lesson: Lesson) -> Problems:
    if [cell.role for cell in lesson.cells if cell.role == "card"] != ["card"]:
        yield "card", "not exactly one card: write one"
    elif lesson.cells[0].role != "card":
        yield "card", "not the first cell: move it to the top"


def _size(lesson: Lesson) -> Problems:
    cells, words = len(lesson.cells), _words(lesson)
    for what, count, limits in (("cells", cells, CELLS), ("words of text", words, WORDS)):
        allowed = limits[lesson.kind]
        if count not in allowed:
            yield (
                lesson.kind,
                f"{count} {what}: a {lesson.kind} has {allowed.start} to {allowed.stop - 1}",
            )


def _exercises(lesson: Lesson) -> Problems:
    """Each exercise has its four cells in order, and its three hints."""
    for ex in dict.fromkeys(cell.ex for cell in lesson.cells if cell.ex):
        roles = tuple(cell.role for cell in lesson.cells if cell.ex == ex)
        if roles != ORDER:
            yield ex, f"its cells are {', '.join(roles)}: make them {', '.join(ORDER)}"
    for cell in lesson.cells:
        if cell.role == "hint" and (problem := wrong_hints(cell.text)):
            yield cell.id, problem
        if cell.role == "check" and re.search(r"^\s*[^#\s]", cell.text, re.MULTILINE):
            yield cell.id, "has code: leave it empty or write a comment; the build writes the call"


def _objectives(lesson: Lesson) -> Problems:
    """Objectives and the cells that show them point at one another."""
    can_show = {cell.id for cell in lesson.cells if cell.role in ("check", "quiz", "essay")}
    shown = {cell for objective in lesson.objectives for cell in objective.met_by}
    if lesson.kind == "lesson" and not lesson.objectives:
        yield "objectives", "none: say what a learner can do afterwards"
    for objective in lesson.objectives:
        if not objective.met_by:
            yield "objectives", f"nothing meets {objective.text!r}: name a check, quiz or essay"
    for unknown in sorted(shown - can_show):
        yield "objectives", f"met_by names {unknown}: choose from {', '.join(sorted(can_show))}"
    for cell in lesson.cells:
        if cell.role == "check" and cell.id not in shown:
            yield cell.id, "meets no objective: name it in the header, or take the exercise out"


def _essays(lesson: Lesson) -> Problems:
    for cell in lesson.cells:
        if cell.role == "essay" and not cell.text.partition(RUBRIC)[2].strip():
            yield cell.id, f"no rubric: write one below a line {RUBRIC}"


def _questions(lesson: Lesson) -> Problems:
    places: Counter[int] = Counter()  # of the right choices; who guesses must not learn them
    for cell in lesson.cells:
        if cell.role in ("quiz", "predict"):
            question = asked(cell)
            if question is None:
                yield cell.id, f'not one call with literal texts: write {cell.role}("...", ...)'
            elif question.right in question.replies:
                places[1 + list(question.replies).index(question.right)] += 1
    if places.total() > 2:
        (place, often), *_ = places.most_common(1)
        if often > places.total() // 2:
            what = f"{often} of {places.total()} right choices stand at place {place}"
            yield "questions", f"{what}: move some"


def _images(lesson: Lesson) -> Problems:
    for cell in lesson.cells:
        text = _prose(cell)
        bare = re.findall(r"!\[\s*\]", text)
        bare += [tag for tag in re.findall(r"<img\b[^>]*>", text) if not re.search(ALT, tag)]
        if bare:
            yield cell.id, "a picture without a description: say in its alt text what it shows"


def _answers(lesson: Lesson, exercises: Exercises) -> Problems:
    """Each answer can be lifted, is short, and its exercise knows enough mistakes."""
    for cell in lesson.cells:
        if cell.role != "answer":
            continue
        if cell.ex not in exercises:
            yield cell.id, f"unknown exercise: choose one of {', '.join(exercises)}"
            continue
        exercise = exercises[cell.ex]
        if problem := wrong_stub(cell.text, exercise.reference):
            yield cell.id, problem
        if (known := len(exercise.mistakes)) < MISTAKES:
            yield cell.ex, f"{known} known mistakes: name at least {MISTAKES} in its exercise"
        try:
            lines = [line for line in lift(exercise.reference).splitlines() if line.strip()]
        except ValueError as error:
            yield cell.id, str(error)
            continue
        if len(lines) > ANSWER_LINES:
            yield cell.id, f"an answer of {len(lines)} lines: ask for {ANSWER_LINES} at most"


def _names(lesson: Lesson, notebook: NotebookNode) -> Problems:
    """Every cell, an answer with its lifted body, uses names that are there by then.

    What is graded may lean on given cells and answers only, the rest on any earlier cell.
    """
    graded, any_cell = set[str](), set[str]()
    for cell, built in zip(lesson.cells, notebook.cells, strict=True):
        if cell.type != "code":
            continue
        try:
            wanted, bound = names_wanted(built.source), names_bound(built.source)
        except SyntaxError as error:
            yield cell.id, f"does not parse ({error.msg}): write plain Python, no % or ! lines"
            continue
        there = graded if cell.role in ("given", "answer", "check") else any_cell
        for name in sorted(wanted - there):
            yield cell.id, f"uses {name}: define or import it in an earlier given cell"
        any_cell |= bound
        if cell.role in ("given", "answer"):
            graded |= bound


def _in_order(lesson: Lesson) -> list[str]:
    return list(dict.fromkeys(cell.ex for cell in lesson.cells if cell.ex))


def _prose(cell: Cell) -> str:
    """What a learner reads in a markdown cell."""
    return cell.text.split(RUBRIC)[0] if cell.type == "markdown" else ""


def _words(lesson: Lesson) -> int:
    """The words of the text with its tables; marks such as # and | are none."""
    text = "\n".join(map(_prose, lesson.cells))
    with contextlib.suppress(FormulaError):  # which is reported by itself
        text = readable(lesson, text)
    return len(re.findall(r"\S*\w\S*", text))

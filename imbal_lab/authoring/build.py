"""Build: lesson sources into the students' and the instructor's notebooks.

`build` writes ``notebooks/NN_name/NN_name.ipynb`` (committed, free of answers, no outputs),
``course/SYLLABUS.md`` and the teaching pages' tables; for teachers only, in ``course/instructor/``
(ignored by git and by nbgrader), notebooks with answers and an answer key. The same sources give
the same bytes.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import imbal_lab
from imbal_lab.authoring.answers import STUB, Reference, fill, lift, wrong_stub
from imbal_lab.authoring.formulas.in_text import readable
from imbal_lab.authoring.formulas.tree import FormulaError
from imbal_lab.authoring.labels import card, hints, task, wrong_hints
from imbal_lab.authoring.leaks import find_leaks
from imbal_lab.authoring.lesson import RUBRIC, Cell, Lesson, LessonError
from imbal_lab.authoring.source import lesson_files, read_lesson
from imbal_lab.authoring.syllabus import syllabus
from imbal_lab.authoring.teaching import teachers_pages

References = Mapping[str, Reference]

# Schema 3 of nbgrader's cell metadata. Locked cells are put back when a notebook is graded.
GRADING = {
    "card": {"grade": False, "locked": True, "solution": False},
    "given": {"grade": False, "locked": True, "solution": False},
    "task": {"grade": False, "locked": True, "solution": False},
    "answer": {"grade": False, "locked": False, "solution": True},
    "check": {"grade": True, "locked": True, "solution": False},
    "essay": {"grade": True, "locked": False, "solution": True},
}
FOLDED = ("predict", "quiz")  # the code of these cells is no reading matter


class Built(NamedTuple):
    """What a build wrote, and folders in notebooks/ whose lesson no longer exists."""

    written: list[Path]
    stale: list[Path]


def build(root: Path) -> Built:
    """Build every lesson in ``root``/solutions with the references of `imbal_lab.exercises`.

    LessonError lists what is wrong with the sources, a leak included; nothing is written then.
    """
    from imbal_lab import exercises

    known = {name: exercises.get(name) for name in exercises.names()}
    lessons = read_lessons(root)
    references = {name: exercise.reference for name, exercise in known.items()}
    for_teachers = teachers_pages(root, lessons, known)  # before anything is written
    built = build_lessons(root, lessons, references)
    return Built(built.written + _write(for_teachers), built.stale)


def read_lessons(root: Path) -> list[Lesson]:
    """Every lesson in ``root``/solutions, in order; LessonError if none is there or readable."""
    lessons, problems = [], []
    for path in lesson_files(root):
        try:
            lessons.append(read_lesson(path))
        except LessonError as error:
            problems += error.problems
    if problems:
        raise LessonError(problems)
    return lessons


def build_lessons(root: Path, lessons: list[Lesson], references: References) -> Built:
    """Write what ``lessons`` become; ``references`` are reference functions by exercise id."""
    files: dict[Path, str] = {}
    for lesson in lessons:
        release = to_notebook(lesson, references, answers=False)
        if leaks := leak_problems(release, references):
            raise LessonError([f"{lesson.name}.py: {where}: {what}" for where, what in leaks])
        instructor = to_notebook(lesson, references, answers=True)
        files[root / "notebooks" / lesson.name / f"{lesson.name}.ipynb"] = to_text(release)
        files[root / "course" / "instructor" / f"{lesson.name}.ipynb"] = to_text(instructor)
    files[root / "course" / "SYLLABUS.md"] = syllabus(lessons)
    written = _write(files)
    names = {lesson.name for lesson in lessons}
    folders = sorted(path for path in (root / "notebooks").iterdir() if path.is_dir())
    return Built(written, [folder for folder in folders if folder.name not in names])


def _write(files: Mapping[Path, str]) -> list[Path]:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(files)


def to_notebook(lesson: Lesson, references: References, *, answers: bool) -> NotebookNode:
    """The students' notebook of ``lesson``, or with ``answers`` the instructor's."""
    bodies = {
        cell.ex: _lifted(lesson, cell, references) for cell in lesson.cells if cell.role == "answer"
    }
    content = lesson.source + "".join(bodies.values())
    notebook = new_notebook(
        cells=[_cell(lesson, cell, bodies, answers) for cell in lesson.cells],
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "imbal_lab": {
                "lesson": lesson.name,
                "title": lesson.title,
                "version": imbal_lab.__version__,
                "source_sha256": hashlib.sha256(content.encode()).hexdigest(),
            },
        },
    )
    notebook.nbformat_minor = 5  # cell ids came with 4.5; a newer nbformat changes nothing here
    nbformat.validate(notebook)
    return notebook


def leak_problems(release: NotebookNode, references: References) -> list[tuple[str, str]]:
    """Where ``release`` shows an answer, and what to do about it."""
    return [
        (leak.where, f"shows {leak.statement!r}, an answer of {leak.exercise}: say it otherwise")
        for leak in find_leaks(release, references)
    ]


def to_text(notebook: NotebookNode) -> str:
    """``notebook`` as it stands in its file."""
    return nbformat.writes(notebook, indent=1, sort_keys=True) + "\n"


def _lifted(lesson: Lesson, cell: Cell, references: References) -> str:
    """The answer that belongs into ``cell``."""
    if cell.ex not in references:
        raise lesson.error(cell, f"unknown exercise: choose one of {', '.join(references)}")
    if problem := wrong_stub(cell.text, references[cell.ex]):
        raise lesson.error(cell, problem)
    try:
        return lift(references[cell.ex])
    except ValueError as error:
        raise lesson.error(cell, str(error)) from error


def _cell(lesson: Lesson, cell: Cell, bodies: Mapping[str, str], answers: bool) -> NotebookNode:
    text = _text(lesson, cell, bodies, answers)
    if cell.type == "markdown":
        try:
            text = readable(lesson, text)
        except FormulaError as error:
            raise lesson.error(cell, str(error)) from error
    metadata: dict[str, Any] = {}
    if cell.role in GRADING:
        metadata["nbgrader"] = {
            **GRADING[cell.role],
            **({"points": cell.points} if cell.points else {}),
            "grade_id": cell.id,
            "schema_version": 3,
            "task": False,
        }
    if cell.role in FOLDED:
        metadata["jupyter"] = {"source_hidden": True}
    new_cell = new_code_cell if cell.type == "code" else new_markdown_cell
    return new_cell(text, id=cell.id, metadata=metadata)


def _text(lesson: Lesson, cell: Cell, bodies: Mapping[str, str], answers: bool) -> str:
    match cell.role:
        case "card":
            return card(lesson, cell.text)
        case "task":
            return task(cell, lesson.points(cell.ex))
        case "hint":
            if problem := wrong_hints(cell.text):
                raise lesson.error(cell, problem)
            return hints(cell.text)
        case "answer":
            return fill(cell.text, bodies[cell.ex] if answers else STUB)
        case "check":
            call = f'check("{cell.ex}", points={cell.points:g})'
            return f"{cell.text}\n{call}".lstrip()
        case "essay" if not answers:
            return cell.text.split(RUBRIC)[0].rstrip() + "\n\nYOUR ANSWER HERE"
    return cell.text

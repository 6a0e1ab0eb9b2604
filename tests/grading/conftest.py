"""A course in a temporary folder, with a small lesson made of real exercises."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook import seeds, tables
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.judging.graded import ExerciseResult, Graded, GroupResult, Job

ROOT = Path(__file__).parents[2]
LESSON = "90_stub"
GIVEN = "import torch\nfrom imbal_lab.checks import check"
STUB = "def {name}(*args):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
RATIO = """def imbalance_ratio(y):
    counts = torch.unique(y, return_counts=True)[1]
    return counts.max() / counts.min()"""
RATIO_OF_ALL = """def imbalance_ratio(y):  # counts labels that never occur, so 2 of 3 points
    counts = torch.bincount(y)
    return counts.max() / counts.min()"""
DIRECTIONS = """def unit_directions(grads):
    norms = grads.norm(dim=1, keepdim=True)
    return torch.where(norms == 0, 0.0, grads / norms)"""
UNGUARDED = """def unit_directions(grads):  # 0/0 for an absent class, so 4 of 5 points
    return grads / grads.norm(dim=1, keepdim=True)"""
WARNING = "import warnings\n" + RATIO.replace("    return", "    warnings.warn('oh')\n    return")


class GradedClass(NamedTuple):
    """A graded class, and what the commands said."""

    course: Course
    release: subprocess.CompletedProcess[str]
    grade: subprocess.CompletedProcess[str]
    feedback: subprocess.CompletedProcess[str]


class Prepared(Executor):
    """Workers that run nothing: `results` says what becomes of a job, or raises. At once."""

    def __init__(self, results: Callable[[Job], Graded]) -> None:
        self.results = results
        self.jobs: list[Job] = []

    def submit(self, work: object, job: Job) -> "Future[Graded]":  # type: ignore[override]
        self.jobs.append(job)
        future: Future[Graded] = Future()
        try:
            future.set_result(self.results(job))
        except Exception as error:
            future.set_exception(error)
        return future

    @property
    def students(self) -> list[str]:
        return [job.student for job in self.jobs]


def result_of(job: Job, ratio: float = 2.0, **changes: object) -> Graded:
    """What grading could find: `ratio` of 3 points in one exercise, all 5 in the other."""
    groups = (GroupResult("small", False, True, 2.0), GroupResult("large", True, ratio > 2, 1.0))
    state, mistake = ("done", None) if ratio == 3 else ("not yet", "unused_labels")
    results = (
        ExerciseResult(
            "imbalance_ratio", state, ratio, 3.0, mistake, ("seen", "why", "try"), groups, 0.25
        ),
        ExerciseResult("unit_directions", "done", 5.0, 5.0, None, ("shown",), groups[:1], 0.5),
    )
    made = json.loads(job.release)
    sources = {cell["id"]: cell["source"] for cell in _cells(job.submission)}
    for cell in made["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = sources.get(cell["id"], cell["source"])
    made["metadata"]["seed"] = job.seed  # makes two runs differ
    content = json.dumps(made).encode()
    fields = {"exercises": results, "notes": (), "flags": (), "doubts": (), "cpu_seconds": 0.75}
    return Graded(notebook=content, **(fields | changes))


def _cells(submission: bytes) -> list[dict]:
    try:
        return json.loads(submission)["cells"]
    except ValueError:
        return []


def cell(kind: str, id: str, source: str, **nbgrader: object) -> dict:
    """A notebook cell; `nbgrader` are its nbgrader flags, if any."""
    made = {"cell_type": kind, "id": id, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
    if nbgrader:
        flags = {"grade": False, "solution": False, "locked": False, "task": False}
        made["metadata"] = {
            "nbgrader": {
                **flags,
                "schema_version": 3,
                "grade_id": id,
                "cell_type": kind,
                **nbgrader,
            }
        }
    return made


def check_cell(exercise: str, points: float) -> dict:
    source = f'check("{exercise}", points={points})'
    return cell("code", f"check-{exercise}", source, grade=True, locked=True, points=points)


def notebook(**sources: str) -> dict:
    """The released stub lesson, with the sources of some cells replaced (by id, - as _)."""
    cells = [
        cell("markdown", "card-1", "# Stub", locked=True),
        cell("code", "given-1", GIVEN, locked=True),
        cell("code", "answer-imbalance_ratio", STUB.format(name="imbalance_ratio"), solution=True),
        check_cell("imbalance_ratio", 3),
        cell("code", "answer-unit_directions", STUB.format(name="unit_directions"), solution=True),
        check_cell("unit_directions", 5),
        cell("markdown", "essay-why", "Why?", grade=True, solution=True, points=3),
    ]
    for made in cells:
        made["source"] = sources.get(made["id"].replace("-", "_"), made["source"])
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "imbal_lab": {
                "lesson": LESSON,
                "title": "Stub",
                "version": "0.1.0",
                "source_sha256": "a" * 64,
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def answered(ratio: str, directions: str, **others: str) -> dict:
    """A submission with these two answers."""
    return notebook(answer_imbalance_ratio=ratio, answer_unit_directions=directions, **others)


def make_course(folder: Path) -> Course:
    """A new course with the stub lesson built."""
    (folder / "course").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "nbgrader_config.py", folder / "course")
    write(folder / "notebooks" / LESSON / f"{LESSON}.ipynb", notebook())
    return Course.find(folder)


def write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def hand_in(course: Course, student: str, content: dict) -> Path:
    """Put a submission where collect would."""
    path = course.notebook("submitted", student, LESSON)
    write(path, content)
    return path


def imbal_lab(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a teacher would."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NBGRADER_", "IMBAL_LAB_"))}
    command = [sys.executable, "-m", "imbal_lab.cli", *args]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, to be copied: nbgrader takes seconds to make one (it starts alembic)."""
    course = make_course(tmp_path_factory.mktemp("empty") / "class")
    with tables.connect(course) as connection:
        seeds.course_secret(connection)
    return course.root / "gradebook.db"


@pytest.fixture
def course(tmp_path: Path, empty_gradebook: Path) -> Course:
    """A course with the stub lesson built and nothing released."""
    made = make_course(tmp_path / "class")
    shutil.copy(empty_gradebook, made.root)
    return made


@pytest.fixture(scope="session")
def released_once(tmp_path_factory: pytest.TempPathFactory, empty_gradebook: Path) -> Path:
    """The folder of a course with the stub lesson released, to be copied."""
    course = make_course(tmp_path_factory.mktemp("released") / "class")
    shutil.copy(empty_gradebook, course.root)
    release(course, LESSON)
    return course.project


@pytest.fixture
def released(tmp_path: Path, released_once: Path) -> Course:
    """A course with the stub lesson released."""
    shutil.copytree(released_once, tmp_path / "class")
    return Course.find(tmp_path / "class")


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory, empty_gradebook: Path) -> GradedClass:
    """A class of eight, graded once for real; tests only read it."""
    course = make_course(tmp_path_factory.mktemp("graded") / "class")
    shutil.copy(empty_gradebook, course.root)
    first = imbal_lab("release", LESSON, cwd=course.root)
    hand_in(course, "anna", answered(RATIO, DIRECTIONS, essay_why="Because."))
    hand_in(course, "ben", answered(RATIO_OF_ALL, STUB.format(name="unit_directions")))
    damaged = answered(WARNING, DIRECTIONS, check_imbalance_ratio="3", given_1=f"{GIVEN}\nx = 1")
    hand_in(course, "cleo", damaged)
    hand_in(course, "dora", answered(RATIO, "import os; os._exit(1)"))
    hand_in(course, "eva", {}).write_bytes(b"not json \x1b[31m")
    without_check = answered(RATIO, DIRECTIONS)
    del without_check["cells"][3]
    without_check["metadata"]["kernelspec"]["name"] = "colab"
    hand_in(course, "finn", without_check)
    twice_the_check = answered(RATIO, UNGUARDED)
    twice_the_check["cells"].append(twice_the_check["cells"][3])
    twice_the_check["metadata"]["imbal_lab"]["source_sha256"] = "b" * 64
    hand_in(course, "gus", twice_the_check)
    hand_in(course, "hal", answered("def imbalance_ratio(x:", DIRECTIONS))
    second = imbal_lab("grade", LESSON, "-j", "2", cwd=course.root / "submitted")
    pages = imbal_lab("feedback", LESSON, cwd=course.project)
    return GradedClass(course, first, second, pages)


@pytest.fixture(scope="session")
def stub() -> ModuleType:
    """The constants and helpers of this file."""
    return sys.modules[__name__]

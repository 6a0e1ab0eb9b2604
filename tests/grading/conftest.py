"""A course in a temporary folder, with a lesson made by hand, so that no lesson text is needed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from imbal_lab.grading import tables
from imbal_lab.grading.course import Course
from imbal_lab.grading.release import release

ROOT = Path(__file__).parents[2]
LESSON = "90_stub"

# Stands for imbal_lab.checks: two cases, one of them hidden and drawn from the seed, and a report.
GIVEN = """
import os
from IPython.display import display

class CheckFailed(Exception):
    def _render_traceback_(self):
        return self.args[0]

def check(name, function, points):
    seed = int(os.environ.get("IMBAL_LAB_SEED", "0"))
    shown = [("small numbers", False, 2), ("any number", True, seed)]
    try:
        passed = [function(x) == 2 * x for _, _, x in shown]
    except NotImplementedError:
        passed = None
    state = "not started" if passed is None else "done" if all(passed) else "not yet"
    score = points * sum(passed or [0]) / 2
    lines = [f"{name}: {state}.", "Why: doubling is adding to itself.", "Try: x + x."]
    display({"application/vnd.imbal-lab.check+json": {
        "exercise": name, "state": state, "seed": seed, "score": score, "points": points,
        "groups": [{"name": n, "hidden": h, "passed": bool(passed and passed[k]), "weight": 1}
                   for k, (n, h, _) in enumerate(shown)],
        "mistake": "squares" if state == "not yet" else None, "lines": lines}}, raw=True)
    if state == "done":
        print(lines[0])
        return None
    if score == 0:
        raise CheckFailed(lines)
    print(*lines, sep="\\\\n")
    return score
""".replace("\\\\n", "\\n")
STUB = "def {name}(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
RIGHT = "def {name}(x):\n    return x + x"
WRONG = "def {name}(x):\n    return x * x"  # right for 2, so half the points
WARNING = "import warnings\n" + RIGHT.replace("return", "warnings.warn('oh'); return")


class Graded(NamedTuple):
    """A graded class, and what the commands said."""

    course: Course
    release: subprocess.CompletedProcess[str]
    grade: subprocess.CompletedProcess[str]
    feedback: subprocess.CompletedProcess[str]


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


def notebook(**sources: str) -> dict:
    """The released stub lesson, with the sources of some cells replaced (by id, - as _)."""
    cells = [
        cell("markdown", "card-1", "# Stub", locked=True),
        cell("code", "given-1", GIVEN, locked=True),
        cell("code", "answer-double", STUB.format(name="double"), solution=True),
        cell(
            "code", "check-double", "check('double', double, 2)", grade=True, locked=True, points=2
        ),
        cell("code", "answer-twice", STUB.format(name="twice"), solution=True),
        cell("code", "check-twice", "check('twice', twice, 4)", grade=True, locked=True, points=4),
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


def answered(double: str, twice: str, **others: str) -> dict:
    """A submission with these two answers."""
    return notebook(
        answer_double=double.format(name="double"),
        answer_twice=twice.format(name="twice"),
        **others,
    )


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
    with tables.connect(course):
        pass
    return course.root / "gradebook.db"


@pytest.fixture
def course(tmp_path: Path, empty_gradebook: Path) -> Course:
    """A course with the stub lesson built and nothing released."""
    made = make_course(tmp_path / "class")
    shutil.copy(empty_gradebook, made.root)
    return made


@pytest.fixture
def released(course: Course) -> Course:
    """A course with the stub lesson released."""
    release(course, LESSON)
    return course


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory, empty_gradebook: Path) -> Graded:
    """A class of eight, graded once with real kernels; tests only read it."""
    course = make_course(tmp_path_factory.mktemp("graded") / "class")
    shutil.copy(empty_gradebook, course.root)
    first = imbal_lab("release", LESSON, cwd=course.root)
    hand_in(course, "anna", answered(RIGHT, RIGHT, essay_why="Because."))
    hand_in(course, "ben", answered(WRONG, STUB))
    hand_in(course, "cleo", answered(WARNING, RIGHT, check_double="1000", given_1="check = max"))
    hand_in(course, "dora", answered(RIGHT, "import os; os._exit(1)"))
    hand_in(course, "eva", {}).write_bytes(b"not json \x1b[31m")
    without_check = answered(RIGHT, RIGHT)
    del without_check["cells"][3]
    without_check["metadata"]["kernelspec"]["name"] = "colab"
    hand_in(course, "finn", without_check)
    twice_the_check = answered(RIGHT, RIGHT)
    twice_the_check["cells"].append(twice_the_check["cells"][3])
    twice_the_check["metadata"]["imbal_lab"]["source_sha256"] = "b" * 64
    hand_in(course, "gus", twice_the_check)
    hand_in(course, "hal", answered("def {name}(x:", RIGHT))
    second = imbal_lab("grade", LESSON, cwd=course.root / "submitted")
    pages = imbal_lab("feedback", LESSON, cwd=course.project)
    return Graded(course, first, second, pages)


@pytest.fixture(scope="session")
def stub() -> ModuleType:
    """The constants and helpers of this file."""
    return sys.modules[__name__]

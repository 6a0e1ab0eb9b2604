"""Honest submissions in many styles get from us the scores that stock nbgrader gives them.

Both execute the same cells of one notebook with the exercises of both lessons, with the same seed.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.gradebook.scores import read_scores
from imbal_lab.grading.judging.grade_submission import close_warm_parents, grade_submission
from imbal_lab.grading.judging.graded import Job
from imbal_lab.sandbox import granted, probe, why_refused

ROOT = Path(__file__).parents[3]
LESSON, SEED = "90_both_lessons", 4711
LEFT_OUT = ("explore-", "extra-", "predict-", "quiz-", "given-5")  # given-5 loads scikit-learn

RIGHT = {
    "imbalance_ratio": """
def imbalance_ratio(y):
    counts = torch.unique(y, return_counts=True)[1]
    return counts.max().item() / counts.min().item()
""",
    "class_gradients": """
def class_gradients(model, x, y, num_classes):
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = []
    for label in range(num_classes):
        part = losses[y == label].sum() / len(y)
        pieces = torch.autograd.grad(part, list(model.parameters()), retain_graph=True)
        rows.append(torch.cat([piece.flatten() for piece in pieces]))
    return torch.stack(rows)
""",
    "unit_directions": """
def unit_directions(grads):
    return F.normalize(grads, dim=1)
""",
    "pcngd_step": """
def pcngd_step(params, grads, lr):
    return params - lr * unit_directions(grads).sum(dim=0)
""",
}
STUB = "def {name}(*given):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
HELPER = """
def safe_length(row):
    length = float(torch.linalg.norm(row))
    return length if length > 0 else 1.0
"""

STUDENTS = {
    "right": {},
    "stub": {name: STUB.format(name=name) for name in RIGHT},
    "lambdas": {
        "imbalance_ratio": "imbalance_ratio = lambda y: (lambda n: n.max() / n.min())"
        "(torch.bincount(y)[torch.bincount(y) > 0])",
        "unit_directions": "unit_directions = "
        "lambda g: torch.nan_to_num(g / g.norm(dim=1)[:, None])",
        "pcngd_step": "pcngd_step = lambda p, g, lr: p - lr * F.normalize(g).sum(0)",
    },
    "partial": {
        "unit_directions": "from functools import partial\n\n"
        "unit_directions = partial(F.normalize, dim=1, eps=1e-15)",
        "pcngd_step": "def step(sign, params, grads, lr, eps=1e-12):\n"
        "    return params + sign * lr * F.normalize(grads, eps=eps).sum(0)\n\n"
        "pcngd_step = partial(step, -1)",
    },
    "classes": {
        "imbalance_ratio": "class Ratio:\n    def __call__(self, y):\n"
        "        n = y.bincount()\n        n = n[n > 0]\n        return n.max() / n.min()\n\n"
        "imbalance_ratio = Ratio()",
        "pcngd_step": "class Step:\n    def __init__(self, norm):\n        self.norm = norm\n"
        "    def walk(self, params, grads, lr):\n"
        "        return params - lr * self.norm(grads).sum(0)\n\n"
        "pcngd_step = Step(unit_directions).walk",
    },
    "helper": {
        "unit_directions": HELPER + "\n\ndef unit_directions(grads):\n"
        "    return torch.stack([row / safe_length(row) for row in grads])",
        "pcngd_step": "def pcngd_step(params, grads, lr):\n    for row in grads:\n"
        "        params = params - lr * row / safe_length(row)\n    return params",
    },
    "numpy": {
        "imbalance_ratio": "import numpy as np\n\ndef imbalance_ratio(y):\n"
        "    n = np.unique(y.numpy(), return_counts=True)[1]\n    return n.max() / n.min()",
        "unit_directions": "def unit_directions(grads):\n    g = grads.numpy()\n"
        "    n = np.linalg.norm(g, axis=1, keepdims=True)\n"
        "    return torch.from_numpy(np.divide(g, n, out=np.zeros_like(g), where=n > 0))",
        "pcngd_step": "def pcngd_step(params, grads, lr):\n"
        "    return np.asarray(params) - lr * np.asarray(grads).sum(0)",
    },
    "talkative": {
        "unit_directions": "import logging, sys, warnings\n\ndef unit_directions(grads):\n"
        "    warnings.warn('oh')\n    logging.warning('oh')\n    print('oh', file=sys.stderr)\n"
        "    print(grads.shape)\n    return F.normalize(grads, dim=1)\n\n"
        "print('ready')\nunit_directions(torch.eye(2))",
        "pcngd_step": "%time x = 1\n" + RIGHT["pcngd_step"] + "\ndisplay(x)",
    },
    "known-mistakes": {
        "imbalance_ratio": "def imbalance_ratio(y):\n"
        "    n = y.bincount()\n    return n.max() / n.min()",
        "class_gradients": RIGHT["class_gradients"].replace("len(y)", "(y == label).sum()"),
        "unit_directions": "def unit_directions(grads):\n    return grads / grads.norm()",
        "pcngd_step": RIGHT["pcngd_step"].replace("sum", "mean"),
    },
    "half-right": {
        "imbalance_ratio": "def imbalance_ratio(y):\n    n = y.unique(return_counts=True)[1]\n"
        "    return n[1] / n.min() if len(n) == 3 else n.max() / n.min()",
        "class_gradients": RIGHT["class_gradients"].replace(
            "range(num_classes)", "y.unique().tolist()"
        ),
        "unit_directions": "def unit_directions(grads):\n"
        "    return grads / grads.norm(dim=1)[:, None]",
        "pcngd_step": "def pcngd_step(params, grads, lr):\n"
        "    return params - lr * (grads / grads.norm(dim=1, keepdim=True)).sum(0)",
    },
    "errors": {
        "imbalance_ratio": "def imbalance_ratio(y)\n    return 1",
        "class_gradients": RIGHT["class_gradients"].replace(", retain_graph=True", ""),
        "unit_directions": "def unit_directions(grads):\n    return grads / norms_of(grads)",
        "pcngd_step": "1 / 0\n" + RIGHT["pcngd_step"],
    },
    "odd-values": {
        "imbalance_ratio": "def imbalance_ratio(y):\n    return [4.0]",
        "class_gradients": "torch.set_grad_enabled(False)\n" + RIGHT["class_gradients"],
        "unit_directions": "def unit_directions(grads):\n"
        "    grads /= grads.norm(dim=1, keepdim=True).clamp_min(1e-12)\n    return grads",
        "pcngd_step": "def pcngd_step(params, grads, lr):\n    print(params - lr)",
    },
}


def both_lessons():
    """One notebook with the exercises of both lessons, and nothing live or slow in it."""
    notebook, tour = (
        json.loads((ROOT / "notebooks" / name / f"{name}.ipynb").read_text("utf-8"))
        for name in ("02_learning_dynamics", "00_start_here")
    )
    first = [cell for cell in tour["cells"] if cell["id"].endswith("-imbalance_ratio")]
    cells = [*notebook["cells"][:2], *first, *notebook["cells"][2:]]
    notebook["cells"] = [cell for cell in cells if not cell["id"].startswith(LEFT_OUT)]
    notebook["metadata"]["imbal_lab"]["lesson"] = LESSON
    return notebook


def answered(notebook, answers):
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        exercise = cell["id"].removeprefix("answer-")
        if exercise != cell["id"]:
            cell["source"] = answers.get(exercise, RIGHT[exercise])
    return notebook


def write(path, notebook):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), "utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Everybody's notebook, handed in."""
    folder = tmp_path_factory.mktemp("same")
    notebook = both_lessons()
    write(folder / "notebooks" / LESSON / f"{LESSON}.ipynb", notebook)
    (folder / "course").mkdir()
    shutil.copy(ROOT / "course" / "nbgrader_config.py", folder / "course")
    course = Course.find(folder)
    release(course, LESSON)
    for student, answers in STUDENTS.items():
        write(course.notebook("submitted", student, LESSON), answered(notebook, answers))
    return course


@pytest.fixture(scope="module")
def stock(course):
    """Scores by student and exercise, of one call of nbgrader's own autograde."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("NBGRADER_")}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", LESSON],
        cwd=course.root,
        env={**env, "IMBAL_LAB_SEED": str(SEED)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        student: {
            name.removeprefix("check-"): cell.score
            for name, cell in score.cells.items()
            if name.startswith("check-")
        }
        for student, score in read_scores(course, LESSON).items()
    }


@pytest.fixture(scope="module")
def ours(course):
    """Scores by student and exercise, of our own grader."""
    unsafe = why_refused(granted(probe())) is not None
    released = course.notebook("release", ".", LESSON).read_bytes()
    found = {}
    for student in STUDENTS:
        submission = course.notebook("submitted", student, LESSON).read_bytes()
        graded = grade_submission(Job(LESSON, student, submission, released, SEED, unsafe))
        assert graded.doubts == ()
        found[student] = {result.exercise: result.score for result in graded.exercises}
    yield found
    close_warm_parents()


def test_the_submissions_are_of_many_kinds(ours):
    """Or equal scores would say little."""
    assert len(STUDENTS) >= 12
    every = [score for scores in ours.values() for score in scores.values()]
    assert ours["right"] == {
        "imbalance_ratio": 1, "class_gradients": 3, "unit_directions": 2, "pcngd_step": 2,
    }  # fmt: skip
    assert len(set(every)) >= 6
    assert every.count(0) >= 8


@pytest.mark.parametrize("student", STUDENTS)
def test_the_scores_are_nbgraders(student, ours, stock):
    assert ours[student] == pytest.approx(stock[student])

"""The lesson that everybody gets, made of released cells, and classmates who mean no harm."""

from __future__ import annotations

import copy
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
LESSON = "90_hostile"
CELLS = (
    "card-1", "given-1",
    "task-imbalance_ratio", "answer-imbalance_ratio", "check-imbalance_ratio",
    "task-unit_directions", "answer-unit_directions", "check-unit_directions",
    "task-pcngd_step", "answer-pcngd_step", "check-pcngd_step",
    "essay-when_worse",
)  # fmt: skip

RATIO = """\
def imbalance_ratio(y):
    counts = torch.unique(y, return_counts=True)[1]
    return (counts.max() / counts.min()).item()
"""
DIRECTIONS = """\
def unit_directions(grads):
    lengths = grads.norm(dim=1, keepdim=True)
    return torch.where(lengths > 0, grads / lengths, torch.zeros_like(grads))
"""
STEP = """\
def pcngd_step(params, grads, lr):
    lengths = grads.norm(dim=1, keepdim=True)
    unit = torch.where(lengths > 0, grads / lengths, torch.zeros_like(grads))
    return params - lr * unit.sum(dim=0)
"""
IN_LOOPS = """\
def unit_directions(grads):
    rows = []
    for g in grads:
        length = (g * g).sum() ** 0.5
        print("length", length)
        rows.append(g / length if length else g * 0)
    return torch.stack(rows)
"""
NOISY = """\
import warnings

def pcngd_step(params, grads, lr):
    warnings.warn("I am not sure")
    step = torch.zeros_like(params)
    for g in grads:
        if g.abs().max() > 0:
            step += g / torch.linalg.vector_norm(g)
    return params - lr * step
"""
UNGUARDED = "def unit_directions(grads):\n    return grads / grads.norm(dim=1, keepdim=True)\n"
INVERTED = """\
def imbalance_ratio(y):
    counts = y.unique(return_counts=True)[1]
    return counts.min() / counts.max()
"""
ALL_LABELS = """\
def imbalance_ratio(y):
    counts = torch.bincount(y)
    return float(counts.max()) / float(counts.min())  # the count of a skipped label is zero
"""
PLAIN_STEP = "def pcngd_step(params, grads, lr):\n    return params - lr * grads.sum(dim=0)\n"
SYNTAX_ERROR = "def pcngd_step(params, grads, lr:\n    return params\n"

# Answers (None: left as it was handed out) and points, worked out from the groups' weights by hand.
Work = tuple[tuple[str | None, str | None, str | None], tuple[float, float, float]]
HONEST: dict[str, Work] = {
    "anna": ((RATIO, DIRECTIONS, STEP), (1, 2, 2)),
    "dora": ((INVERTED, UNGUARDED, STEP), (1 / 3, 1.6, 2)),  # balanced labels alone; no zero row
    "gus": ((None, None, None), (0, 0, 0)),
    "kim": ((RATIO, IN_LOOPS, NOISY), (1, 2, 2)),
    "olga": ((ALL_LABELS, DIRECTIONS, None), (2 / 3, 2, 0)),  # all but labels that skip a number
    "tom": ((RATIO, UNGUARDED, SYNTAX_ERROR), (1, 1.6, 0)),
    "zoe": ((None, DIRECTIONS, PLAIN_STEP), (0, 2, 0)),
}
EXERCISES = ("imbalance_ratio", "unit_directions", "pcngd_step")


def lesson_notebook() -> dict:
    """Three exercises and an essay, cell by cell as they are handed out."""
    released = {
        cell["id"]: cell
        for lesson in ("00_start_here", "02_learning_dynamics")
        for cell in _released(lesson)["cells"]
    }
    # Both lessons have a card-1 and a given-1: those of the later one stand.
    made = _released("02_learning_dynamics") | {"cells": [released[id] for id in CELLS]}
    made["metadata"]["imbal_lab"] |= {"lesson": LESSON, "title": "Hostile"}
    return made


def _released(lesson: str) -> dict:
    return json.loads((ROOT / "notebooks" / lesson / f"{lesson}.ipynb").read_text("utf-8"))


def answered(notebook: dict, answers: tuple[str | None, ...], comment: str = "") -> dict:
    """The notebook with these answers."""
    made = copy.deepcopy(notebook)
    for name, answer in zip(EXERCISES, answers, strict=True):
        cell = next(c for c in made["cells"] if c["id"] == f"answer-{name}")
        cell["source"] = cell["source"] if answer is None else answer
    if comment:
        cell["source"] = f"{''.join(cell['source'])}\n# {comment}\n"
    return made


def points_of(student: str) -> dict[str, float]:
    return dict(zip(EXERCISES, HONEST[student][1], strict=True))

"""A short lesson with one exercise, and a way to read the real ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.authoring.lesson import Lesson
from imbal_lab.authoring.source import parse_lesson

ROOT = Path(__file__).parents[2]

SOURCE = '''\
# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: A short tour
#     kind: tour
#     minutes: 5
#     level: 1
#     objectives:
#       - text: Scale rows
#         met_by: [check-scaled, essay-why]
# ---

# %% [markdown] role="card"
# # A short tour
#
# Welcome.

# %% role="given"
import torch
from torch.nn import functional as F

from imbal_lab.checks import check
from imbal_lab.explore import quiz

# %% role="quiz" id="warm_up"
quiz("Which?", {"a": "Yes, a.", "b": "No, b."}, right="a", id="warm_up")

# %% [markdown] role="task" ex="scaled" difficulty=2 minutes=8
# ## Scale rows
#
# Make the rows as long as they should be.

# %% role="answer" ex="scaled"
def scaled(rows, factor=2.0):
    """Rows of length ``factor``: [n, d] to [n, d]."""
    ...

# %% role="check" ex="scaled" points=2

# %% [markdown] role="hint" ex="scaled"
# 1. Look at the lengths.
# 2. Divide:
#
#    ```
#    a / b
#    ```
# 3. Multiply.

# %% [markdown] role="essay" id="why" points=1
# ## Why?
#
# Say why.
# <!-- rubric -->
# One point for a reason.
'''


def scaled(rows, factor=2.0):
    """The library's own words."""
    # Lengths first.
    lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)

    kept: list[torch.Tensor] = []
    for row in rows:
        kept.append(row)
    return F.normalize(rows * factor / lengths, dim=1)  # the crux


@dataclass
class FakeExercise:
    reference: Any
    mistakes: tuple[str, ...] = ("a", "b", "c", "d", "e", "f")


@pytest.fixture
def source() -> str:
    return SOURCE


@pytest.fixture
def lesson() -> Lesson:
    return parse_lesson("01_short", SOURCE)


@pytest.fixture
def reference():
    return scaled


@pytest.fixture
def exercises() -> dict[str, FakeExercise]:
    return {"scaled": FakeExercise(scaled)}


@pytest.fixture
def references(exercises):
    return {name: exercise.reference for name, exercise in exercises.items()}


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT

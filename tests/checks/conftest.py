"""A small exercise of its own, so that the engine is tested without any lesson."""

import pytest
import torch

from imbal_lab import exercises
from imbal_lab.checks import Case, Exercise, Group, Mistake, Property


def vector(n):
    return Case(f"{n} entries", lambda g: {"x": torch.randn(n, generator=g, dtype=torch.float64)})


def doubled(x):
    return 2 * x


HALVES = Exercise(
    id="doubled",
    reference=doubled,
    axes=("entry",),
    groups=(
        Group("short", "short vectors", 1, (vector(2), vector(3)), "add it to itself."),
        Group("long", "long vectors", 2, (vector(50),), "forget no entry."),
        Group("secret", "secret vectors", 1, (vector(7),), "think of seven.", hidden=True),
    ),
    properties=(
        Property("signs must stay.", lambda given, out: bool((given["x"] * out >= 0).all())),
    ),
    mistakes=(
        Mistake("squared", "it is squared.", "add.", (lambda x: x**2,)),
        Mistake("halved", "it is halved.", "multiply.", (lambda x: x / 2,)),
        Mistake("short_only", "long ones are cut.", "keep all.", (lambda x: 2 * x[:3],)),
        Mistake("in_place", "x was overwritten.", "make a new one.", (lambda x: x.mul_(2),)),
    ),
)


@pytest.fixture
def task(monkeypatch):
    """The exercise "doubled", known to check() under that name."""
    monkeypatch.setitem(exercises.EXERCISES, "doubled", HALVES)
    return HALVES


@pytest.fixture(autouse=True)
def practice(monkeypatch):
    """Not grading, with the learner's own cases, whatever the surroundings say."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.delenv("IMBAL_LAB_SEED", raising=False)

"""The claim holds for the library, its numbers by another route, and mistakes fail."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab import exercises
from imbal_lab.acceptance.feature_deviation_and_cdt import (
    DeviationAndCDT,
    feature_deviation_and_cdt,
)
from imbal_lab.acceptance.own_loss import OwnLoss
from imbal_lab.acceptance.trained_digits import train_digits
from imbal_lab.checks import CheckFailed
from imbal_lab.data import load
from imbal_lab.methods import cdt_loss, feature_deviation
from imbal_lab.models import mlp
from imbal_lab.training import Run, sweep

SEEDS, STEPS = range(6), 240  # long enough to fit the training set, short enough for a test
DATA = {"profile": "step", "n_max": 100, "n_test": 50, "rare": "random"}


@pytest.fixture(scope="module")
def reference() -> DeviationAndCDT:
    return feature_deviation_and_cdt(seeds=SEEDS, steps=STEPS)


def with_loss(reference, loss):
    """The reference beside a learner's loss; cross-entropy is not trained again."""
    own = train_digits(
        "your loss", lambda counts: OwnLoss(loss, counts, 0.2), feature_deviation, SEEDS, STEPS
    )
    return replace(reference, own=own)


def test_it_holds_for_the_library(reference):
    assert reference.check() is None
    assert all(reference.holds.values())
    title, head, plain, own, difference, *marks = str(reference).splitlines()
    assert title.startswith("digits, rho = 20, gamma = 0.2, 6 seeds, 240 steps")
    assert plain.startswith("cross-entropy")
    assert own.startswith("CDT")
    assert difference.startswith("difference")
    assert [mark[0] for mark in marks] == ["✓"] * 6
    left, right = reference.figure().axes
    assert len(left.texts) == len(right.texts) == 3


def test_recalls_are_those_of_a_sweep(reference):
    """The same training as data for `sweep`: another loop, and the registry's CDT."""
    options = {
        "data": "digits",
        "rho": 20,
        "data_options": DATA,
        "model_options": {"widths": (64, 64, 64, 10), "activation": "relu"},
        "steps": STEPS,
        "lr": 0.1,
        "momentum": 0.9,
        "weight_decay": 2e-4,
        "schedule": "steps",
    }
    methods = (("sgd", {}), ("cdt", {"gamma": 0.2}))
    runs = [
        Run(method=name, method_options=more, seed=seed, **options)
        for name, more in methods
        for seed in SEEDS
    ]
    results = sweep(runs, cache=None, progress=False)
    recall = torch.stack([result.test_recall[-1] for result in results]).split(len(SEEDS))
    gain = (recall[1] - recall[0])[:, 5:].mean().item()
    assert reference.gain.mean == pytest.approx(gain, abs=0.03)  # rounding grows over the steps
    assert reference.plain.recall.mean().item() == pytest.approx(recall[0].mean().item(), abs=0.01)

"""The claim holds for the library, its numbers by another route, and mistakes fail."""

from dataclasses import replace
from itertools import chain, islice, repeat

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.feature_deviation_and_cdt import (
    DeviationAndCDT,
    feature_deviation_and_cdt,
)
from imbal_lab.acceptance.own_loss import OwnLoss
from imbal_lab.acceptance.trained_digits import train_digits
from imbal_lab.checks import CheckFailed
from imbal_lab.data import ShuffledBatches, load
from imbal_lab.methods import cdt_loss, feature_deviation
from imbal_lab.models import mlp

SEEDS, STEPS = range(6), 240  # long enough to fit the training set, short enough for a test


@pytest.fixture(scope="module")
def reference() -> DeviationAndCDT:
    return feature_deviation_and_cdt(seeds=SEEDS, steps=STEPS)


def with_loss(reference, loss):
    """The reference beside a learner's loss; cross-entropy is not trained again."""
    own = train_digits(
        "your loss", lambda counts: OwnLoss(loss, counts, 0.2), feature_deviation, SEEDS, STEPS
    )
    return replace(reference, own=own)


def with_deviation(reference, measure):
    """The reference with its plain networks measured by a learner's function."""
    plain = train_digits("cross-entropy", lambda _: nn.CrossEntropyLoss(), measure, SEEDS, STEPS)
    return replace(reference, plain=plain)


def test_it_holds_for_the_library(reference):
    assert reference.check() is None
    assert all(reference.holds.values())
    title, head, plain, own, difference, *marks = str(reference).splitlines()
    assert title.startswith("digits, rho = 20, gamma = 0.2, 6 seeds, 240 steps")
    assert head.endswith("test against test")
    assert plain.startswith("cross-entropy")
    assert own.startswith("CDT")
    assert difference.startswith("difference")
    assert [mark[0] for mark in marks] == ["✓"] * 6
    left, right = reference.figure().axes
    assert len(left.texts) == len(right.texts) == 3


def test_a_learners_right_loss_does_the_same(reference):
    again = with_loss(reference, cdt_loss)
    torch.testing.assert_close(again.own.recall, reference.own.recall, atol=0.15, rtol=0)
    again.check()


def test_measured_as_by_hand(reference):
    """Seed 1: torch's SGD and cross-entropy of divided logits, NumPy for the distances."""
    data = load("digits", rho=20, profile="step", n_max=100, n_test=50, rare="random", seed=1)
    model = mlp((64, 64, 64, 10), seed=1, activation="relu")
    hot = torch.tensor([1.0] * 5 + [20**0.2] * 5)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, 0.9, weight_decay=2e-4)
    batches = chain.from_iterable(repeat(ShuffledBatches(data.y, 64, seed=1)))
    for t, rows in enumerate(islice(batches, STEPS)):
        optimizer.param_groups[0]["lr"] = 0.1 * 0.1 ** ((t >= 192) + (t >= 216))
        optimizer.zero_grad()
        F.cross_entropy(model(data.x[rows]) / hot, data.y[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        right = model(data.x_test).argmax(dim=1) == data.y_test
        train, test = (F.normalize(model[:-1](x), dim=1).numpy() for x in (data.x, data.x_test))
    recall = [right[data.y_test == c].float().mean().item() for c in range(10)]
    assert reference.own.recall[1].tolist() == pytest.approx(recall, abs=0.041)  # two images
    random, y = np.random.default_rng(0), data.y.numpy()
    centre = test[data.y_test.numpy() == 0].mean(0)
    frequent = train[y == 0]
    draws = [frequent[random.permutation(100)[:5]].mean(0) for _ in range(2000)]
    expected = np.linalg.norm(np.array(draws) - centre, axis=1).mean()
    assert reference.own.deviation[1, 0].item() == pytest.approx(expected, rel=0.05)
    naive = np.linalg.norm(frequent.mean(0) - centre)
    assert reference.own.naive[1, 0].item() == pytest.approx(naive, rel=0.02)


def heat(counts, gamma):
    return (counts.max() / counts) ** gamma


def multiplied(logits, y, counts, gamma):
    return F.cross_entropy(logits * heat(counts, gamma), y)


def label_only(logits, y, counts, gamma):
    own = torch.zeros_like(logits).scatter_(1, y[:, None], 1).bool()
    return F.cross_entropy(torch.where(own, logits / heat(counts, gamma), logits), y)


def no_temperature(logits, y, counts, gamma):
    return F.cross_entropy(logits, y)


def no_gamma(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, 1.0), y)


def as_weights(logits, y, counts, gamma):
    return F.cross_entropy(logits, y, weight=heat(counts, gamma))


def softmax_twice(logits, y, counts, gamma):
    return F.cross_entropy((logits / heat(counts, gamma)).softmax(1), y)


@pytest.mark.parametrize(
    "loss", [multiplied, label_only, no_temperature, no_gamma, as_weights, softmax_twice]
)
def test_a_mistake_that_changes_the_dynamics_fails(loss, reference):
    result = with_loss(reference, loss)
    with pytest.raises(CheckFailed) as failure:
        result.check()
    first, why, advice = failure.value.lines
    assert first.startswith("✗ not shown that your loss raises the test recall of the rare classes")
    assert why.startswith("Why: ")
    assert advice.startswith("Try: look at cdt_loss")
    assert all(len(line) < 160 for line in failure.value.lines)


def temperature_of_the_label(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, gamma)[y][:, None], y)


def counts_of_the_batch(logits, y, counts, gamma):
    n = torch.bincount(y, minlength=len(counts))
    return F.cross_entropy(logits / heat(n, gamma), y)


@pytest.mark.parametrize("loss", [temperature_of_the_label, counts_of_the_batch])
def test_a_mistake_that_helps_the_rare_classes_too_is_not_seen_here(loss, reference):
    """A known limit, as are references other than the largest count. The check sees them all."""
    with_loss(reference, loss).check()


def summed(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, gamma), y, reduction="sum")


def test_a_mistake_that_runs_away_says_so(reference):
    with pytest.raises(FloatingPointError, match="no longer finite"):
        with_loss(reference, summed)


def draws_ignored(train, test, draws):
    return torch.dist(train.mean(0), test.mean(0))


def rounds_averaged_first(train, test, draws):
    return torch.dist(train[draws].mean((0, 1)), test.mean(0))


def example_by_example(train, test, draws):
    return (train[draws] - test.mean(0)).norm(dim=2).mean()


@pytest.mark.parametrize("measure", [draws_ignored, rounds_averaged_first, example_by_example])
def test_a_measure_that_small_counts_can_fool_fails(measure, reference):
    with pytest.raises(CheckFailed, match="look further away merely because they are few"):
        with_deviation(reference, measure).check()


def to_each_test_example(train, test, draws):
    return torch.cdist(train[draws].mean(1), test).mean()


def test_a_measure_that_mixes_width_and_move_is_not_seen_here(reference):
    """A known limit, as are squared distances and a single draw. The check sees them all."""
    with_deviation(reference, to_each_test_example).check()


@pytest.mark.parametrize(
    ("field", "changed", "part"),
    [
        ("plain", {"train_recall": "recall"}, "cross-entropy over-fits the rare classes"),
        ("plain", {"naive": "deviation"}, "look further away merely because they are few"),
        ("plain", {"null": "deviation"}, "deviate more than the null explains"),
        ("own", {"divided": "recall"}, "dividing at test time takes the gain back"),
    ],
)
def test_each_part_is_asked_on_its_own(reference, field, changed, part):
    runs = getattr(reference, field)
    swapped = replace(runs, **{name: getattr(runs, other) for name, other in changed.items()})
    result = replace(reference, **{field: swapped})
    assert [says for says, holds in result.holds.items() if not holds] == [
        next(says for says in result.holds if part in says)
    ]
    with pytest.raises(CheckFailed, match=part):
        result.check()


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"seeds=\(3,\): an interval needs at least two"):
        feature_deviation_and_cdt(seeds=[3])
    with pytest.raises(ValueError, match=r"loss: must return a scalar made of the logits, gave"):
        feature_deviation_and_cdt(lambda *_: 1.0, seeds=[0, 1], steps=1)
    with pytest.raises(ValueError, match=r"measure: must return one number a class, gave \[5\]"):
        feature_deviation_and_cdt(deviation=lambda *_: torch.ones(5), seeds=[0, 1], steps=1)

"""The generated Shuttle: its counts, its geometry, and that the rarest states can be told."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import load, shuttle
from imbal_lab.models import mlp

# The published counts (UCI), which the real reader has too.
SHUTTLE = (45586, 8903, 3267, 171, 50, 13, 10)


def test_counts_are_half_of_the_real_ones():
    data = load("shuttle_like")
    assert tuple(shuttle.STATES.values()) == SHUTTLE
    assert data.counts == tuple(n // 2 for n in SHUTTLE)
    assert data.rho == pytest.approx(max(SHUTTLE) / min(SHUTTLE), rel=1e-3)
    assert data.x.shape == (28998, 9)
    assert torch.bincount(data.y_test).tolist() == [200] * 7


def test_other_numbers_and_fewer_states():
    balanced = load("shuttle_like", counts=(50,) * 7)
    assert balanced.rho == 1
    two = load("shuttle_like", classes=(6, 0))
    assert two.class_names == ("state 0", "state 6")  # ordered by nature
    assert two.counts == (22793, 5)
    everything = load("shuttle_like")
    assert torch.equal(two.x[two.y == 1], everything.x[everything.y == 6])


def test_the_best_rule_with_these_frequencies_finds_every_state():
    """Discriminant analysis from means and spreads that are estimated on balanced data."""
    sample = load("shuttle_like", counts=(2000,) * 7, seed=1)
    classes = [sample.x[sample.y == c].double() for c in range(7)]
    data = load("shuttle_like", n_test=2000)
    prior = torch.tensor(data.counts).double().log()
    score = torch.stack(
        [
            -((data.x_test - x.mean(0)) ** 2 / (2 * x.var(0))).sum(1) - x.var(0).log().sum() / 2
            for x in classes
        ],
        dim=1,
    )
    guess = (score + prior).argmax(1)
    for c in range(7):
        assert (guess[data.y_test == c] == c).double().mean() > 0.95


def test_the_two_rarest_differ_in_a_quiet_reading_only():
    sample = load("shuttle_like", counts=(2000,) * 7)
    mean = torch.stack([sample.x[sample.y == c].mean(0) for c in range(7)])
    spread = sample.x[sample.y == 0].std(0)
    apart = (mean[1:] - mean[0]).abs()
    stands_out = (apart > 5 * spread).int()
    assert stands_out.sum(1).tolist() == [1] * 6  # each state in one reading of its own
    assert (stands_out.sum(0) <= 1).all()
    quiet = spread < 0.5
    assert (stands_out * quiet).sum(1).tolist() == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(("oversample", "low", "high"), [(False, 0.0, 0.01), (True, 0.9, 1.0)])
def test_plain_training_never_finds_the_rarest_and_oversampling_does(oversample, low, high):
    data = load("shuttle_like")
    model = mlp([9, 64, 64, 7], seed=0, activation="relu")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    n = torch.tensor(data.counts)
    chance = (1 / n if oversample else torch.ones(7))[data.y]
    generator = torch.Generator().manual_seed(0)
    rows = torch.multinomial(chance, 600 * 64, replacement=True, generator=generator)
    for step, batch in enumerate(rows.view(600, 64)):
        optimizer.param_groups[0]["lr"] = 0.025 * (1 + math.cos(math.pi * step / 600))
        optimizer.zero_grad()
        F.cross_entropy(model(data.x[batch]), data.y[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        right = (model(data.x_test).argmax(1) == data.y_test).float()
    assert low <= right[data.y_test >= 5].mean() <= high
    assert right[data.y_test == 0].mean() > 0.97

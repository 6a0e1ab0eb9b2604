from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.minority_initial_drop import MinorityDrop, minority_initial_drop
from imbal_lab.checks import CheckFailed
from imbal_lab.data import load
from imbal_lab.methods import class_gradients, gd_step, pcngd_step, unit_directions
from imbal_lab.models import mlp
from imbal_lab.training.interval import Interval
from imbal_lab.training.minority_drop import Runs, measure

SEEDS, STEPS = range(8), 60  # long enough for the drop, short enough for a test


def measured(step, gradients=class_gradients):
    return measure("your step", step, gradients, "digits", 10, SEEDS, STEPS)


@pytest.fixture(scope="module")
def gd() -> Runs:
    return measure("gradient descent", gd_step, class_gradients, "digits", 10, SEEDS, STEPS)


def test_measured_as_by_hand_with_torch_sgd(gd):
    """Seed 4, step by step: cross_entropy and torch.optim.SGD, nothing of the library's loop."""
    data = load("digits", classes=(3, 8), n_max=150, n_test=24, rho=10, seed=4).to(torch.float64)
    model = mlp([64, 24, 24, 2], seed=4).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses, recalls = [], []
    for _ in range(STEPS + 1):
        each = F.cross_entropy(model(data.x), data.y, reduction="none")
        losses.append([each[data.y == c].mean().item() for c in (0, 1)])
        guess = model(data.x_test).argmax(dim=1)[data.y_test == 1]
        recalls.append((guess == 1).double().mean().item())
        optimizer.zero_grad()
        each.mean().backward()
        optimizer.step()
    majority, minority = zip(*losses, strict=True)
    assert gd.rise[4].item() == pytest.approx(max(minority) - minority[0], abs=1e-10)
    ups = [sum(b > a + 1e-10 for a, b in pairwise(f)) for f in (majority, minority)]
    assert gd.up_steps[4].tolist() == ups
    change = [majority[-1] - majority[0], minority[-1] - minority[0]]
    assert gd.change[4].tolist() == pytest.approx(change, abs=1e-10)
    assert gd.recall_drop[4].item() == pytest.approx(recalls[0] - min(recalls))
    assert ups[1] > 0


def test_it_holds_for_pcngd():
    result = minority_initial_drop(steps=STEPS)
    assert all(result.holds.values())
    assert result.check() is None
    assert (result.gd.rise > 0).all()
    assert not result.own.rise.any()
    title, head, gd_row, own_row, difference, *marks = str(result).splitlines()
    assert title.startswith("digits, rho = 10, 8 seeds, 60 steps")
    assert gd_row.split()[:3] == ["gradient", "descent", "0.1"]
    assert own_row.split()[:3] == ["PCNGD", "0.1", "0"]
    assert "0 / 0" in own_row
    assert difference.split()[0] == "difference"
    assert head.index("rise") == gd_row.index(str(Interval.of(result.gd.rise)))
    assert [mark[0] for mark in marks] == ["✓"] * 4


def test_it_holds_on_two_blobs():
    result = minority_initial_drop(data="gauss2d_binary", steps=STEPS)
    assert all(result.holds.values())


def uphill(params, grads, lr):
    return 2 * params - pcngd_step(params, grads, lr)


def squared_norm(params, grads, lr):
    return params - lr * sum(g / g.dot(g) for g in grads if g.any())


def total_normalised(params, grads, lr):
    return params - lr * F.normalize(grads.sum(dim=0), dim=0)


def clipped(params, grads, lr):
    return params - lr * sum(g / max(1, g.norm()) for g in grads)


def majority_only(params, grads, lr):
    return params - lr * unit_directions(grads)[0]


def stands_still(params, grads, lr):
    return params


@pytest.mark.parametrize(
    ("step", "part"),
    [
        (gd_step, "your step avoids it"),
        (uphill, "your step avoids it"),
        (total_normalised, "your step avoids it"),
        (clipped, "your step avoids it"),
        (majority_only, "your step avoids it"),
        (stands_still, "every class's loss ends below its start"),
    ],
)
def test_a_mistake_that_changes_the_dynamics_fails(step, part, gd):
    result = MinorityDrop("digits", gd, measured(step))
    with pytest.raises(CheckFailed) as failure:
        result.check()
    first, why, advice = failure.value.lines
    assert first.startswith(f"✗ not shown that {part}: with your step ")
    assert why.startswith("Why: ")
    assert advice.startswith("Try: ")
    assert all(len(line) < 160 for line in failure.value.lines)
    assert "✗" in str(result)


def test_a_mistake_that_runs_away_says_so():
    with pytest.raises(FloatingPointError, match="no longer finite"):
        measured(squared_norm)


def whole_gradient(model, x, y, num_classes):
    return class_gradients(model, x, y, num_classes).sum(dim=0).repeat(num_classes, 1)


def test_wrong_gradients_fail_too(gd):
    result = MinorityDrop("digits", gd, measured(pcngd_step, whole_gradient))
    assert not result.holds["your step avoids it"]


def mean_of_directions(params, grads, lr):
    return params - lr * unit_directions(grads).mean(dim=0)


def absolute_sum(params, grads, lr):
    return params - lr * sum(g / g.abs().sum() for g in grads)


@pytest.mark.parametrize("step", [mean_of_directions, absolute_sum])
def test_a_mistake_in_the_length_alone_is_not_seen_here(step, gd):
    """A known limit: the dynamics are right up to their speed. The exercise's check sees it."""
    MinorityDrop("digits", gd, measured(step)).check()


def runs(minority, majority=(1.0, 0.6, 0.2)):
    """Three seeds with these losses, that differ but for a little in the second step."""
    curves = torch.tensor([majority, minority]).T.repeat(3, 1, 1)
    curves[:, 1, 1] += torch.tensor([0.0, 1e-4, -1e-4])
    return Runs("any", curves, torch.zeros_like(curves))


RISES, FALLS = runs((1.0, 1.2, 0.5)), runs((1.0, 0.8, 0.5))


@pytest.mark.parametrize(
    ("gd", "own", "expected"),
    [
        (RISES, FALLS, [True, True, True, True]),
        (runs((1.0, 1.04, 0.5)), FALLS, [False, False, True, True]),
        (RISES, runs((1.0, 1.17, 0.5)), [True, False, False, True]),
        (RISES, runs((1.0, 0.8, 0.5), (1.0, 0.6, 0.7)), [True, True, False, True]),
        (RISES, runs((1.0, 0.8, 0.5), (0.5, 0.5, 0.5)), [True, True, True, False]),
    ],
)
def test_each_part_is_asked_on_its_own(gd, own, expected):
    result = MinorityDrop("made up", gd, own)
    assert list(result.holds.values()) == expected
    if not all(expected):
        first = next(part for part, holds in result.holds.items() if not holds)
        with pytest.raises(CheckFailed, match=f"not shown that {first}"):
            result.check()


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="data='mnist': choose one of 'digits', 'gauss2d_binary'"):
        minority_initial_drop(data="mnist")
    with pytest.raises(ValueError, match=r"seeds=\(3,\): an interval needs at least two"):
        minority_initial_drop(seeds=[3])
    with pytest.raises(ValueError, match="step: must return"):
        minority_initial_drop(lambda params, grads, lr: grads, seeds=[0, 1], steps=1)

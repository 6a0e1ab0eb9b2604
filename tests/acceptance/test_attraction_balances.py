from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab import exercises
from imbal_lab.acceptance.attraction_balances import Balance, attraction_balances
from imbal_lab.acceptance.balance import CORNERS, at_the_simplex, measure
from imbal_lab.checks import CheckFailed
from imbal_lab.data import ShuffledBatches, load
from imbal_lab.methods import arb_losses, attraction_and_repulsion
from imbal_lab.models import mlp

SEEDS = range(6)
STARTS, GAINS = ("your loss starts in balance", "the rarest classes are recognised more often")
EVENLY, PUSHED = (
    "a simplex is pulled evenly",
    "under cross-entropy a rare row is mostly pushed",
)


def known(exercise, mistake, version=0):
    listed = {m.name: m for m in exercises.get(exercise).mistakes}
    return listed[mistake].functions[version]


@pytest.fixture(scope="module")
def holding():
    return attraction_balances(arb_losses, forces=attraction_and_repulsion)


def judged(ce, losses, epochs=60):
    """The parts that do not hold with these losses."""
    own = measure("your loss", losses, attraction_and_repulsion, SEEDS, epochs)
    found = Balance("digits", ce, own, {"your loss": at_the_simplex(losses)})
    return [part for part, holds in found.holds.items() if not holds]


def test_it_holds_for_arb_loss(holding):
    assert holding.check() is None
    title, head, ce, own, difference, *marks = str(holding).splitlines()
    assert title.startswith("digits, ten classes, rho = 50, 6 seeds, 60 epochs")
    assert head.index("at the end") == own.index("-0.06")
    assert ce.split()[:2] == ["cross-entropy", "-1.07"]
    assert difference.split()[0] == "difference"
    assert [mark[0] for mark in marks[:4]] == ["✓"] * 4
    assert marks[4] == (
        "At a simplex, longest over shortest gradient: cross-entropy 8.70, your loss 1.00"
    )
    assert len(holding.figure().axes) == 3


def test_the_start_measured_with_autograd_on_each_bias(holding):
    """Seed 3, before the first step: gradients on the bias from some of the examples."""
    data = load("digits", rho=50, rare="random", seed=3)
    model = mlp([data.x.shape[1], 64, 64, 10], seed=3, activation="relu")
    counts = torch.tensor(data.counts)
    for runs, offset in ((holding.ce, 0.0), (holding.own, counts.log())):
        losses = F.cross_entropy(model(data.x) + offset, data.y, reduction="none") / len(data.y)
        ratio = []
        for k in range(10):
            pull, push = (
                torch.autograd.grad(losses[which].sum(), model[-1].bias, retain_graph=True)[0][k]
                for which in (data.y == k, data.y != k)
            )
            ratio.append(-push.item() / pull.item())
        assert runs.ratio[3, 0].tolist() == pytest.approx(ratio, rel=1e-4)
        slope = np.polyfit(np.log(data.counts), np.log(ratio), 1)[0]
        assert runs.slope[3, 0].item() == pytest.approx(slope, abs=1e-4)


def test_the_end_trained_by_hand(holding):
    """Seed 0 of cross-entropy: recalls after sixty epochs of torch.optim.SGD."""
    data = load("digits", rho=50, rare="random", seed=0)
    model = mlp([data.x.shape[1], 64, 64, 10], seed=0, activation="relu")
    batches = ShuffledBatches(data.y, 64, seed=0)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, 0.9)
    steps = 60 * 6
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    done = 0
    while done < steps:
        for rows in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(data.x[rows]), data.y[rows]).backward()
            optimizer.step()
            schedule.step()
            done += 1
            if done == steps:
                break
    guesses = model(data.x_test).argmax(dim=1)
    few = [(guesses[data.y_test == k] == k).double().mean().item() for k in (7, 8, 9)]
    assert holding.ce.rarest[0].item() == pytest.approx(sum(few) / 3, abs=0.03)


def test_at_the_simplex_as_by_hand():
    """Rows and features e_k - 1/C, scaled: lengths of the gradient row by row, in numpy."""
    n, corners = np.array(CORNERS), np.eye(10) - 0.1
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    for losses, offset in ((None, 0.0), (arb_losses, np.log(n))):
        z = 12 * corners @ corners + offset
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        grad = (n[:, None] * (p - np.eye(10))).T @ corners
        lengths = np.linalg.norm(grad, axis=1)
        along = (-grad * corners).sum(axis=1) / lengths
        found = at_the_simplex(losses)
        assert found == pytest.approx((lengths.max() / lengths.min(), along.min()), rel=1e-6)


@pytest.mark.parametrize(
    ("mistake", "version", "failing"),
    [
        ("inverse", 0, [STARTS, GAINS, EVENLY]),
        ("counts_unused", 0, [STARTS, GAINS, EVENLY]),
        ("own_only", 0, [STARTS, EVENLY]),
        ("class_weights", 0, [GAINS, EVENLY]),
        ("other_base", 0, [STARTS, EVENLY]),
        ("probability", 0, [STARTS, GAINS, EVENLY]),
        ("softmax_twice", 0, [STARTS, GAINS]),
        ("plus_one", 0, [EVENLY]),
    ],
)
def test_a_mistake_that_changes_the_dynamics_fails(holding, mistake, version, failing):
    losses = known("arb_losses", mistake, version)
    assert judged(holding.ce, losses) == failing


@pytest.mark.parametrize("mistake", ["rivals_only", "sign_lost"])
def test_a_mistake_that_runs_away_says_so(mistake):
    with pytest.raises(FloatingPointError, match="no longer finite"):
        attraction_balances(known("arb_losses", mistake), seeds=[0, 1])


@pytest.mark.parametrize(
    ("mistake", "version"),
    [
        ("class_weights", 1),  # of mean one: the claims could not tell it apart on digits either
        ("numerator_unweighted", 0),  # a constant for each example: the gradient is the same
        ("counts_of_the_batch", 0),  # the batches are drawn from the same training set
        ("absent_as_one", 0),  # no class is absent here
        ("largest_of_all_classes", 0),  # the same
        ("overflow", 0),  # no logit is large here
    ],
)
def test_a_mistake_that_the_dynamics_do_not_show(holding, mistake, version):
    """A known limit: the exercise's check sees these."""
    assert judged(holding.ce, known("arb_losses", mistake, version)) == []


@pytest.mark.parametrize(
    ("mistake", "failing"),
    [
        ("not_turned", [PUSHED, STARTS]),
        ("swapped", [PUSHED]),
        ("total_as_repulsion", [PUSHED, STARTS]),
        ("given_not_received", [PUSHED]),
        ("means", [PUSHED, STARTS]),
        ("counts_only", [STARTS]),
        ("times_n", []),  # a factor of both columns
        ("absent_left_zero", []),  # no class is absent here
        ("by_sign", []),  # with both losses the sign goes with the label
    ],
)
def test_forces_that_are_split_wrongly(mistake, failing):
    forces = known("attraction_and_repulsion", mistake)
    found = attraction_balances(arb_losses, forces=forces, epochs=1)
    assert [part for part in (PUSHED, STARTS) if not found.holds[part]] == failing


def test_what_does_not_hold_is_said_in_three_lines(holding):
    own = replace(holding.ce, label="your loss")
    found = Balance("made up", holding.ce, own, {"your loss": (8.7, 0.35)})
    with pytest.raises(CheckFailed) as failure:
        found.check()
    first, why, advice = failure.value.lines
    assert first.startswith("✗ not shown that your loss starts in balance: with your loss the slop")
    assert why.startswith("Why: ")
    assert advice.startswith("Try: ")
    for part in found.parts:
        assert all(len(text) < 160 for text in (part.seen, part.why, part.advice))


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"seeds=\(3,\): an interval needs at least two"):
        attraction_balances(seeds=[3])
    with pytest.raises(ValueError, match=r"losses: must return one loss an example, \[331\], made"):
        attraction_balances(lambda z, y, n: F.cross_entropy(z, y), seeds=[0, 1], epochs=1)
    with pytest.raises(ValueError, match=r"forces: must return a tensor of shape \[10, 2\], gave"):
        attraction_balances(forces=lambda p, y: p.sum(0), seeds=[0, 1], epochs=1)

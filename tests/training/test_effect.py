"""The paper's effect at small scale, on problems where theory says what must happen."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import Dataset, load
from imbal_lab.instruments import Recording
from imbal_lab.methods import class_gradients, gd_step, pcngd_step
from imbal_lab.models import mlp
from imbal_lab.training import train

ROUNDING = 1e-10


def up_steps(recording):
    return (recording.loss.diff(dim=0) > ROUNDING).sum(dim=0).tolist()


@pytest.fixture(scope="module")
def overlap() -> Dataset:
    """Two Gaussians with overlap, 400 and 40 examples."""
    generator = torch.Generator().manual_seed(0)

    def blob(n, centre):
        noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return noise + torch.tensor([centre, 0.0], dtype=torch.float64)

    y, y_test = torch.arange(2).repeat_interleave(torch.tensor([400, 40])), torch.tensor([0, 1])
    x = torch.cat([blob(400, -0.7), blob(40, 0.7)])
    return Dataset("overlap", x, y, x[[0, -1]], y_test, ("common", "rare"))


def logistic_regression():
    """Untrained: all parameters zero, both losses log 2."""
    model = mlp([2, 2], seed=0).double()
    with torch.no_grad():
        for param in model.parameters():
            param.zero_()
    return model


def test_convex_gd_ends_with_the_minority_worse_than_untrained(overlap):
    run = Recording.of(train(overlap, logistic_regression(), gd_step, lr=1.0, steps=400))
    assert run.loss[0].tolist() == pytest.approx([math.log(2)] * 2)
    majority, minority = run.loss[-1].tolist()
    assert minority > 1.4
    assert majority < 0.15
    best = logistic_regression()  # the minimum of the mean loss, found by another optimizer
    optimizer = torch.optim.LBFGS(best.parameters(), max_iter=100, tolerance_grad=1e-10)

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(best(overlap.x), overlap.y)
        loss.backward()
        return loss

    optimizer.step(closure)
    losses = F.cross_entropy(best(overlap.x), overlap.y, reduction="none").detach()
    expected = [losses[overlap.y == c].mean().item() for c in (0, 1)]
    assert run.loss[-1].tolist() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("lr", "steps"), [(0.3, 100), (0.03, 400)])
def test_convex_pcngd_lowers_both_in_every_step_and_stops_where_they_disagree(overlap, lr, steps):
    run = Recording.of(train(overlap, logistic_regression(), pcngd_step, lr=lr, steps=steps))
    assert up_steps(run) == [0, 0]
    majority, minority = run.loss[-1].tolist()
    assert majority == pytest.approx(minority, abs=0.02)
    assert 0.4 < minority < 0.52
    assert run.cosine[-1, 0, 1].item() == pytest.approx(-1, abs=1e-6)  # Pareto-stationary


def first_step(dataset, seed, lr=1e-3):
    """Predicted and real change of the minority's loss in the first step of GD."""
    model = mlp([dataset.x.shape[1], 24, 24, 2], seed=seed).double()
    g0, g1 = class_gradients(model, dataset.x, dataset.y, 2)
    predicted = -(g1.norm() + g0.norm() * F.cosine_similarity(g0, g1, dim=0))
    run = Recording.of(train(dataset, model, gd_step, lr=lr, steps=1))
    return predicted.item(), (run.loss[1, 1] - run.loss[0, 1]).item()


def test_the_cosine_criterion_tells_whether_the_minority_rises():
    """It rises if and only if cos < -|g1|/|g0|; digits and blobs around the origin."""
    pairs = []
    for seed in range(6):
        digits = load("digits", classes=(3, 8), rho=10, n_test=24, seed=seed)
        centred = load("gauss2d_binary", rho=10, offset=0.0, n_max=150, n_test=5, seed=seed)
        pairs += [first_step(data.to(torch.float64), seed) for data in (digits, centred)]
    signs = [(predicted > 0, real > 0) for predicted, real in pairs]
    assert all(predicted == real for predicted, real in signs)
    assert set(signs) == {(True, True), (False, False)}


def test_two_blobs_over_seeds_gd_raises_the_minority_and_pcngd_never_does():
    for seed in range(8):
        data = load("gauss2d_binary", rho=10, n_max=150, n_test=5, seed=seed).to(torch.float64)
        runs = {}
        for step, lr in ((gd_step, 0.1), (pcngd_step, 0.01)):
            model = mlp([2, 24, 24, 2], seed=seed).double()
            runs[step] = Recording.of(train(data, model, step, lr=lr, steps=80))
        gd, pcngd = runs[gd_step], runs[pcngd_step]
        assert gd.loss[:, 1].max() > gd.loss[0, 1] + 1e-3
        assert up_steps(gd)[0] == 0  # theory: the longer gradient never loses
        assert up_steps(pcngd) == [0, 0]

"""The protocol of the ABSGD paper: its parts by other routes, and one claim measured."""

import math
import random
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims import Results, Verdict, measured
from imbal_lab.claims.absgd import (
    PAPER,
    convergence,
    cost,
    imbalance,
    noise,
    one_step,
    prior,
    setting,
    weighting,
)
from imbal_lab.claims.absgd.setting import Trained, Way
from imbal_lab.claims.absgd.together import Logits, Plan, cut, train_together
from imbal_lab.data import ShuffledBatches
from imbal_lab.methods import ABSGD, absgd_loss
from imbal_lab.models import mlp
from imbal_lab.training.interval import Interval


def claim(name):
    (found,) = [each for each in PAPER.claims if each.id == name]
    return found


@pytest.mark.parametrize("name", ["absgd-minimiser", "absgd-generalised-cross-entropy"])
def test_a_tiny_claim_is_measured(name):
    """What holds for every seed needs no more than two."""
    torch.manual_seed(0)
    before = torch.get_rng_state(), random.getstate()
    results = Results("", [0, 1], {name: measured(claim(name), [0, 1])})
    assert results.verdict(claim(name)) is Verdict.REPRODUCED
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert measured(claim(name), [0, 1]).values == results.claims[name].values


def test_every_measured_claim_can_fail():
    nothing = Interval(math.nan, math.nan, math.nan)
    for each in PAPER.claims:
        if each.measure:
            asked = (*each.reproduced, *each.early, *each.opposite)
            found = dict.fromkeys((condition.statistic for condition in asked), nothing)
            assert each.verdict(found) is Verdict.NOT_HERE


IMBALANCE = ("gain, epoch 12", "gain, epoch 25", "gain, epoch 40", "gain, epoch 12, minus balanced")


@pytest.mark.parametrize(
    ("early", "late", "verdict"),
    [
        (0.1, 0.1, Verdict.REPRODUCED),
        (0.1, 0.0, Verdict.EARLY),
        (0.0, 0.1, Verdict.NOT_HERE),
        (-0.1, -0.1, Verdict.OPPOSITE),
    ],
)
def test_verdicts_on_imbalance(early, late, verdict):
    found = dict.fromkeys(IMBALANCE, Interval(early, early - 0.01, early + 0.01))
    found["gain, epoch 200, step size 0.02"] = Interval(late, late - 0.01, late)
    if late > 0:
        found["gain, epoch 200, step size 0.02"] = Interval(late, late - 0.01, late + 0.01)
    assert claim("absgd-imbalance").verdict(found) is verdict


@pytest.mark.parametrize(
    ("gain", "control", "verdict"),
    [
        (0.1, -0.02, Verdict.REPRODUCED),
        (0.1, 0.1, Verdict.NOT_HERE),  # a gain with clean labels too is no robustness
        (-0.1, 0.0, Verdict.OPPOSITE),
    ],
)
def test_verdicts_on_label_noise(gain, control, verdict):
    found = {
        "gain, λ = -1": Interval(gain, gain - 0.01, gain + 0.01),
        "noise minus clean": Interval(gain - control, gain - control, gain - control),
    }
    assert claim("absgd-label-noise").verdict(found) is verdict


@pytest.fixture
def two():
    """Two small data sets of the same size, in double precision."""
    return [
        setting.data.load("gauss2d", rho=5, n_max=20, n_test=3, seed=s).to(torch.float64)
        for s in (0, 1)
    ]


def alone(dataset, seed, stages, plan):
    """The usual loop, with torch's own clipping; logits [C, m] of the test set."""
    model, criterion = mlp([2, 6, 4], seed=seed).double(), None
    optimizer = torch.optim.SGD(model.parameters(), plan.lr, plan.momentum)
    batches = ShuffledBatches(dataset.y, plan.batch, seed=seed)
    for epoch in range(plan.epochs):
        criterion = stages[epoch]() if epoch in stages else criterion
        for rows in batches:
            optimizer.zero_grad()
            criterion(model(dataset.x[rows]), dataset.y[rows]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
            optimizer.step()
    return model(dataset.x_test).T


def test_together_is_what_each_would_be_alone(two):
    """With a loss that changes on the way, a short last batch, and gradients that are cut."""
    plan = Plan(epochs=3, batch=16, lr=0.1, clip=0.3)
    stages = {0: lambda: ABSGD(math.inf), 1: lambda: ABSGD(0.5, gamma=0.3)}
    models = [mlp([2, 6, 4], seed=s).double() for s in (0, 1)]
    seen = train_together(two, models, stages, plan, seeds=[0, 1], watch=[2, 3])
    assert list(seen) == [2, 3]
    for k, dataset in enumerate(two):
        # clip_grad_norm_ divides by the length plus 1e-6
        torch.testing.assert_close(
            seen[3].test[k], alone(dataset, k, stages, plan), rtol=1e-4, atol=1e-4
        )
        plain = alone(dataset, k, {0: nn.CrossEntropyLoss}, plan)
        assert (seen[3].test[k] - plain).abs().max() > 0.01


def test_each_network_is_cut_by_its_own_length():
    params = [torch.zeros(2, 2, requires_grad=True), torch.zeros(2, 1, requires_grad=True)]
    params[0].grad = torch.tensor([[3.0, 0.0], [0.3, 0.0]])
    params[1].grad = torch.tensor([[4.0], [0.4]])
    cut(params, 1.0)
    assert torch.allclose(params[0].grad, torch.tensor([[0.6, 0.0], [0.3, 0.0]]))
    assert torch.allclose(params[1].grad, torch.tensor([[0.8], [0.4]]))


def test_recalls():
    logits = torch.tensor([[[1.0, 0, 0], [0, 1, 1]], [[0, 1, 1], [1, 0, 0.0]]])  # [K, C, n]
    found = setting.recalls(logits, torch.tensor([0, 0, 1]))
    assert found.tolist() == [[0.5, 1.0], [0.5, 0.0]]


def test_label_noise():
    clean = setting.dataset("even curves", 0)
    noisy = setting.with_noise(clean, 0.4, 0)
    wrong = noisy.y != clean.y
    assert wrong.double().mean().item() == pytest.approx(0.4, abs=0.03)  # 3.4 deviations
    assert ((noisy.y - clean.y)[wrong] % 10).unique().tolist() == list(range(1, 10))
    assert torch.equal(setting.with_noise(clean, 0.4, 0).y, noisy.y)
    assert not torch.equal(setting.with_noise(clean, 0.4, 1).y, noisy.y)
    after = setting.with_noise(clean, 0.4, 0, asymmetric=True).y
    assert ((after - clean.y)[after != clean.y] % 10).unique().tolist() == [1]
    assert torch.equal(setting.with_noise(clean, 0.0, 0).y, clean.y)


def test_controls_have_the_size_they_claim():
    sizes = {name: len(setting.dataset(name, 3).y) for name in ("digits", "digits, balanced")}
    assert sizes == {"digits": 305, "digits, balanced": 310}


def test_a_way_that_starts_late_begins_as_plain_sgd(monkeypatch):
    monkeypatch.setattr(setting, "WATCH", (1, 2))
    way = Way("digits", "digits", Plan(2, 64, 0.01), lam=0.5, start=1)
    own, plain = (setting.run(each, (0, 1)) for each in (way, way.but(lam=math.inf, start=0)))
    assert torch.equal(own.at[1].test, plain.at[1].test)
    assert not torch.equal(own.at[2].test, plain.at[2].test)
    assert torch.equal(setting.gain(way, 2, [0, 1]), own.accuracy(2) - plain.accuracy(2))
    assert own.losses(2).mean(dim=1).tolist() == pytest.approx(
        [F.cross_entropy(one.T, own.y[0]).item() for one in own.at[2].train], rel=1e-5
    )


@pytest.mark.parametrize("lam", [0.5, 3.0, -1.0])
def test_weights_are_those_of_the_loss(lam):
    losses = torch.tensor([0.0, 1.0, 2.0, 0.3], dtype=torch.float64, requires_grad=True)
    absgd_loss(losses, lam).backward()
    assert torch.allclose(setting.weights(losses.detach(), lam) / 4, losses.grad)


def test_shares_of_right_labels():
    """Losses 0 but for one of log 4: at lam = -1 its weight is a quarter of the others'."""
    p = torch.tensor([0.5, 0.5, 0.125])
    logits = torch.stack([p.log(), (1 - p).log()])[None]  # [1, C = 2, n]
    y, clean = torch.tensor([[0, 0, 0]]), torch.tensor([0, 0, 1])
    seen = Trained(y, clean, clean, {1: Logits(logits, logits)})
    share, ratio = noise.shares(seen, 1, -1.0)
    assert (share.item(), ratio.item()) == pytest.approx((8 / 9, 1 / 4))


def test_overfitting_is_of_both_classes_alike():
    logits = torch.tensor([[[1.0, 1, 1, 0], [0, 0, 0, 1]]])  # all right in training
    labels = torch.tensor([0, 0, 0, 1])
    test = torch.tensor([[[1.0, 1, 1, 1], [0, 0, 0, 0]]])  # the rare class never
    seen = Trained(labels[None], labels, labels, {1: Logits(test, test), 2: Logits(logits, test)})
    assert imbalance.overfitting(seen).tolist() == [0.5]


def test_rare_over_frequent():
    y = torch.arange(10).repeat_interleave(2)
    values = torch.where(y >= 7, 6.0, 2.0)[None]
    values[0, y == 5] = 1000.0  # in neither
    assert weighting.rare_over_frequent(values, y).tolist() == [3.0]


def test_variance_inside_classes():
    y = torch.tensor([0, 0, 1, 1])
    values = torch.tensor([[1.0, 1, 3, 3], [1, 3, 1, 3], [0, 2, 2, 4]])
    assert weighting.within_classes(values, y).tolist() == [0.0, 1.0, 0.5]


def test_the_minimiser_of_plain_cross_entropy_is_the_prior():
    p = prior.minimiser(torch.tensor([6, 3, 1]), 1e6)
    assert p.tolist() == pytest.approx([0.6, 0.3, 0.1], abs=1e-5)


def test_directions_part_where_q_is_another():
    losses = torch.tensor([0.1, 1.0, 3.0], dtype=torch.float64)
    own, other = prior.directions(losses, -1.0)
    assert torch.allclose(own, other)
    assert not torch.allclose(prior.directions(losses, -2.0)[1], other)
    assert torch.allclose(other, F.normalize((-losses).exp(), dim=0))  # of the absolute error


def test_slope_by_autograd_of_the_weights(two):
    data = two[0]
    w = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x, w = convergence.with_one(data.x), w.requires_grad_()
    losses = F.cross_entropy(x @ w.T, data.y, reduction="none")
    expected = 0.5 * (losses / 0.5).exp().mean().log()
    (grad,) = torch.autograd.grad(expected, w)
    logits = (x @ w.T).T.detach()
    assert convergence.objective(logits, data.y, 0.5).item() == pytest.approx(expected.item())
    torch.testing.assert_close(convergence.slope(logits, data, 0.5), grad)


def test_least_is_a_stationary_point_and_below_others():
    data, lowest = convergence.overlapping(0), convergence.least(0, 1.0)
    model = mlp([2, 4], seed=0)
    one_step.descend(model, data.x, data.y, lr=0.1, lam=1.0, steps=500)
    reached = convergence.objective(model(data.x).T.detach().double(), data.y, 1.0).item()
    assert lowest <= reached < lowest + 0.05


def test_mean_direction_of_one_batch_that_is_everything(monkeypatch):
    """Where all losses are equal nothing is random in the weights: the mean is the gradient."""
    monkeypatch.setattr(convergence, "DRAWN", 100)
    logits, y = torch.zeros(2, 4), torch.tensor([0, 0, 0, 1])
    found = convergence.mean_direction(logits, y, 1.0, 0.5, 8, seed=0)
    expected = (0.5 - F.one_hot(y).T) / 4
    assert (found - expected).abs().max() < 0.01  # 40,000 draws


def test_one_step_is_that_of_sgd():
    data = one_step.toy(0, 10, 5)
    model, expected = mlp([2, 2], seed=0), mlp([2, 2], seed=0)
    one_step.descend(model, data.x, data.y, lr=0.5, lam=math.inf, steps=1)
    loss = F.cross_entropy(expected(data.x), data.y)
    for p, g in zip(
        expected.parameters(), torch.autograd.grad(loss, list(expected.parameters())), strict=True
    ):
        p.data -= 0.5 * g
    assert torch.allclose(model[0].weight, expected[0].weight)
    assert torch.allclose(model[0].bias, expected[0].bias)


def test_backward_passes_are_counted():
    model = nn.Linear(2, 1)
    passes = cost.Passes(model)
    for times in (1, 2):
        model(torch.ones(1, 2)).sum().backward()
        assert passes.count == times
    model(torch.ones(1, 2))
    assert passes.count == 2


def test_learning_to_reweight_weighs_by_the_even_set():
    """An example whose gradient opposes that of the even set gets no weight."""
    model = nn.Linear(1, 2)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    even = torch.tensor([[1.0]]), torch.tensor([0])
    step = cost.learning_to_reweight(model, *even)
    step(torch.tensor([[1.0], [1.0]]), torch.tensor([0, 1]))  # the second label is wrong
    assert torch.allclose(model.weight, cost.LR * torch.tensor([[0.5], [-0.5]]))


def test_the_toy_with_an_even_set():
    data = one_step.toy(1, 100, 20)
    assert data.counts == (100, 20)
    start = one_step.started(data, 1)
    recall = one_step._recall(start, replace(data))
    assert recall[0] > recall[1]  # the line covers the majority

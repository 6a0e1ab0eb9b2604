"""The protocol of the dynamics paper: its parts by other routes, and one claim measured."""

import math
import random

import pytest
import torch
from scipy import stats
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims import Results, Verdict, measured
from imbal_lab.claims.censored import censored
from imbal_lab.claims.dynamics import (
    PAPER,
    delay,
    initial_drop,
    layers,
    mini_batches,
    noise,
    overlap,
    pcngd,
    setting,
)
from imbal_lab.instruments import Record
from imbal_lab.methods import class_gradients, projections


def claim(name):
    (found,) = [each for each in PAPER.claims if each.id == name]
    return found


@pytest.mark.parametrize("name", ["dynamics-first-order", "dynamics-batchnorm"])
def test_a_tiny_claim_is_measured(name):
    """A few seconds at most; two seeds are enough for what holds for every seed."""
    torch.manual_seed(0)
    before = torch.get_rng_state(), random.getstate()
    results = Results("", [0, 1], {name: measured(claim(name), [0, 1])})
    assert results.verdict(claim(name)) is Verdict.REPRODUCED
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert measured(claim(name), [0, 1]).values == results.claims[name].values


def test_counts():
    assert [setting.imbalanced(rho) for rho in (1, 10, 30)] == [(150, 150), (150, 15), (150, 5)]
    assert setting.balanced(10) == (82, 82)
    assert setting.digits(3, setting.balanced(50)).counts == (76, 76)


def test_slope_of_logarithms_is_that_of_scipy():
    x = [1, 3, 10, 30]
    y = torch.tensor([[2.0, 5.0, 9.0, 40.0], [3.0, 3.0, 3.0, 3.0]]).double()
    expected = stats.linregress([math.log(v) for v in x], y[0].log()).slope
    assert setting.log_slope(x, y).tolist() == pytest.approx([expected, 0], abs=1e-12)


def records(*losses):
    nothing = torch.zeros(2)
    for step, loss in enumerate(losses):
        yield Record(5 * step, torch.tensor(loss), nothing, nothing, nothing)


def test_time_to_learn_is_the_first_step_below_and_draws_no_more():
    drawn = records([0.1, 0.6], [0.1, 0.35], [0.1, 0.34], [0.1, 0.9], [0.1, 0.2])
    assert setting.time_to_learn(drawn) == 11  # the start is step 1
    assert next(drawn).step == 15
    assert setting.time_to_learn(records([0.1, 0.6]), rank=0) == 1
    assert math.isnan(setting.time_to_learn(records([0.1, 0.6])))


def test_runs_that_never_learn():
    times = torch.arange(1.0, 12.0)
    assert torch.equal(censored(times, 99), times)
    times[4] = math.nan  # one of eleven: counts as the end
    assert censored(times, 99).tolist() == [1, 2, 3, 4, 99, 6, 7, 8, 9, 10, 11]
    assert censored(times[:10], 99).isnan().all()  # one of ten is too many


def test_rise_and_up_steps():
    run = setting.run("GD", 0, setting.imbalanced(10), 20)
    minority = run.loss[:, 1].tolist()
    assert setting.rise(run) == max(minority) - minority[0] > 0.05
    ups = sum(b > a for c in (0, 1) for a, b in zip(run.loss[:-1, c], run.loss[1:, c], strict=True))
    assert setting.up_share(run) == pytest.approx(ups.item() / 40)


def test_the_criterion_is_the_one_of_two_classes():
    """g_1 . grad f < 0 if and only if cos(g_0, g_1) < -|g_1| / |g_0|."""
    for data in (setting.digits(4, (150, 15)), setting.blobs(4, 0.0)):
        model = setting.network(data, 4, 24, 24)
        g0, g1 = class_gradients(model, data.x, data.y, 2)
        cosine = F.cosine_similarity(g0, g1, dim=0)
        rises = initial_drop._descent(model, data)[1] < 0
        assert rises == (cosine < -g1.norm() / g0.norm())


def test_virtual_imbalance_is_the_class_weighted_loss():
    """Three steps of GD, with torch's weighted cross-entropy and SGD."""
    losses = delay._weighted("GD", 10, 3)
    data = setting.digits(3, (100, 100))
    model = setting.network(data, 3, 24, 24)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    weight = torch.tensor([10 / 11, 1 / 11], dtype=torch.float64)
    for t in range(4):
        each = F.cross_entropy(model(data.x), data.y, reduction="none")
        assert each[data.y == 1].mean().item() == pytest.approx(losses[t], abs=1e-12)
        optimizer.zero_grad()
        F.cross_entropy(model(data.x), data.y, weight).backward()  # its mean: sum(w l) / sum(w)
        optimizer.step()
    assert losses[-1] < setting.LEARNT <= min(losses[:-1])


def test_smoothness_bounds_the_curvature_of_the_loss():
    data = overlap.overlapping(1)

    def loss(params):
        logits = data.x @ params[:4].reshape(2, 2).T + params[4:]
        return F.cross_entropy(logits, data.y)

    for scale in (0.0, 0.3, 3.0):
        point = scale * torch.sin(torch.arange(6, dtype=torch.float64))
        curvature = torch.autograd.functional.hessian(loss, point)
        assert torch.linalg.eigvalsh(curvature).max() <= overlap.smoothness(data) + 1e-12
    at_zero = torch.linalg.eigvalsh(
        torch.autograd.functional.hessian(loss, torch.zeros(6, dtype=torch.float64))
    )
    assert at_zero.max() == pytest.approx(overlap.smoothness(data))  # and is reached


def test_the_uphill_share_by_the_directions_themselves():
    data = setting.load("gauss2d", rho=10, n_max=50, n_test=5).to(torch.float64)
    model = setting.network(data, 0)
    (start,) = setting.train(data, model, setting.STEPS["PCNGD"], lr=0.1, steps=0)
    grads = class_gradients(model, data.x, data.y, 4)
    unit = grads / grads.norm(dim=1, keepdim=True)
    expected = sum((row @ unit.sum(dim=0)).item() < 0 for row in unit) / 4
    assert pcngd._uphill(setting.Recording.of([start])) == expected


def test_natural_batches_and_oversampled_ones():
    sizes = {}
    for rho, batch in noise.BATCH.items():
        y = setting.digits(0, setting.imbalanced(rho)).y
        sizes[rho] = [noise.ClassBatches(y, batch, oversample=o).sizes for o in (False, True)]
    assert sizes == {
        1: [(12, 12), (12, 12)],
        5: [(20, 4), (12, 12)],
        10: [(20, 2), (11, 11)],
        25: [(50, 2), (26, 26)],
    }


def test_a_batch_of_everything_has_no_noise():
    p = noise._mean_projections(0, 10, 10, lambda data: [torch.arange(len(data.y))])
    assert p.tolist() == pytest.approx([1, 1])


def test_weights_scale_gradients_and_no_more():
    data, model, full = noise._at(0, 10, 10)
    weights = torch.tensor([0.2, 3.0], dtype=torch.float64)
    found = noise._class_weighted(weights)(model, data.x, data.y, 2)
    torch.testing.assert_close(found, weights[:, None] * full)
    assert projections(found, full).tolist() == pytest.approx([1, 1])


def test_lag_is_log2_of_the_times(monkeypatch):
    tables = {0: [[0.7, 0.7], [0.3, 0.7], [0.3, 0.7], [0.3, 0.7], [0.3, 0.3]]}
    tables[1] = [[0.7, 0.7], [0.5, 0.9], [0.2, 0.2]]
    monkeypatch.setattr(mini_batches, "_losses", lambda name, s, rho: torch.tensor(tables[s]))
    assert mini_batches._times("SGD", [0, 1], 10).tolist() == [[2, 3], [5, 3]]
    assert mini_batches._lag("SGD", [0, 1], 10).tolist() == pytest.approx([math.log2(5 / 2), 0])
    assert mini_batches._rise("SGD", 1, 10) == pytest.approx(0.2)


def test_a_class_that_is_learnt_at_the_start_has_a_lag(monkeypatch):
    losses = torch.tensor([[0.3, 0.7], [0.3, 0.7], [0.3, 0.7], [0.3, 0.3]])
    monkeypatch.setattr(mini_batches, "_losses", lambda name, s, rho: losses)
    assert mini_batches._lag("SGD", [0, 1], 10).tolist() == [2, 2]


def test_a_run_ends_when_both_classes_are_learnt():
    part = mini_batches._losses("SGD+O", 0, 10)
    learnt = part < setting.LEARNT
    assert learnt.any(dim=0).all()
    assert not learnt[:-1].any(dim=0).all()


def test_the_held_mask_is_one_for_all_and_a_fresh_one_is_not():
    x = torch.ones(50, 24, dtype=torch.float64)
    held, fresh = layers.Dropout(0, held=True), layers.Dropout(0, held=False)
    held.mask = held.draw(torch.Size([1, 24]))
    assert torch.equal(held(x), held(x))
    assert (held(x) == held(x)[0]).all()
    assert not torch.equal(fresh(x), fresh(x))
    assert set(fresh(x).unique().tolist()) == {0, 1.25}
    assert fresh(x).mean().item() == pytest.approx(1, abs=0.1)
    assert torch.equal(fresh.eval()(x), x)

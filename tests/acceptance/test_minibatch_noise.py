from dataclasses import replace
from itertools import cycle, islice

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.minibatch_noise import SIZES, MinibatchNoise, minibatch_noise
from imbal_lab.checks import CheckFailed
from imbal_lab.data import ClassBatches, load
from imbal_lab.methods import projections, rescaled_step, sampling_weights
from imbal_lab.models import mlp
from imbal_lab.training import batch_noise
from imbal_lab.training.arrival import arrivals
from imbal_lab.training.interval import Interval

SEEDS = range(4)


@pytest.fixture(scope="module")
def found() -> MinibatchNoise:
    return minibatch_noise(seeds=SEEDS)


def class_gradient(model, x, y, c):
    loss = F.cross_entropy(model(x), y, reduction="none")[y == c].sum() / len(y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])


def digits_and_network(seed):
    data = load("digits", classes=(3, 8), n_max=150, n_test=24, rho=10, seed=seed)
    return data.to(torch.float64), mlp([64, 24, 24, 2], seed=seed).double()


def walk(data, model, batches, steps, lr=0.01):
    """Class means of the loss, step by step, with normalised class gradients of ``batches``."""
    params, losses = list(model.parameters()), []
    for rows in islice(batches, steps):
        each = F.cross_entropy(model(data.x), data.y, reduction="none")
        losses.append([each[data.y == c].mean().item() for c in (0, 1)])
        x, y = data.x[rows], data.y[rows]
        way = sum(F.normalize(class_gradient(model, x, y, c), dim=0) for c in (0, 1))
        sizes = [p.numel() for p in params]
        with torch.no_grad():
            for p, piece in zip(params, way.split(sizes), strict=True):
                p -= lr * piece.view_as(p)
    return torch.tensor(losses)


def endless(batches):
    while True:
        yield from batches


def test_the_lag_of_pcnsgd_as_by_hand(found):
    """Seed 2, with autograd and nothing of the library's loop or methods."""
    data, model = digits_and_network(2)
    losses = walk(data, model, endless(ClassBatches(data.y, 22, seed=2)), 151)
    torch.testing.assert_close(found.plain.loss[2], losses.double(), rtol=1e-5, atol=1e-8)
    first = [int((losses[:, c] < 0.35).nonzero()[0]) + 1 for c in (0, 1)]
    assert found.plain.times[2].tolist() == first
    assert found.plain.lag[2].item() == pytest.approx(torch.tensor(first[1] / first[0]).log2())


def test_the_projections_as_by_hand(found):
    """Seed 1, after 30 steps in full batches; the mean over 40 batches."""
    data, model = digits_and_network(1)
    walk(data, model, cycle([torch.arange(len(data.y))]), 30)
    full = [class_gradient(model, data.x, data.y, c) for c in (0, 1)]
    p = torch.zeros(2, dtype=torch.float64)
    for rows in islice(endless(ClassBatches(data.y, 22, seed=1)), 40):
        for c in (0, 1):
            g = class_gradient(model, data.x[rows], data.y[rows], c)
            p[c] += F.cosine_similarity(g, full[c], dim=0) / 40
    torch.testing.assert_close(found.noise.natural[1], p, rtol=1e-8, atol=0)


def test_it_holds_with_the_library(found):
    assert all(found.holds.values())
    assert found.check() is None
    lines = str(found).splitlines()
    assert lines[0].startswith("digits 3 and 8, rho = 10, batches of 22, 4 seeds, 150 steps")
    plain = next(line for line in lines if line.startswith("PCNSGD "))
    assert str(Interval.of(found.plain.lag)) in plain
    assert [line[0] for line in lines[-9:]] == ["✓"] * 9


def test_what_lesson_03_says_beside_the_table(found):
    """No rise with PCNSGD; the lag of the repairs at most that of balanced data; late noise."""
    assert not found.plain.rise.any()
    for repaired in (found.rescaled, found.oversampled):
        assert repaired.lag.mean() < found.balanced.lag.mean()
    assert (found.noise.late[:, 0] < found.noise.late[:, 1]).all()
    torch.testing.assert_close(found.noise.weighted, found.noise.natural, rtol=1e-9, atol=0)
    assert found.sgd.times[:, 1].max() < found.plain.times[:, 1].min()  # but the lag is longer
    assert found.sgd.lag.min() > found.plain.lag.max()


def test_eleven_different_eights_aim_better_than_eleven_that_are_drawn(points):
    """Why the measurement with dealt batches has another sign at step 30 than the table."""
    for seed, point in zip(SEEDS, points, strict=True):
        dealt = ClassBatches(point.data.y, 22, oversample=True, seed=seed)
        drawn = point.with_replacement(11, seed)
        p, q = (point.projections(batches, projections).mean(dim=0) for batches in (dealt, drawn))
        assert p[1] > q[1] + 0.02
        assert p[1] > p[0]


def draw_with(weights):
    def draw(y, seed):
        generator = torch.Generator().manual_seed(seed)
        while True:
            yield torch.multinomial(weights(y), 22, replacement=True, generator=generator)

    return draw


@pytest.fixture(scope="module")
def points():
    return [batch_noise.Point.after(30, seed) for seed in SEEDS]


def with_projections(found, points, measure):
    """The finding, with the noise measured by another function, in a quarter of the batches."""
    columns = []
    for seed, point in zip(SEEDS, points, strict=True):
        natural = point.projections(ClassBatches(point.data.y, 22, seed=seed), measure)
        weighted = point.projections(
            ClassBatches(point.data.y, 22, seed=seed),
            measure,
            batch_noise.class_weighted_gradients,
        )
        sizes = [point.projections(point.with_replacement(n, seed), measure) for n in SIZES]
        columns.append(
            (
                natural.mean(dim=0),
                weighted.mean(dim=0),
                torch.stack(sizes).mean(dim=1),
                (weighted - natural).abs().max(),
            )
        )
    natural, weighted, sizes, change = (torch.stack(part) for part in zip(*columns, strict=True))
    noise = replace(found.noise, natural=natural, weighted=weighted, sizes=sizes, change=change)
    return replace(found, noise=noise)


def lines_of(finding, part):
    with pytest.raises(CheckFailed) as failure:
        finding.check()
    first, why, advice = failure.value.lines
    assert first.startswith(f"✗ not shown that {part}")
    assert why.startswith("Why: ")
    assert advice.startswith("Try: ")
    assert all(len(line) < 160 for line in failure.value.lines)
    return failure.value.lines


NOISIER = "the rare class's direction is the noisier one"
LAW = "its noise falls as one over the number of its examples"
WEIGHTS = "class weights leave p as it is"


def dot_products(grads, full):
    return (grads * full).sum(1)


def one_length(grads, full):
    return (grads * F.normalize(full, dim=1)).sum(1)


def with_the_total(grads, full):
    return F.cosine_similarity(grads, full.sum(0)[None], dim=1)


def angle(grads, full):
    return torch.acos(projections(grads, full))


def distance(grads, full):
    return 1 - projections(grads, full)


def squared(grads, full):
    return projections(grads, full) ** 2


def common_length(grads, full):
    return (grads / grads.norm() * full / full.norm()).sum(1)


def mean_of_products(grads, full):
    return projections(grads, full) / grads.shape[1]


def guarded(grads, full):
    return (grads * full).sum(1) / (grads.norm(dim=1) * full.norm(dim=1) + 1e-3)


@pytest.mark.parametrize(
    ("measure", "part"),
    [
        (dot_products, LAW),
        (one_length, LAW),
        (with_the_total, LAW),
        (angle, NOISIER),
        (distance, NOISIER),
        (squared, LAW),
        (common_length, LAW),
        (mean_of_products, NOISIER),
        (guarded, WEIGHTS),
    ],
)
def test_a_wrong_noise_meter_fails(measure, part, found, points):
    lines_of(with_projections(found, points, measure), part)


def absolute(grads, full):
    return projections(grads, full).abs()


def cut_at_zero(grads, full):
    return projections(grads, full).clamp_min(0)


@pytest.mark.parametrize("measure", [absolute, cut_at_zero])
def test_a_lost_sign_is_not_seen_here(measure, found, points):
    """A known limit, as are classes without a gradient: neither comes up in these batches."""
    with_projections(found, points, measure).check()


def trained_with(found, step):
    own = arrivals(
        "your rescaled step",
        step,
        lambda y, seed: ClassBatches(y, 22, seed=seed),
        SEEDS,
        150,
        full_gradients=True,
    )
    return replace(found, rescaled=own)


def along(stretch):
    def step(params, grads, full_grads, lr):
        p = projections(grads, full_grads)
        return params - lr * stretch(p) @ F.normalize(grads, dim=1)

    return step


def not_normalised(params, grads, full_grads, lr):
    p = projections(grads, full_grads).clamp_min(0.05)
    return params - lr * (grads / p[:, None]).sum(0)


def uphill(params, grads, full_grads, lr):
    return rescaled_step(params, grads, full_grads, -lr)


def no_step_size(params, grads, full_grads, lr):
    return rescaled_step(params, grads, full_grads, 1.0)


def stands_still(params, grads, full_grads, lr):
    return params


LEARNS = "your rescaled step learns both classes"
CLOSER = "your rescaled step brings the classes closer together"


@pytest.mark.parametrize(
    ("step", "part"),
    [
        (along(torch.ones_like), CLOSER),
        (along(lambda p: p.clamp_min(0.05)), LEARNS),
        (along(lambda p: 1 / p.mean().expand_as(p)), CLOSER),
        (not_normalised, LEARNS),
        (uphill, LEARNS),
        (no_step_size, CLOSER),
        (stands_still, LEARNS),
    ],
    ids=["plain", "multiplied", "one_p", "not_normalised", "uphill", "no_step_size", "still"],
)
def test_a_wrong_step_fails(step, part, found):
    lines_of(trained_with(found, step), part)


@pytest.mark.parametrize(
    "step",
    [
        along(lambda p: p.clamp_min(0.05).prod() / p.clamp_min(0.05)),
        along(lambda p: 1 / (p + 0.05)),
        along(lambda p: 1 / p.abs().clamp_min(0.05)),
    ],
    ids=["product_form", "floor_added", "absolute"],
)
def test_a_mistake_that_keeps_the_dynamics_is_not_seen_here(step, found):
    """A known limit, as are another floor or none, a mean over two classes and full-batch
    directions. The exercise's check sees them."""
    trained_with(found, step).check()


EVEN = "your oversampling makes both directions equally noisy"


def uniform(y):
    return torch.ones(len(y))


def by_root(y):
    return sampling_weights(y).sqrt()


def by_square(y):
    return sampling_weights(y) ** 2


def by_share(y):
    return 1 / sampling_weights(y)


@pytest.mark.parametrize("weights", [uniform, by_root, by_square, by_share])
def test_wrong_weights_fail(weights, found, points):
    draw = draw_with(weights)
    p = [
        point.projections(draw(point.data.y, seed), projections).mean(dim=0)
        for seed, point in zip(SEEDS, points, strict=True)
    ]
    own = replace(found.oversampled, label="your oversampling")
    noise = replace(found.noise, oversampled=torch.stack(p))
    lines_of(replace(found, noise=noise, oversampled=own), EVEN)


def scaled(y):
    return len(y) * sampling_weights(y)


def test_the_scale_of_the_weights_is_not_seen_here(points):
    """A known limit: a sampler needs the ratios alone, and here the classes are two."""
    first = next(draw_with(scaled)(points[0].data.y, 0))
    assert torch.equal(first, next(draw_with(sampling_weights)(points[0].data.y, 0)))


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"projections": lambda g, f: torch.eye(2)}, r"projections: must return one number a cl"),
        ({"projections": lambda g, f: None}, "gave NoneType"),
        ({"rescaled_step": lambda p, g, f, lr: g}, "step: must return a tensor of shape"),
        ({"sampling_weights": lambda y: torch.ones(2)}, r"sampling_weights: must return .*\[2\]"),
        ({"sampling_weights": lambda y: [1.0]}, "gave list"),
    ],
)
def test_errors_name_the_function(functions, message):
    with pytest.raises(ValueError, match=message):
        minibatch_noise(**functions, seeds=[0, 1], steps=1)


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match=r"seeds=\(3,\): an interval needs at least two"):
        minibatch_noise(seeds=[3])


def test_the_picture(found):
    made = found.figure()
    titles = [ax.get_title(loc="left") for ax in made.axes]
    assert titles[0] == "Projection p, by the class's examples in a batch"
    assert [title.partition(":")[0] for title in titles[1:]] == ["PCNSGD", "PCNSGD+R", "PCNSGD+O"]
    threes, eights = (line.get_ydata() for line in made.axes[0].lines[:2])
    assert list(eights) == pytest.approx(found.noise.sizes[:, :, 1].mean(dim=0).tolist())
    assert (eights < threes).all()

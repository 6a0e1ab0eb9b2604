"""PCNSGD in mini-batches with torch's own optimizers, and PCNSGD+R."""

import copy
import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.data import ClassBatches, load
from imbal_lab.methods import (
    class_gradients,
    get,
    pcngd_step,
    product_step,
    rescaled_step,
    unit_directions,
)
from imbal_lab.models import mlp

STEPS = (rescaled_step, product_step)


@pytest.fixture
def gradients(model, batch):
    """Class gradients of a part of the batch, and of all of it."""
    x, y = batch
    return class_gradients(model, x[:6], y[:6], 3), class_gradients(model, x, y, 3)


def advance(step, grads, full_grads, **options):
    """[C] how far each class's own part of a step of length 1 goes along its full gradient."""
    parts = []
    for c in range(len(grads)):
        only, full = torch.zeros_like(grads), full_grads
        only[c] = grads[c]
        moved = -step(torch.zeros_like(grads[0]), only, full, 1.0, **options)
        parts.append(torch.dot(moved, full[c]) / full[c].norm())
    return torch.stack(parts)


def test_every_class_advances_by_lr(gradients):
    ones = torch.ones(3, dtype=torch.float64)
    torch.testing.assert_close(advance(rescaled_step, *gradients), ones, rtol=1e-12, atol=0)


def test_in_product_form_every_class_advances_by_the_product(gradients):
    grads, full = gradients
    p = F.cosine_similarity(grads, full, dim=1)
    assert 0 < p.min() < 0.99
    params = torch.arange(len(grads[0]), dtype=torch.float64)
    moved = params - product_step(params, grads, full, 0.1)
    expected = 0.1 * sum(p.prod() / p[c] * grads[c] / grads[c].norm() for c in range(3))
    torch.testing.assert_close(moved, expected, rtol=1e-10, atol=1e-14)
    one = params - rescaled_step(params, grads, full, 0.1)
    torch.testing.assert_close(one * p.prod(), moved, rtol=1e-10, atol=1e-14)


def multiplied_by_p(params, grads, full_grads, lr):
    p = F.cosine_similarity(grads, full_grads, dim=1)
    return params - lr * (p[:, None] * unit_directions(grads)).sum(dim=0)


def test_multiplying_by_p_would_be_seen(gradients):
    """The mistake of the wrong direction: rare classes would be held back even more."""
    advanced = advance(multiplied_by_p, *gradients)
    assert (advanced.max() - advanced.min()) > 0.05


@pytest.mark.parametrize("step", STEPS)
def test_with_the_whole_set_as_the_batch_it_is_pcngd(step, model, batch, params_of):
    grads, params = class_gradients(model, *batch, 3), params_of(model)
    expected = pcngd_step(params, grads, 0.3)
    torch.testing.assert_close(step(params, grads, grads, 0.3), expected, rtol=0, atol=1e-14)
    # and a batch sampler whose batch is everything does the same
    x, y = batch
    (rows,) = ClassBatches(y, len(y))
    again = class_gradients(model, x[rows], y[rows], 3)
    torch.testing.assert_close(step(params, again, grads, 0.3), expected, rtol=0, atol=1e-14)


def test_by_hand_with_the_floor():
    grads = torch.tensor([[3.0, 4.0], [0.0, -2.0], [1.0, 0.0]])
    full = torch.tensor([[1.0, 0.0], [0.0, 5.0], [0.0, 1.0]])  # p = 0.6, -1, 0
    params = torch.tensor([1.0, 1.0])
    moved = rescaled_step(params, grads, full, 0.1, floor=0.5)
    # 0.1 [ (0.6, 0.8) / 0.6 + (0, -1) / 0.5 + (1, 0) / 0.5 ]
    torch.testing.assert_close(moved, torch.tensor([1 - 0.3, 1 + 0.2 - 0.4 / 3]))
    product = product_step(params, grads, full, 0.1, floor=0.5)
    torch.testing.assert_close(product, params + 0.15 * (moved - params))
    assert params.tolist() == [1.0, 1.0]


def test_a_batch_that_points_the_wrong_way_keeps_its_sign_and_is_bounded():
    """p = -0.01: dividing by it would go 100 times as far, and the other way."""
    angle = math.acos(-0.01)
    grads = torch.tensor([[math.cos(angle), math.sin(angle)], [0.0, 1.0]], dtype=torch.float64)
    full = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    origin = torch.zeros(2, dtype=torch.float64)
    moved = -rescaled_step(origin, grads, full, 1.0)
    torch.testing.assert_close(moved, 20 * grads[0] + grads[1])
    assert -product_step(origin, grads, full, 1.0) @ grads[1] > 0


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("zero_in", ["batch", "full", "both"])
def test_a_class_without_gradient_leaves_the_others_alone(step, zero_in, gradients):
    grads, full = (g.clone() for g in gradients)
    if zero_in != "full":
        grads[1] = 0
    if zero_in != "batch":
        full[1] = 0
    origin = torch.zeros_like(grads[0])
    others = step(origin, grads[[0, 2]], full[[0, 2]], 1.0)
    lone = unit_directions(grads)[1]
    if step is product_step:
        p = F.cosine_similarity(grads[[0, 2]], full[[0, 2]], dim=1)
        lone = lone * p.prod()
    torch.testing.assert_close(step(origin, grads, full, 1.0), others - lone)


@pytest.mark.parametrize(("length", "furthest"), [(1e-12, 1), (1e-18, 1), (1e-21, 20), (1e-30, 20)])
def test_a_gradient_that_underflows_does_not_throw_the_parameters_away(length, furthest):
    """In single precision squares vanish below 1e-19, long before the entries do."""
    grads = torch.tensor([[0.6, 0.8], [0.0, 1.0]]) * torch.tensor([[length], [1.0]])
    moved = -rescaled_step(torch.zeros(2), grads, grads, 1.0) - torch.tensor([0.0, 1.0])
    assert moved.norm() <= furthest * (1 + 1e-6)
    if furthest == 1:
        torch.testing.assert_close(moved, torch.tensor([0.6, 0.8]))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("floor", [0, -0.1, 1.5, math.nan])
def test_a_floor_out_of_range(step, floor, gradients):
    with pytest.raises(ValueError, match=r"floor=.* is in \(0, 1\]"):
        step(torch.zeros_like(gradients[0][0]), *gradients, 0.1, floor=floor)


@pytest.fixture(scope="module")
def data():
    return load("gauss2d", rho=10, n_max=40, n_test=2).to(torch.float64)


def fresh():
    return mlp([2, 6, 4], seed=3).double()


def flat(model):
    return parameters_to_vector(model.parameters()).detach().clone()


def torch_run(data, optimizer_of, epochs=2, scheduler_of=None):
    """The usual loop, with what the registry builds."""
    model = fresh()
    criterion = get("pcnsgd").criterion(model, data.counts)
    optimizer = optimizer_of(model)
    scheduler = scheduler_of(optimizer) if scheduler_of else None
    batches = ClassBatches(data.y, 20, seed=1)
    for _ in range(epochs):
        for rows in batches:
            optimizer.zero_grad()
            criterion(model(data.x[rows]), data.y[rows]).backward()
            optimizer.step()
        if scheduler:
            scheduler.step()
    return flat(model)


def by_formula(data, lr, momentum=0.0, decay=0.0, epochs=2, lr_factor=1.0):
    """The same with explicit class gradients: u = momentum u + v + decay theta."""
    model, u = fresh(), 0.0
    batches = ClassBatches(data.y, 20, seed=1)
    for epoch in range(epochs):
        for rows in batches:
            theta = flat(model)
            g = class_gradients(model, data.x[rows], data.y[rows], 4)
            v = sum(each / each.norm() for each in g)
            u = momentum * u + v + decay * theta
            vector_to_parameters(theta - lr * lr_factor**epoch * u, model.parameters())
    return flat(model)


@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.0, 0.1), (0.9, 0.1)])
def test_momentum_averages_the_direction_and_decay_is_added_to_it(momentum, decay, data):
    def sgd(model):
        return torch.optim.SGD(model.parameters(), 0.02, momentum=momentum, weight_decay=decay)

    expected = by_formula(data, 0.02, momentum, decay)
    torch.testing.assert_close(torch_run(data, sgd), expected, rtol=0, atol=1e-12)
    if momentum or decay:
        assert (by_formula(data, 0.02) - expected).abs().max() > 1e-3


def test_decay_inside_each_class_gradient_would_be_another_method(data):
    """The mistake: one decay a class before normalising, C copies of it afterwards."""
    model, rows = fresh(), next(iter(ClassBatches(data.y, 20)))
    theta, g = flat(model), class_gradients(model, data.x[rows], data.y[rows], 4)
    right = unit_directions(g).sum(dim=0) + 0.1 * theta
    wrong = unit_directions(g + 0.1 * theta).sum(dim=0)
    assert F.cosine_similarity(right, wrong, dim=0) < 0.99


def test_a_scheduler_of_torch(data):
    def sgd(model):
        return torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)

    def halve(optimizer):
        return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)

    expected = by_formula(data, 0.05, momentum=0.9, epochs=3, lr_factor=0.5)
    found = torch_run(data, sgd, epochs=3, scheduler_of=halve)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_param_groups_have_their_own_step_size_but_one_norm(data):
    """Freezing a layer with lr = 0 must not change the length of the others' step."""

    def sgd(model):
        first, *rest = model.parameters()
        return torch.optim.SGD([{"params": [first], "lr": 0.0}, {"params": rest}], lr=0.02)

    one_step = ClassBatches(data.y, len(data.y), seed=1)
    model = fresh()
    criterion, optimizer = get("pcnsgd").criterion(model, data.counts), sgd(model)
    (rows,) = one_step
    criterion(model(data.x[rows]), data.y[rows]).backward()
    before = flat(model)
    optimizer.step()
    moved = (before - flat(model)) / 0.02
    v = unit_directions(class_gradients(fresh(), data.x, data.y, 4)).sum(dim=0)
    size = next(fresh().parameters()).numel()
    assert not moved[:size].any()
    torch.testing.assert_close(moved[size:], v[size:], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("stop", [3, 9])
def test_saved_and_restored_in_the_middle_it_is_the_same_run(stop, data):
    def start():
        model = fresh()
        return (
            model,
            get("pcnsgd").criterion(model, data.counts),
            torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-3),
        )

    def steps(model, criterion, optimizer, epochs):
        for _ in range(epochs):
            for rows in batches:
                optimizer.zero_grad()
                criterion(model(data.x[rows]), data.y[rows]).backward()
                optimizer.step()

    model, criterion, optimizer = start()
    batches = ClassBatches(data.y, 20, seed=1)
    steps(model, criterion, optimizer, epochs=stop)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict(), batches.epoch))
    steps(model, criterion, optimizer, epochs=2)
    again, criterion_again, optimizer_again = start()
    again.load_state_dict(saved[0])
    optimizer_again.load_state_dict(saved[1])
    batches = ClassBatches(data.y, 20, seed=1)
    batches.epoch = saved[2]
    steps(again, criterion_again, optimizer_again, epochs=2)
    assert torch.equal(flat(again), flat(model))
    assert not torch.equal(flat(again), flat(fresh()))

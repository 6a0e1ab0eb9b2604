"""The properties of PCNGD that follow from its formula, each by its own route."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import (
    class_gradients,
    gd_step,
    normalized,
    pcngd_step,
    unit_directions,
)


@pytest.fixture
def grads(model, batch):
    return class_gradients(model, *batch, 3)


def pull(grads):
    """sum_l g_l / ||g_l|| [P]: a step of length 1 from the origin, turned round."""
    return -pcngd_step(torch.zeros_like(grads[0]), grads, 1.0)


def test_by_hand():
    params, grads = torch.tensor([1.0, 1.0]), torch.tensor([[3.0, 4.0], [0.0, 0.01]])
    torch.testing.assert_close(pcngd_step(params, grads, 0.5), torch.tensor([0.7, 0.1]))
    assert params.tolist() == [1.0, 1.0]
    assert grads[0].tolist() == [3.0, 4.0]


def test_repeating_a_class_changes_nothing(model, batch, grads):
    x, y = batch
    rare = y == 2
    more_x, more_y = torch.cat([x, *[x[rare]] * 4]), torch.cat([y, *[y[rare]] * 4])
    repeated = class_gradients(model, more_x, more_y, 3)
    torch.testing.assert_close(pull(repeated), pull(grads), rtol=1e-12, atol=1e-14)
    assert (gd_step(grads[0], repeated, 1) - gd_step(grads[0], grads, 1)).abs().max() > 1e-3


@pytest.mark.parametrize("factor", [1e-4, 1e6])
def test_scaling_a_class_changes_nothing(grads, factor):
    scaled = grads * torch.tensor([1.0, factor, 1.0], dtype=grads.dtype)[:, None]
    torch.testing.assert_close(pull(scaled), pull(grads), rtol=1e-12, atol=1e-14)


def test_a_single_class_makes_steps_of_length_lr(model, batch, params_of):
    x, y = batch
    grads = class_gradients(model, x[y == 1], y[y == 1], 3)
    params = params_of(model)
    moved = params - pcngd_step(params, grads, 0.02)
    assert moved.norm().item() == pytest.approx(0.02, rel=1e-12)
    assert F.cosine_similarity(moved, grads[1], dim=0).item() == pytest.approx(1)


def test_a_batch_of_one_steps_along_its_own_gradient(model, batch):
    x, y = batch
    grads = class_gradients(model, x[:1], y[:1], 3)
    torch.testing.assert_close(pull(grads), grads[0] / grads[0].norm())


def test_squared_length_is_the_sum_of_all_cosines(grads):
    cosine = F.cosine_similarity(grads[:, None], grads[None], dim=2)
    assert pull(grads).square().sum().item() == pytest.approx(cosine.sum().item(), rel=1e-12)
    along = torch.stack([torch.dot(g, pull(grads)) / g.norm() for g in grads])
    torch.testing.assert_close(along, cosine.sum(dim=1), rtol=1e-12, atol=1e-14)


def test_first_order_law(model, batch, grads, class_losses, params_of, moved):
    """A step of 1e-6 lowers each class's loss by lr ||g_l|| sum_j cos(l, j)."""
    lr, params = 1e-6, params_of(model)
    before = class_losses(model, *batch, 3)
    after = class_losses(moved(model, pcngd_step(params, grads, lr)), *batch, 3)
    cosine = F.cosine_similarity(grads[:, None], grads[None], dim=2)
    predicted = lr * grads.norm(dim=1) * cosine.sum(dim=1)
    torch.testing.assert_close(before - after, predicted, rtol=1e-3, atol=0)


def test_the_order_of_classes_plays_no_part(grads):
    torch.testing.assert_close(pull(grads[[2, 0, 1]]), pull(grads))


def test_exactly_opposite_classes_stay_where_they_are():
    g = torch.tensor([0.6, -0.3, 2.0], dtype=torch.float64)
    params = torch.arange(3.0, dtype=torch.float64)
    for other in (-g, -1e-3 * g):
        step = pcngd_step(params, torch.stack([g, other]), 0.5)
        torch.testing.assert_close(step, params, rtol=0, atol=1e-15)


def test_three_classes_two_can_outvote_one():
    """With unit directions e, -e, e the sum is e: first-order, class 1 must rise."""
    e = torch.tensor([0.0, 1.0], dtype=torch.float64)
    grads = torch.stack([2 * e, -0.1 * e, 0.5 * e])
    torch.testing.assert_close(pull(grads), e)
    moved = pcngd_step(torch.zeros_like(e), grads, 0.1)
    assert grads[1] @ moved > 0  # change of f_1, to first order
    assert grads[0] @ moved < 0
    assert grads[2] @ moved < 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_zero_row_adds_nothing(dtype):
    grads = torch.tensor([[0.0, 2.0], [0.0, 0.0]], dtype=dtype)
    assert unit_directions(grads).tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert pcngd_step(torch.zeros(2, dtype=dtype), grads, 0.5).tolist() == [0.0, -0.5]
    assert not unit_directions(torch.zeros(3, 4, dtype=dtype)).any()
    assert unit_directions(grads).dtype == dtype


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e-20), (torch.float64, 1e-150)])
def test_a_tiny_gradient_counts_in_full(dtype, size):
    grads = torch.tensor([[3.0, 4.0], [1e3, 0.0]], dtype=dtype) * size
    expected = torch.tensor([[0.6, 0.8], [1.0, 0.0]], dtype=dtype)
    torch.testing.assert_close(unit_directions(grads), expected)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e-30), (torch.float64, 1e-200)])
def test_below_that_it_counts_as_zero_and_stays_finite(dtype, size):
    grads = torch.tensor([[3.0, 4.0]], dtype=dtype) * size
    assert not unit_directions(grads).any()
    assert normalized(grads.norm(dim=1)).tolist() == [0.0]


def test_nan_is_not_taken_for_zero():
    grads = torch.tensor([[1.0, 0.0], [math.nan, 1.0]])
    assert unit_directions(grads)[1].isnan().all()
    assert normalized(torch.tensor([2.0, 0.0, math.nan]))[:2].tolist() == [0.5, 0.0]
    assert normalized(torch.tensor([math.nan])).isnan().all()

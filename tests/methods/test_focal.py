"""Focal loss: the formula in plain algebra, its derivative by hand, and its corners."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import FocalLoss, focal_loss

W = torch.tensor([0.2, 1.0, 4.0], dtype=torch.float64)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_is_the_formula(logits, y, gamma):
    p = (logits.exp() / logits.exp().sum(dim=1, keepdim=True))[torch.arange(len(y)), y]
    expected = -((1 - p) ** gamma) * p.log()
    torch.testing.assert_close(focal_loss(logits, y, gamma, reduction="none"), expected)
    torch.testing.assert_close(focal_loss(logits, y, gamma), expected.mean())
    torch.testing.assert_close(focal_loss(logits, y, gamma, W, "sum"), (W[y] * expected).sum())


def test_by_hand():
    """p_y = 1/4: (3/4)^2 log 4."""
    logits = torch.tensor([[0.0, math.log(3)]])
    found = focal_loss(logits, torch.tensor([0]))
    assert found.item() == pytest.approx(0.5625 * math.log(4))


def test_gamma_zero_is_cross_entropy(logits, y):
    torch.testing.assert_close(focal_loss(logits, y, 0), F.cross_entropy(logits, y))
    weighted = F.cross_entropy(logits, y, W, reduction="sum")
    torch.testing.assert_close(focal_loss(logits, y, 0, W, "sum"), weighted)


@pytest.mark.parametrize("gamma", [0, 0.5, 2.0])
def test_gradcheck(logits, y, gamma):
    z = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: focal_loss(t, y, gamma, W), z)


@pytest.mark.parametrize("gamma", [0, 0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("margin", [1000.0, 20.0, -1000.0])
def test_sure_examples_have_a_finite_gradient(gamma, margin):
    z = torch.tensor([[margin, 0.0]], requires_grad=True)
    loss = focal_loss(z, torch.tensor([0]), gamma)
    loss.backward()
    assert loss.item() == pytest.approx(max(-margin, 0), abs=1e-6)
    expected = -1.0 if margin < 0 else 0.0
    assert z.grad[0, 0].item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_lifted(dtype):
    loss = FocalLoss()(torch.tensor([[500.0, -500.0]], dtype=dtype), torch.tensor([1]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(1000, rel=1e-3)


def test_module_equals_function_and_is_saved(logits, y):
    criterion, again = FocalLoss(1.5, W), FocalLoss(1.5, torch.ones(3).double())
    again.load_state_dict(criterion.state_dict())
    assert torch.equal(again(logits, y), focal_loss(logits, y, 1.5, W))
    assert FocalLoss().state_dict() == {}


@pytest.mark.parametrize("gamma", [-1, math.nan, math.inf])
def test_gamma_out_of_range_is_refused(logits, y, gamma):
    for call in (lambda: FocalLoss(gamma), lambda: focal_loss(logits, y, gamma)):
        with pytest.raises(ValueError, match=r"gamma=.*finite gamma >= 0"):
            call()


def test_bad_input_is_refused(logits, y):
    with pytest.raises(ValueError, match="weights: 2 of them; with 3 classes give 3"):
        focal_loss(logits, y, weights=W[:2])
    with pytest.raises(ValueError, match=r"weights: shape \(3, 1\)"):
        FocalLoss(weights=W[:, None])
    with pytest.raises(ValueError, match="y: label 3 is out of range"):
        focal_loss(logits, y + 1)
    with pytest.raises(ValueError, match="logits, y: shapes"):
        focal_loss(logits, y[:3])
    with pytest.raises(ValueError, match="logits: the loss is NaN"):
        focal_loss(logits * math.nan, y)
    with pytest.raises(ValueError, match="reduction='x'"):
        FocalLoss(reduction="x")

"""Class weights against the formulas, scikit-learn, and torch's own weighted loss."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import (
    ClassWeightedLoss,
    class_weighted_loss,
    effective_number_weights,
    inverse_frequency_weights,
)

COUNTS = (500, 60, 7)
W = torch.tensor([0.2, 1.0, 4.0], dtype=torch.float64)


def test_inverse_frequency_is_that_of_scikit_learn():
    labels = np.repeat([0, 1, 2], COUNTS)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    found = inverse_frequency_weights(COUNTS)
    assert found.tolist() == pytest.approx(expected, rel=1e-6)
    assert found[labels].mean().item() == pytest.approx(1, rel=1e-5)  # over the examples


@pytest.mark.parametrize("beta", [0.9, 0.999, 0.9999])
def test_effective_number_is_the_formula(beta):
    effective = [sum(beta**i for i in range(n)) for n in COUNTS]  # 1 + beta + beta^2 ...
    expected = [3 / e / sum(1 / f for f in effective) for e in effective]
    found = effective_number_weights(COUNTS, beta)
    assert found.tolist() == pytest.approx(expected, rel=1e-6)
    assert found.mean().item() == pytest.approx(1, rel=1e-6)  # over the classes


def test_limits_of_beta():
    assert effective_number_weights(COUNTS, 0).tolist() == [1, 1, 1]
    inverse = inverse_frequency_weights(COUNTS)
    torch.testing.assert_close(effective_number_weights(COUNTS, 1 - 1e-9), inverse / inverse.mean())


def test_the_textbook_mean(logits, y):
    each = W[y] * F.cross_entropy(logits, y, reduction="none")
    torch.testing.assert_close(class_weighted_loss(logits, y, W, "none"), each)
    torch.testing.assert_close(class_weighted_loss(logits, y, W), each.sum() / len(y))
    torch.testing.assert_close(class_weighted_loss(logits, y, W, "sum"), each.sum())


def test_torch_divides_by_the_weights_instead(logits, y):
    torchs = F.cross_entropy(logits, y, W)
    torch.testing.assert_close(class_weighted_loss(logits, y, W) * len(y) / W[y].sum(), torchs)
    rare = y == 2
    torch.testing.assert_close(
        F.cross_entropy(logits[rare], y[rare], W), F.cross_entropy(logits[rare], y[rare])
    )
    torch.testing.assert_close(
        class_weighted_loss(logits[rare], y[rare], W), 4 * F.cross_entropy(logits[rare], y[rare])
    )


def test_weights_of_one_are_cross_entropy(logits, y):
    found = ClassWeightedLoss(torch.ones(3))(logits, y)
    torch.testing.assert_close(found, F.cross_entropy(logits, y))


def test_gradcheck(logits, y):
    z = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: class_weighted_loss(t, y, W), z)


def test_weights_are_saved(logits, y):
    criterion, again = ClassWeightedLoss(W), ClassWeightedLoss(torch.ones(3).double())
    again.load_state_dict(criterion.state_dict())
    assert torch.equal(again(logits, y), class_weighted_loss(logits, y, W))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_lifted(dtype):
    logits, y = torch.tensor([[200.0, 0.0]], dtype=dtype), torch.tensor([1])
    loss = class_weighted_loss(logits, y, torch.tensor([1.0, 1000.0]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(2e5)


@pytest.mark.parametrize("beta", [1, 1.5, -0.1, math.nan])
def test_beta_out_of_range_is_refused(beta):
    with pytest.raises(ValueError, match=r"beta=.*0 <= beta < 1"):
        effective_number_weights(COUNTS, beta)


@pytest.mark.parametrize("weights", [inverse_frequency_weights, effective_number_weights])
def test_a_class_without_examples_is_refused(weights):
    with pytest.raises(ValueError, match="counts: class 1 has 0 examples"):
        weights((5, 0))


def test_bad_input_is_refused(logits, y):
    with pytest.raises(ValueError, match=r"weights: shape \(1, 3\); give one weight a class"):
        ClassWeightedLoss(W[None])
    with pytest.raises(ValueError, match="weights: 2 of them; with 3 classes give 3"):
        class_weighted_loss(logits, y, W[:2])
    with pytest.raises(ValueError, match="label 3 is out of range"):
        class_weighted_loss(logits, y + 1, W)
    for bad in (math.nan, math.inf, -1):
        with pytest.raises(ValueError, match=r"weights: .* give finite numbers >= 0"):
            class_weighted_loss(logits, y, W * bad)

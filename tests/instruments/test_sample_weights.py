"""Weights of criteria against their formulas, and of functions as they are."""

import numpy as np
import pytest
import torch
from torch import nn

from imbal_lab.instruments.sample_weights import sample_weights
from imbal_lab.methods import ABSGD, ClassWeightedLoss, FocalLoss, LogitAdjustedLoss

Y = torch.tensor([0, 0, 0, 1, 2, 2])


@pytest.fixture
def logits():
    return 2 * torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def losses_of(logits):
    return -np.log(softmax(logits.numpy())[np.arange(6), Y])


def scaled(weights):
    return torch.as_tensor(weights / weights.mean(), dtype=torch.float32)


@pytest.mark.parametrize("lam", [0.5, -2.0])
def test_absgd(logits, lam):
    torch.testing.assert_close(
        sample_weights(ABSGD(lam), logits, Y), scaled(np.exp(losses_of(logits) / lam))
    )


def test_absgd_with_a_running_normaliser_has_the_same_ratios(logits):
    criterion = ABSGD(0.5)
    criterion(logits / 3, Y)
    before = criterion.log_u.clone()
    found = sample_weights(criterion, logits, Y)
    torch.testing.assert_close(found, scaled(np.exp(losses_of(logits) / 0.5)))
    assert torch.equal(criterion.log_u, before)
    assert criterion.training


def test_class_weights(logits):
    given = torch.tensor([0.5, 3.0, 10.0])
    torch.testing.assert_close(
        sample_weights(ClassWeightedLoss(given), logits, Y), scaled(given[Y].numpy())
    )


def test_plain_cross_entropy_and_none_weigh_alike(logits):
    for source in (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(reduction="sum"), None):
        torch.testing.assert_close(sample_weights(source, logits, Y), torch.ones(6))


def test_focal(logits):
    """d/dp of -(1 - p)^2 log p, over d/dp of -log p."""
    p = softmax(logits.numpy())[np.arange(6), Y]
    ratio = (1 - p) ** 2 - 2 * p * (1 - p) * np.log(p)
    torch.testing.assert_close(sample_weights(FocalLoss(gamma=2.0), logits, Y), scaled(ratio))


def test_logit_adjustment_has_the_part_that_points_the_old_way(logits):
    counts = (600, 300, 100)
    onehot = np.eye(3)[Y]
    plain = softmax(logits.numpy()) - onehot
    turned = softmax(logits.numpy() + np.log(counts)) - onehot
    expected = (plain * turned).sum(axis=1) / (plain**2).sum(axis=1)
    torch.testing.assert_close(
        sample_weights(LogitAdjustedLoss(counts), logits, Y), scaled(expected)
    )


def test_a_function_gets_the_losses_and_may_write_into_them(logits):
    seen = []

    def mine(losses):
        seen.append(losses.clone())
        return losses.mul_(2)

    found = sample_weights(mine, logits, Y)
    np.testing.assert_allclose(seen[0], losses_of(logits))
    torch.testing.assert_close(found, scaled(losses_of(logits)))


@pytest.mark.parametrize(
    "wrong", [lambda losses: losses.mean(), lambda losses: 1.0, lambda losses: losses[:2]]
)
def test_another_shape_is_named(logits, wrong):
    with pytest.raises(ValueError, match=r"shape \[6\]"):
        sample_weights(wrong, logits, Y)


@pytest.mark.parametrize(
    "wrong", [torch.zeros_like, lambda losses: losses / 0, lambda losses: -losses]
)
def test_weights_without_a_positive_mean_are_refused(logits, wrong):
    with pytest.raises(ValueError, match="positive mean"):
        sample_weights(wrong, logits, Y)


def test_errors_of_the_function_come_through(logits):
    with pytest.raises(ZeroDivisionError):
        sample_weights(lambda losses: 1 / 0, logits, Y)


def test_an_example_that_is_fitted_to_the_last_digit_has_none(logits):
    logits[3] = torch.tensor([0.0, 900.0, 0.0])
    found = sample_weights(ClassWeightedLoss(torch.ones(3)), logits, Y)
    assert found.isnan().tolist() == [False, False, False, True, False, False]
    assert found.nanmean() == pytest.approx(1)

"""Logit adjustment against the formula of balanced softmax and against cross-entropy."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import LogitAdjustedLoss, log_prior, logit_adjusted_loss, posthoc_logits

COUNTS = (600, 30, 1)


def test_tau_one_is_balanced_softmax(logits, y):
    """Ren et al.: n_y e^(z_y) / sum_k n_k e^(z_k), with no logarithm of n anywhere."""
    n = torch.tensor(COUNTS, dtype=torch.float64)
    mass = n * logits.exp()
    expected = -(mass[torch.arange(len(y)), y] / mass.sum(dim=1)).log()
    found = logit_adjusted_loss(logits, y, COUNTS, reduction="none")
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


def test_by_hand():
    loss = logit_adjusted_loss(torch.zeros(1, 3), torch.tensor([2]), (6, 3, 1))
    assert loss.item() == pytest.approx(-math.log(0.1))


def test_tau_zero_or_equal_counts_is_cross_entropy(logits, y):
    expected = F.cross_entropy(logits, y)
    torch.testing.assert_close(logit_adjusted_loss(logits, y, COUNTS, tau=0), expected)
    torch.testing.assert_close(logit_adjusted_loss(logits, y, (7, 7, 7), tau=3), expected)


def test_the_two_forms_undo_each_other(logits, y):
    """Adjusting logits from which log pi was taken is cross-entropy on the logits."""
    for tau in (0.5, 1.0, 2.0):
        shifted = posthoc_logits(logits, COUNTS, tau)
        found = logit_adjusted_loss(shifted, y, COUNTS, tau)
        torch.testing.assert_close(found, F.cross_entropy(logits, y), rtol=1e-12, atol=0)


def test_posthoc_predicts_by_likelihood():
    """Bayes: the posterior is prior times likelihood, so post hoc gives the likelihood's class."""
    likelihood = torch.tensor([[0.2, 0.3, 0.25], [0.5, 0.1, 0.49]], dtype=torch.float64)
    posterior = likelihood * torch.tensor(COUNTS)
    assert posterior.argmax(dim=1).tolist() == [0, 0]
    assert posthoc_logits(posterior.log(), COUNTS).argmax(dim=1).tolist() == [1, 0]


def test_posthoc_of_pixels_is_that_of_each_alone():
    images = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    found = posthoc_logits(images, COUNTS, tau=0.5)
    each = posthoc_logits(images.movedim(1, -1).reshape(-1, 3), COUNTS, tau=0.5)
    assert torch.equal(found.movedim(1, -1).reshape(-1, 3), each)


def test_log_prior():
    expected = [math.log(600 / 631), math.log(30 / 631), math.log(1 / 631)]
    for counts in (COUNTS, np.array(COUNTS), torch.tensor(COUNTS), [1800, 90, 3]):
        assert log_prior(counts).tolist() == pytest.approx(expected, rel=1e-14)


def test_gradcheck(logits, y):
    z = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: logit_adjusted_loss(t, y, COUNTS, 1.5), z)


def test_module_equals_function_and_moves(logits, y):
    criterion = LogitAdjustedLoss(COUNTS, tau=0.7)
    expected = logit_adjusted_loss(logits, y, COUNTS, tau=0.7)
    torch.testing.assert_close(criterion(logits, y), expected, rtol=1e-6, atol=0)
    again = LogitAdjustedLoss((1, 1, 1))
    again.load_state_dict(criterion.state_dict())
    assert torch.equal(again(logits, y), criterion(logits, y))
    assert list(criterion.parameters()) == []


def test_reductions(logits, y):
    each = logit_adjusted_loss(logits, y, COUNTS, reduction="none")
    assert each.shape == y.shape
    torch.testing.assert_close(each.mean(), logit_adjusted_loss(logits, y, COUNTS))
    torch.testing.assert_close(each.sum(), LogitAdjustedLoss(COUNTS, 1, "sum").double()(logits, y))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_lifted(dtype):
    logits, y = torch.tensor([[300.0, -300.0, 2.0]], dtype=dtype), torch.tensor([1])
    for loss in (
        logit_adjusted_loss(logits, y, (9e7, 3, 1)),
        LogitAdjustedLoss((9e7, 3, 1))(logits, y),
    ):
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(600 + math.log(3e7), rel=1e-6)


def test_under_vmap(logits, y):
    """Three models at once, as a batched sweep has them."""
    many = torch.stack([logits, 2 * logits, -logits])
    found = torch.vmap(lambda z: logit_adjusted_loss(z, y, COUNTS))(many)
    expected = torch.stack([logit_adjusted_loss(z, y, COUNTS) for z in many])
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((5, 3), r"counts: 2 classes, but the logits have 3"),
        ((5, 0, 1), r"counts: class 1 has 0 examples"),
        ((5, 1, math.nan), r"counts: class 2 has nan examples"),
        ((5, 1, -2), r"counts: class 2 has -2 examples"),
        ([[5, 3, 1]], r"counts: shape \(1, 3\)"),
        ((), r"counts: shape \(0,\)"),
    ],
)
def test_wrong_counts_are_refused(logits, y, counts, message):
    with pytest.raises(ValueError, match=message):
        logit_adjusted_loss(logits, y, counts)
    with pytest.raises(ValueError, match=message):
        LogitAdjustedLoss(counts)(logits, y)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.tensor([0, 3]), r"y: label 3 is out of range; with 3 classes the labels are 0 to 2"),
        (torch.tensor([-1, 0]), r"y: label -1 is out of range"),
        (torch.tensor([0.0, 1.0]), r"y: dtype torch.float32; class labels are torch.int64"),
        (torch.tensor([0, 1, 2]), r"logits, y: shapes \(2, 3\) and \(3,\)"),
        (torch.tensor([[0], [1]]), r"logits, y: shapes \(2, 3\) and \(2, 1\)"),
    ],
)
def test_wrong_labels_are_refused(logits, wrong, message):
    with pytest.raises(ValueError, match=message):
        LogitAdjustedLoss(COUNTS)(logits[:2], wrong)


def test_other_bad_input_is_refused(logits, y):
    with pytest.raises(ValueError, match=r"y: shape .* empty batch"):
        logit_adjusted_loss(logits[:0], y[:0], COUNTS)
    with pytest.raises(ValueError, match="logits: the loss is NaN"):
        logit_adjusted_loss(logits * math.nan, y, COUNTS)
    for tau in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"tau=.*use a finite tau >= 0"):
            LogitAdjustedLoss(COUNTS, tau)
        with pytest.raises(ValueError, match=r"tau=.*use a finite tau >= 0"):
            posthoc_logits(logits, COUNTS, tau)
    with pytest.raises(ValueError, match=r"logits: dtype torch.int64; give the model's raw"):
        logit_adjusted_loss(logits.long(), y, COUNTS)
    with pytest.raises(ValueError, match=r"reduction='median': choose one of"):
        logit_adjusted_loss(logits, y, COUNTS, reduction="median")
    with pytest.raises(ValueError, match=r"logits: shape \(10, 3\); with 2 counts give \[n, 2\]"):
        posthoc_logits(logits, (5, 1))

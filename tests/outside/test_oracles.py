"""Losses and class gradients against scikit-learn and TorchJD, which know nothing of them."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torchjd.aggregation import Constant
from torchjd.autojac import backward, jac_to_grad

from imbal_lab.methods import (
    ClassWeightedLoss,
    LogitAdjustedLoss,
    PerClass,
    class_gradients,
    class_weighted_loss,
    inverse_frequency_weights,
    log_prior,
    posthoc_logits,
)

COUNTS = (120, 40, 20)


@pytest.fixture
def overlapping():
    """180 points in the plane, three Gaussians that overlap: no classifier is perfect."""
    generator = torch.Generator().manual_seed(4)
    y = torch.arange(3).repeat_interleave(torch.tensor(COUNTS))
    centres = torch.tensor([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]], dtype=torch.float64)
    return centres[y] + torch.randn(180, 2, generator=generator, dtype=torch.float64), y


def minimiser(criterion, x, y, strength):
    """Weights and centred biases of n * loss + ||W||^2 / (2 strength), by torch's LBFGS."""
    layer = nn.Linear(2, 3).double()
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(
        layer.parameters(), max_iter=500, tolerance_grad=1e-10, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = len(y) * criterion(layer(x), y) + layer.weight.square().sum() / (2 * strength)
        loss.backward()
        return loss

    optimizer.step(closure)
    bias = layer.bias.detach()
    return layer.weight.detach(), bias - bias.mean()


def logistic(x, y, **options):
    found = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000, **options).fit(x, y)
    bias = torch.from_numpy(found.intercept_)
    return torch.from_numpy(found.coef_), bias - bias.mean()


def test_inverse_frequency_is_scikit_learns_balanced(overlapping):
    y = overlapping[1].numpy()
    expected = compute_class_weight("balanced", classes=np.arange(3), y=y)
    found = inverse_frequency_weights(COUNTS).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_weighted_cross_entropy_is_weighted_log_loss(overlapping):
    """log_loss divides by the sum of the weights, ours by the number of examples."""
    x, y = overlapping
    logits = torch.cat([x, -x.sum(dim=1, keepdim=True)], dim=1)
    w = torch.tensor([0.3, 1.0, 4.0], dtype=torch.float64)
    expected = log_loss(y, logits.softmax(dim=1), sample_weight=w[y])
    found = class_weighted_loss(logits, y, w) * len(y) / w[y].sum()
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_trained_with_class_weights_as_scikit_learn_does(overlapping):
    criterion = ClassWeightedLoss(inverse_frequency_weights(COUNTS).double())
    found = minimiser(criterion, *overlapping, strength=0.5)
    expected = logistic(*overlapping, class_weight="balanced")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    plain = logistic(*overlapping)
    assert (found[1] - plain[1]).abs().max() > 0.5


@pytest.mark.parametrize("tau", [0.5, 1.0])
def test_trained_with_logit_adjustment_is_logistic_regression_without_the_prior(tau, overlapping):
    """In a linear model the biases take the offset up: the same weights, b - tau log pi."""
    found = minimiser(LogitAdjustedLoss(COUNTS, tau).double(), *overlapping, strength=0.5)
    weight, bias = logistic(*overlapping)
    shift = tau * log_prior(COUNTS)
    expected = weight, bias - (shift - shift.mean())
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_posthoc_adjustment_is_a_discriminant_with_equal_priors(overlapping):
    """Linear discriminant analysis adds log pi to its scores: taken away, the priors are equal."""
    x, y = (t.numpy() for t in overlapping)
    imbalanced = LinearDiscriminantAnalysis(priors=np.array(COUNTS) / sum(COUNTS)).fit(x, y)
    equal = LinearDiscriminantAnalysis(priors=np.full(3, 1 / 3)).fit(x, y)
    logits = torch.from_numpy(imbalanced.predict_log_proba(x))
    adjusted = posthoc_logits(logits, COUNTS)
    np.testing.assert_allclose(adjusted.log_softmax(dim=1), equal.predict_log_proba(x), rtol=1e-7)
    assert (adjusted.argmax(dim=1).numpy() == equal.predict(x)).all()
    assert (logits.argmax(dim=1).numpy() != equal.predict(x)).sum() > 10


def test_class_gradients_and_their_normalised_sum_are_torchjds(model, data):
    """TorchJD's Jacobian of the class losses, row by row; then PCNSGD as one of its aggregators."""
    (x, y), model = data, model.double()
    x, params = x.double(), list(model.parameters())
    each = F.cross_entropy(model(x), y, reduction="none")
    contributions = torch.stack([each[y == c].sum() / len(y) for c in range(3)])
    backward(contributions, inputs=params)
    rows = torch.cat([p.jac.flatten(1) for p in params], dim=1)
    torch.testing.assert_close(class_gradients(model, x, y, 3), rows, rtol=1e-12, atol=1e-15)
    jac_to_grad(params, Constant(1 / rows.norm(dim=1)))
    expected = [p.grad.clone() for p in params]
    model.zero_grad()
    PerClass(model, 3)(model(x), y).backward()
    torch.testing.assert_close([p.grad for p in params], expected, rtol=1e-11, atol=1e-14)

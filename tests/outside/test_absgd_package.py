"""ABSGD against the authors' package ``absgd`` 0.0.1, at the settings where that is finite.

Theirs starts u at 0, without correction, and multiplies it by ``abalpha``; it is plain
cross-entropy until ``updateLambda()`` is called. Ours starts u at the first batch, and a
``log_u`` far below everything is their start.
"""

import pytest
import torch
from absgd.losses import ABLoss
from torch import nn

from imbal_lab.methods import ABSGD, LDAMLoss

U_IS_ZERO = torch.tensor(-1e30)


@pytest.fixture
def batches():
    """Five batches of 12 at different levels of the loss: (logits [12, 3], y [12])."""
    generator = torch.Generator().manual_seed(1)
    return [
        (
            level * torch.randn(12, 3, generator=generator, dtype=torch.float64),
            torch.randint(3, (12,), generator=generator),
        )
        for level in (3.0, 0.2, 6.0, 1.0, 0.1)
    ]


def value_and_gradient(criterion, logits, y):
    logits = logits.clone().requires_grad_()
    loss = criterion(logits, y)
    return loss.detach(), torch.autograd.grad(loss, logits)[0]


def theirs(lam, **options):
    criterion = ABLoss(lam, **options)
    criterion.updateLambda()
    return criterion


@pytest.mark.parametrize("lam", [0.5, 3.0, -0.5, -3.0])
@pytest.mark.parametrize("gamma", [0.9, 0.3])
def test_batch_for_batch_the_same(lam, gamma, batches):
    ours, authors = ABSGD(lam, gamma).double(), theirs(lam, abgamma=gamma)
    ours.log_u.copy_(U_IS_ZERO)
    for logits, y in batches:
        found, expected = (value_and_gradient(c, logits, y) for c in (ours, authors))
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)
        assert ours.log_u.exp() == pytest.approx(authors.u.item(), rel=1e-12)


def test_the_first_batch_as_our_start(batches):
    """Then the starts differ by the factor gamma in u, which fades as (1 - gamma)^t."""
    ours, authors = ABSGD(2.0, gamma=0.5).double(), theirs(2.0, abgamma=0.5)
    for _ in range(60):
        for logits, y in batches:
            found, expected = (value_and_gradient(c, logits, y)[1] for c in (ours, authors))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)
    fresh = [
        value_and_gradient(c, *batches[0])[1]
        for c in (ABSGD(2.0, gamma=0.5), theirs(2.0, abgamma=0.5))
    ]
    torch.testing.assert_close(2 * fresh[0], fresh[1], rtol=1e-6, atol=0)


def test_alpha_is_a_factor_of_the_step_size(batches):
    ours, authors = ABSGD(2.0, gamma=0.3).double(), theirs(2.0, abgamma=0.3, abalpha=0.25)
    ours.log_u.copy_(U_IS_ZERO)
    for logits, y in batches:
        found, expected = (value_and_gradient(c, logits, y)[1] for c in (ours, authors))
        torch.testing.assert_close(4 * found, expected, rtol=1e-12, atol=0)


def test_their_first_epoch_is_our_infinite_lambda(batches):
    authors = ABLoss(2.0)  # updateLambda() not yet called
    for logits, y in batches:
        found = value_and_gradient(ABSGD(float("inf")), logits, y)
        expected = value_and_gradient(authors, logits, y)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)


def test_over_the_same_base_loss(batches):
    w = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)
    for base in (
        nn.CrossEntropyLoss(weight=w, reduction="none"),
        LDAMLoss((90, 9, 1), scale=3.0, reduction="none").double(),
    ):
        ours = ABSGD(5.0, gamma=0.3, base=base).double()
        ours.log_u.copy_(U_IS_ZERO)
        authors = theirs(5.0, abgamma=0.3, criterion=base)
        for logits, y in batches:
            found, expected = (value_and_gradient(c, logits, y) for c in (ours, authors))
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("lam", [0.25, -0.25])
def test_where_theirs_overflows_ours_is_theirs_in_double_precision(lam):
    """Losses of 30 to 60, so l / lam is up to 240; exp in single precision ends at 88."""
    logits = torch.tensor([[60.0, 0.0], [0.0, 50.0], [30.0, 0.0]])
    y = torch.tensor([1, 0, 1])
    ours = ABSGD(lam, gamma=1.0)
    found = value_and_gradient(ours, logits, y)
    assert value_and_gradient(theirs(lam, abgamma=1.0), logits, y)[1].isnan().any()
    expected = value_and_gradient(theirs(lam, abgamma=1.0), logits.double(), y)
    torch.testing.assert_close(found, tuple(e.float() for e in expected))

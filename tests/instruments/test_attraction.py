"""The classifier's gradient taken apart, against autograd and closed forms."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.instruments import attraction_repulsion, from_logit_gradients
from imbal_lab.methods import ARBLoss, FocalLoss

N = torch.tensor([1000 * 100 ** (-c / 9) for c in range(10)], dtype=torch.float64)


def labels(counts) -> torch.Tensor:
    return torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))


@pytest.fixture
def batch():
    """Features [17, 5], a classifier of 4 classes with bias, shuffled labels; class 2 is absent."""
    generator = torch.Generator().manual_seed(3)
    y = labels([11, 4, 0, 2])[torch.randperm(17, generator=generator)]
    x = torch.randn(17, 5, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(4, generator=generator, dtype=torch.float64, requires_grad=True)
    return x, y, weight, bias


def contribution(x, y, weight, bias, keep):
    losses = F.cross_entropy(x @ weight.T + bias, y, reduction="none")
    return losses[keep].sum() / len(y)


def test_components_are_norms_of_the_gradient_by_class(batch):
    x, y, weight, bias = batch
    found = attraction_repulsion(x, x @ weight.T + bias, y).component
    for j in range(4):
        (grad,) = torch.autograd.grad(contribution(x, y, weight, bias, y == j), weight)
        for k in range(4):
            assert found[k, j].item() == pytest.approx(math.hypot(*grad[k].tolist()), rel=1e-12)


def test_masses_are_gradients_on_the_bias(batch):
    x, y, weight, bias = batch
    found = attraction_repulsion(x, x @ weight.T + bias, y)
    for k in range(4):
        own = torch.autograd.grad(contribution(x, y, weight, bias, y == k), bias)[0][k]
        rest = torch.autograd.grad(contribution(x, y, weight, bias, y != k), bias)[0][k]
        assert found.attraction[k].item() == pytest.approx(-own.item(), rel=1e-12)
        assert found.repulsion[k].item() == pytest.approx(rest.item(), rel=1e-12)
    assert not any(t.requires_grad for t in found)


def test_an_absent_class_is_only_pushed(batch):
    x, y, weight, bias = batch
    found = attraction_repulsion(x, x @ weight.T + bias, y)
    assert found.attraction[2] == 0
    assert found.repulsion[2] > 0
    assert (found.component[:, 2] == 0).all()
    assert (found.component[2, [0, 1, 3]] > 0).all()


@pytest.mark.parametrize("counts", [(60, 30, 10), (1000, 100, 10, 1), (5, 5)])
def test_equal_logits(counts):
    """(n - n_k) / ((C - 1) n_k) for cross-entropy, 1 for ARB-Loss; masses n_k n_j / n."""
    n, y = torch.tensor(counts, dtype=torch.float64), labels(counts)
    features = torch.ones(len(y), 3, dtype=torch.float64) / math.sqrt(3)
    z = torch.full((len(y), len(n)), 0.7, dtype=torch.float64)
    plain = attraction_repulsion(features, z, y)
    expected = (n.sum() - n) / ((len(n) - 1) * n)
    torch.testing.assert_close(plain.repulsion / plain.attraction, expected)
    arb = attraction_repulsion(features, z + n.log(), y)
    torch.testing.assert_close(arb.repulsion / arb.attraction, torch.ones_like(n))
    share = n / n.sum()
    between = share[:, None] * share[None]
    between.diagonal().copy_(share * (1 - share))
    torch.testing.assert_close(arb.component, between)


def test_at_a_simplex_the_ratios_change_places():
    """Cross-entropy keeps its ratio at any scale; that of ARB-Loss becomes the inverse of it."""
    y = torch.arange(10).repeat_interleave(N.long())
    h = (torch.eye(10, dtype=torch.float64) - 0.1)[y]
    n = torch.bincount(y).double()
    ratio = (n.sum() - n) / (9 * n)
    for scale in (1.0, 4.0, 16.0):
        plain = attraction_repulsion(h, scale * h, y)
        torch.testing.assert_close(plain.repulsion / plain.attraction, ratio)
    arb = attraction_repulsion(h, 16 * h + n.log(), y)
    torch.testing.assert_close(arb.repulsion / arb.attraction, 1 / ratio, rtol=1e-4, atol=0)


def test_at_a_simplex_only_arb_balances_the_pulls():
    """Largest over smallest net gradient 8.71 for cross-entropy, 1.00 for ARB-Loss.

    Every class has features e_k - 1/C, so that the net gradient follows from the components:
    attraction along h_k and repulsion along every h_j.
    """
    h = (torch.eye(10, dtype=torch.float64) - 0.1) * math.sqrt(10 / 9)
    y = torch.arange(10)
    for offset, expected in ((0, 8.71), (N.log(), 1.00)):
        z = 12 * h + offset
        pushes = N[:, None] * (z.softmax(dim=1) - torch.eye(10))
        component = from_logit_gradients(h, pushes, y).component
        signs = 1 - 2 * torch.eye(10, dtype=torch.float64)
        net = torch.linalg.vector_norm((signs * component) @ h, dim=1)
        assert (net.max() / net.min()).item() == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("criterion", [ARBLoss((11, 4, 1, 2)).double(), FocalLoss(2.0)])
def test_any_loss_through_its_gradient_at_the_logits(batch, criterion):
    x, y, weight, bias = batch
    logits = x @ weight.T + bias
    logits.retain_grad()
    criterion(logits, y).backward()
    found = from_logit_gradients(x, logits.grad, y)
    torch.testing.assert_close(found.repulsion - found.attraction, bias.grad)
    if isinstance(criterion, ARBLoss):
        log_n = torch.tensor([11.0, 4, 1, 2], dtype=torch.float64).log()
        direct = attraction_repulsion(x, logits + log_n, y)
        torch.testing.assert_close(found, direct, rtol=1e-6, atol=1e-9)  # log_n was a float32


def test_half_precision_is_summed_in_single():
    x = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0)).bfloat16()
    y = labels([2990, 10])
    found = attraction_repulsion(x, x, y)
    exact = attraction_repulsion(x.double(), x.double(), y)
    for ours, expected in zip(found, exact, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), expected, rtol=1e-4, atol=1e-6)


def test_bad_input_is_refused(batch):
    x, y, weight, bias = batch
    z = x @ weight.T + bias
    with pytest.raises(ValueError, match=r"features: shape \(5, 17\) with 17 labels"):
        attraction_repulsion(x.T, z, y)
    with pytest.raises(ValueError, match="y: label 4 is out of range"):
        attraction_repulsion(x, z, y + 1)
    with pytest.raises(ValueError, match="logits, y: shapes"):
        attraction_repulsion(x, z[:5], y)
    with pytest.raises(ValueError, match=r"pushes: shape \(5, 4\) with 17 labels"):
        from_logit_gradients(x, z[:5], y)
    with pytest.raises(ValueError, match="y: label -1 is out of range"):
        from_logit_gradients(x, z, y - 1)

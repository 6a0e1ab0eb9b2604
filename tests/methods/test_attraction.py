"""Attraction and repulsion, against autograd on a classifier of its own."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import arb_losses, attraction_and_repulsion

COUNTS = torch.tensor([9, 4, 0, 2])


@pytest.fixture
def problem():
    """Features [15, 3], labels of three of four classes, logits from weights and a bias."""
    generator = torch.Generator().manual_seed(5)
    y = torch.arange(4).repeat_interleave(COUNTS)[torch.randperm(15, generator=generator)]
    draw = {"generator": generator, "dtype": torch.float64}
    x, weight = torch.randn(15, 3, **draw), torch.randn(4, 3, **draw)
    bias = torch.randn(4, **draw).requires_grad_()
    return x @ weight.T + bias, y, bias


def test_each_is_a_gradient_on_the_bias_from_some_of_the_examples(problem):
    logits, y, bias = problem
    each = F.cross_entropy(logits, y, reduction="none") / len(y)
    (pushes,) = torch.autograd.grad(each.sum(), logits, retain_graph=True)
    found = attraction_and_repulsion(pushes, y)
    for k in range(4):
        for column, chosen in ((0, y == k), (1, y != k)):
            (grad,) = torch.autograd.grad(each[chosen].sum(), bias, retain_graph=True)
            expected = (-1) ** (column + 1) * grad[k].item()
            assert found[k, column].item() == pytest.approx(expected, rel=1e-12)
    assert found[2, 0] == 0
    assert found[2, 1] > 0


def test_by_hand():
    """Two of class 0, one of class 1, logits 0: each example pulls and pushes by 1/6."""
    y = torch.tensor([0, 0, 1])
    pushes = (torch.full((3, 2), 0.5) - F.one_hot(y)) / 3
    expected = torch.tensor([[2 / 6, 1 / 6], [1 / 6, 2 / 6]])
    torch.testing.assert_close(attraction_and_repulsion(pushes, y), expected)


@pytest.mark.parametrize("counts", [(60, 30, 10), (1000, 100, 10, 1), (5, 5)])
def test_at_equal_logits_of_both_losses(counts):
    n = torch.tensor(counts)
    y = torch.arange(len(n)).repeat_interleave(n)
    logits = torch.zeros(len(y), len(n), dtype=torch.float64, requires_grad=True)
    plain = F.cross_entropy(logits, y)
    balanced = arb_losses(logits, y, n.double()).mean()
    rest = n.sum() - n
    for loss, expected in ((plain, rest / ((len(n) - 1) * n)), (balanced, torch.ones(len(n)))):
        (pushes,) = torch.autograd.grad(loss, logits)
        attraction, repulsion = attraction_and_repulsion(pushes, y).T
        torch.testing.assert_close(repulsion / attraction, expected.double(), rtol=1e-6, atol=0)

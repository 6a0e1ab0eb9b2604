"""Feature gradients against autograd, one example at a time, and what each wrong version gives."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.instruments import log_gradient_ratio, mean_feature_gradients


@pytest.fixture
def features(model, dataset):
    return model[:2](dataset.x).detach()


@pytest.fixture
def head(model) -> nn.Linear:
    return model[2]


@pytest.fixture
def by_autograd(features, head, dataset):
    """||dl_i/dz_i|| [n], each from a backward pass of its own."""
    norms = []
    for z, label in zip(features, dataset.y, strict=True):
        z = z.clone().requires_grad_()
        F.cross_entropy(head(z[None]), label[None]).backward()
        norms.append(z.grad.norm())
    return torch.stack(norms)


def test_closed_form_is_the_class_mean_of_lengths_by_autograd(features, head, dataset, by_autograd):
    found = mean_feature_gradients(head(features), dataset.y, head.weight)
    expected = [by_autograd[dataset.y == c].mean() for c in range(3)]
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-12, atol=0)
    assert not found.requires_grad


def test_the_batch_does_not_count(features, head, dataset):
    """Twice the batch, or one class alone: the same lengths. A mean-reduced loss would fail."""
    logits, y = head(features), dataset.y
    expected = mean_feature_gradients(logits, y, head.weight)
    twice = mean_feature_gradients(logits.repeat(2, 1), y.repeat(2), head.weight)
    torch.testing.assert_close(twice, expected)
    alone = mean_feature_gradients(logits[y == 2], y[y == 2], head.weight)
    assert alone[2].item() == pytest.approx(expected[2].item())
    assert alone[:2].tolist() == [0, 0]


def test_examples_that_pull_apart_do_not_cancel():
    """Their gradients are opposite, so the length of the mean would be zero."""
    weight = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 2.0]])
    logits = torch.tensor([[0.0, 0.0, -math.inf], [-math.inf, 0.0, 0.0]])
    norms = mean_feature_gradients(logits, torch.tensor([1, 1]), weight)
    torch.testing.assert_close(norms, torch.tensor([0, (math.sqrt(5) / 2 + 0.5) / 2, 0]))
    opposite = torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    even = torch.tensor([[0.0, 0.0, -math.inf], [-math.inf, 0.0, 0.0]])
    assert mean_feature_gradients(even, torch.tensor([1, 1]), opposite)[1].item() == 0.5


def test_bound_and_fitted_examples(features, head, dataset):
    spectral = torch.linalg.matrix_norm(head.weight, ord=2)
    logits = torch.tensor([[-1e3, 1e3, 0.0]], dtype=torch.float64)
    worst = mean_feature_gradients(logits, torch.tensor([0]), head.weight)[0]
    assert worst <= math.sqrt(2) * spectral
    torch.testing.assert_close(worst, (head.weight[1] - head.weight[0]).norm())
    fitted = 100.0 * F.one_hot(dataset.y, 3)
    assert mean_feature_gradients(fitted, dataset.y, head.weight).max() < 1e-12


def test_log_gradient_ratio_by_hand():
    """Four epochs: the first third, rounded up, is two of them."""
    norms = torch.tensor([[1.0, 3.0, 6.0, 10.0], [1.0, 1.0, 2.0, 2.0], [9, 9, 1, 1], [9, 9, 1, 1]])
    expected = (math.log(8 / 2) + math.log(2 / 1)) / 2
    assert log_gradient_ratio(norms, num_major=2).item() == pytest.approx(expected)
    assert log_gradient_ratio(norms[:1], num_major=2).item() == pytest.approx(math.log(4))


def test_half_precision(features, head, dataset):
    exact = mean_feature_gradients(head(features), dataset.y, head.weight).float()
    found = mean_feature_gradients(head(features).bfloat16(), dataset.y, head.weight)
    torch.testing.assert_close(found, exact, rtol=0.03, atol=1e-3)


def test_bad_input_is_refused(features, head, dataset):
    logits = head(features)
    with pytest.raises(ValueError, match=r"logits, weight: shapes \(19, 3\) and \(6, 3\)"):
        mean_feature_gradients(logits, dataset.y, head.weight.T)
    with pytest.raises(ValueError, match="y: label 3 is out of range"):
        mean_feature_gradients(logits, dataset.y + 1, head.weight)

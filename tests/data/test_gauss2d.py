"""Blobs: moments, the best rule by two routes, and what the offset does to gradient descent."""

import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from imbal_lab.data import gauss2d, load
from imbal_lab.models import mlp


def grid(half_width=7.0, points=281):
    axis = torch.linspace(-half_width, half_width, points, dtype=torch.float64)
    return torch.cartesian_prod(axis, axis), float(axis[1] - axis[0]) ** 2


def test_class_densities_integrate_to_one():
    points, area = grid()
    total = gauss2d.class_density(points).sum(0) * area
    assert torch.allclose(total, torch.ones(4, dtype=torch.float64), atol=1e-6)


def test_a_quarter_turn_maps_each_class_to_the_next():
    points, _ = grid(3.0, 25)
    turned = torch.stack([-points[:, 1], points[:, 0]], dim=1)
    density = gauss2d.class_density(points)
    assert torch.allclose(gauss2d.class_density(turned), density.roll(1, dims=1), atol=1e-12)


def test_samples_follow_the_density():
    """Share of the test points in 16 cells against the integral of the density over them."""
    data = load("gauss2d", n_test=20_000)
    points, area = grid(8.0, 641)
    density = gauss2d.class_density(points) * area

    def cell(x):
        return (x[:, 0] / 2 + 2).floor().clamp(0, 3).long() * 4 + (x[:, 1] / 2 + 2).floor().clamp(
            0, 3
        ).long()

    for label in range(4):
        expected = torch.zeros(16, dtype=torch.float64).index_add(
            0, cell(points), density[:, label]
        )
        seen = torch.bincount(cell(data.x_test[data.y_test == label]), minlength=16) / 20_000
        assert (seen - expected).abs().max() < 0.02


def test_best_rule_by_integral_and_on_the_test_set():
    points, area = grid()
    by_integral = gauss2d.class_density(points).max(1).values.sum() * area / 4
    data = load("gauss2d", n_test=5000)
    hits = gauss2d.class_density(data.x_test).argmax(1) == data.y_test
    assert float(by_integral) == pytest.approx(0.868, abs=0.001)
    assert float(hits.double().mean()) == pytest.approx(float(by_integral), abs=0.01)


def test_two_classes_sit_at_offset_plus_and_minus_mu():
    for offset in (0.0, 1.0):
        data = load("gauss2d_binary", offset=offset, n_max=4000)
        for label, sign in ((0, -1), (1, 1)):
            x = data.x[data.y == label]
            centre = torch.tensor([sign * gauss2d.BINARY_MU + offset, offset])
            assert torch.allclose(x.mean(0), centre, atol=0.03)
            assert torch.allclose(x.std(0), torch.tensor(gauss2d.BINARY_SPREAD), atol=0.02)


def test_offset_only_moves_the_points():
    near, far = load("gauss2d_binary", offset=0.0), load("gauss2d_binary")
    assert torch.allclose(near.x + 1, far.x, atol=1e-6)


def first_step(offset, seed):
    """Change of the minority loss in one step of gradient descent, and the class gradients' cos."""
    data = load("gauss2d_binary", rho=10, offset=offset, seed=seed)
    model = mlp([2, 24, 24, 2], seed=seed)
    parameters = list(model.parameters())
    losses = cross_entropy(model(data.x), data.y, reduction="none")
    gradients = [
        torch.autograd.grad(
            losses[data.y == label].sum() / len(losses), parameters, retain_graph=True
        )
        for label in (0, 1)
    ]
    flat = [torch.cat([g.flatten() for g in gradient]) for gradient in gradients]
    before = losses[data.y == 1].mean().item()
    with torch.no_grad():
        for p, majority, minority in zip(parameters, *gradients, strict=True):
            p -= 0.1 * (majority + minority)
        after = cross_entropy(model(data.x), data.y, reduction="none")[data.y == 1].mean().item()
    return after - before, cosine_similarity(flat[0], flat[1], dim=0).item()


def test_the_offset_makes_gradient_descent_raise_the_minority_loss():
    runs = [first_step(1.0, seed) for seed in range(8)]
    assert all(change > 0 for change, _ in runs)
    assert sum(cos for _, cos in runs) / 8 < -0.6


def test_without_the_offset_nothing_rises():
    runs = [first_step(0.0, seed) for seed in range(8)]
    assert all(change < 0 for change, _ in runs)
    assert sum(cos for _, cos in runs) / 8 > 0.15

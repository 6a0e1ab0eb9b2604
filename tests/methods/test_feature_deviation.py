"""The feature deviation of one class, by NumPy and by hand."""

import numpy as np
import pytest
import torch

from imbal_lab.methods import feature_deviation


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_by_hand():
    """Means (1, 1) and (5, 1) of the draws, (1, 1) of the test: distances 0 and 4."""
    train = torch.tensor([[0.0, 0.0], [2.0, 2.0], [8.0, 0.0]])
    test = torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    assert feature_deviation(train, test, torch.tensor([[0, 1], [1, 2]])).item() == 2


def test_is_the_formula_with_numpy():
    train, test = normal(9, 4), normal(6, 4, seed=1)
    draws = torch.tensor([[0, 3, 8], [1, 1, 2], [5, 4, 7], [8, 6, 0]])
    rounds = [
        np.linalg.norm(train.numpy()[rows].mean(0) - test.numpy().mean(0)) for rows in draws.numpy()
    ]
    assert feature_deviation(train, test, draws).item() == pytest.approx(np.mean(rounds), rel=1e-12)


def test_one_draw_of_all_is_the_distance_of_the_means():
    train, test = normal(9, 4), normal(6, 4, seed=1)
    found = feature_deviation(train, test, torch.arange(9)[None])
    torch.testing.assert_close(found, torch.dist(train.mean(0), test.mean(0)))


def test_moved_and_stretched_together_it_is_stretched():
    train, test, draws = normal(9, 4), normal(6, 4, seed=1), torch.tensor([[0, 3], [1, 2]])
    found = feature_deviation(3 * train + 5, 3 * test + 5, draws)
    torch.testing.assert_close(found, 3 * feature_deviation(train, test, draws))

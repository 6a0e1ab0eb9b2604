"""Regions on a grid: every cell against the model, and a rule that is known."""

import pytest
import torch
from torch import nn

from imbal_lab.data import load
from imbal_lab.instruments.decision_regions import GRID, cell_centres, decision_regions, window


def test_the_window_is_a_square_around_the_test_inputs(dataset):
    left, right, bottom, top = window(dataset)
    assert right - left == pytest.approx(top - bottom)
    low, high = dataset.x_test.min(dim=0).values, dataset.x_test.max(dim=0).values
    assert left < low[0] < high[0] < right
    assert bottom < low[1] < high[1] < top


def test_the_window_stays_when_the_imbalance_changes():
    options = {"n_max": 100, "n_test": 50, "seed": 3}
    assert window(load("gauss2d", rho=1, **options)) == window(load("gauss2d", rho=50, **options))


def test_cells_of_a_known_rule(dataset):
    """Class 1 right of x = 0.3, class 2 where y > 1 on the left of it, class 0 elsewhere."""

    class Rule(nn.Module):
        def forward(self, x):
            return torch.stack(
                [0 * x[:, 0], 99 * (x[:, 0] - 0.3), (x[:, 1] - 1) - 9 * (x[:, 0] > 0.3)], 1
            )

    left, right, bottom, top = window(dataset)
    found = decision_regions(Rule(), dataset)
    assert found.shape == (GRID, GRID)
    for row in range(0, GRID, 7):
        for column in range(GRID):
            x = left + (column + 0.5) * (right - left) / GRID
            y = bottom + (row + 0.5) * (top - bottom) / GRID
            expected = 1 if x > 0.3 else 2 if y > 1 else 0
            assert found[row, column] == expected, (x, y)


def test_cells_begin_at_the_lower_left():
    first, *_, last = cell_centres((0.0, 6.0, 60.0, 120.0))
    assert first.tolist() == pytest.approx([0.05, 60.5])
    assert last.tolist() == pytest.approx([5.95, 119.5])


def test_other_inputs_are_refused(model):
    with pytest.raises(ValueError, match=r"'digits'.*two numbers"):
        decision_regions(model, load("digits", n_max=10))

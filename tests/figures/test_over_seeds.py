"""The means and intervals over seeds are those of the numbers given."""

import numpy as np
import torch
from scipy import stats

from imbal_lab.figures.over_seeds import over_seeds


def test_mean_and_interval_of_each_class():
    loss = torch.rand(5, 4, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    made = over_seeds({"one": loss, "two": 2 * loss}, ("a", "b"))
    left, right = made.axes
    np.testing.assert_allclose(left.lines[1].get_ydata(), loss[:, :, 1].mean(dim=0))
    np.testing.assert_allclose(right.lines[0].get_ydata(), 2 * loss[:, :, 0].mean(dim=0))
    low, high = stats.t.interval(0.95, 4, loss[:, 2, 0].mean(), stats.sem(loss[:, 2, 0]))
    band = left.collections[0].get_paths()[0].vertices
    at_two = band[band[:, 0] == 2, 1]
    np.testing.assert_allclose([at_two.min(), at_two.max()], [low, high])
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["a", "b"]

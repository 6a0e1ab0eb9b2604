"""Means and intervals over seeds are those of the numbers given, and every line has its name."""

import numpy as np
import torch
from scipy import stats

from imbal_lab.figures import style
from imbal_lab.figures.over_groups import over_groups


def test_mean_interval_marker_and_name():
    values = torch.rand(5, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    panels = {"a": {"one": values, "two": 2 * values}, "b": {"three": values}}
    made = over_groups(panels, ("frequent", "rare"))
    left, right = made.axes
    for ax in (left, right):
        np.testing.assert_allclose(ax.lines[0].get_ydata(), values.mean(dim=0))
    low, high = stats.t.interval(0.95, 4, values[:, 1].mean(), stats.sem(values[:, 1]))
    (bar,) = left.containers[1].lines[2][0].get_segments()
    np.testing.assert_allclose(bar[:, 1], [low, high])
    dots = [container.lines[0] for container in left.containers]
    assert [dot.get_marker() for dot in dots] == [style.MAJORITY.marker, style.MINORITY.marker] * 2
    assert dots[0].get_markerfacecolor() == style.MAJORITY.colour
    assert dots[3].get_markerfacecolor() == style.FACE
    assert [text.get_text() for text in left.texts] == ["one", "two"]
    assert [label.get_text() for label in left.get_xticklabels()] == ["frequent", "rare"]

"""Weights against losses, one dot an example."""

import numpy as np
import pytest
import torch
from matplotlib.lines import Line2D

from imbal_lab.figures import VIEWS, frame, style, weights_against_loss
from imbal_lab.instruments import Snapshot

PANEL = VIEWS["weights"]
LOSS = torch.tensor([0.1, 0.2, 0.3, 2.0])


def moment(*weights):
    return Snapshot(7, sample_loss=LOSS, sample_weight=torch.tensor(weights))


def drawn(ax, seen, classes, **options):
    frame(ax, PANEL, [seen], 10)
    return [a for a in weights_against_loss(ax, seen, classes, **options) if isinstance(a, Line2D)]


def dots(ax, seen, classes):
    kept = [a for a in drawn(ax, seen, classes) if a.get_transform() is ax.transData]
    return [a for a in kept if a.get_marker() not in ("None", "")]


def test_every_example_has_its_dot(ax, make_classes):
    many, rare = dots(ax, moment(0.5, 0.7, 0.8, 2.0), make_classes(3, 1))
    np.testing.assert_allclose(many.get_xdata(), LOSS[:3])
    np.testing.assert_allclose(many.get_ydata(), [0.5, 0.7, 0.8])
    np.testing.assert_allclose(rare.get_xydata(), [[2.0, 2.0]])
    assert rare.get_color() == style.MINORITY.colour
    assert rare.get_zorder() > many.get_zorder()


def curve(ax, seen, classes):
    return [
        a
        for a in drawn(ax, seen, classes)
        if a.get_color() == style.QUIET and a.get_linestyle() == "-"
    ]


def test_a_line_where_the_weight_follows_from_the_loss(ax, make_classes):
    (line,) = curve(ax, moment(0.5, 0.7, 0.8, 2.0), make_classes(3, 1))
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.7, 0.8, 2.0])
    (falling,) = curve(ax, moment(2.0, 0.8, 0.7, 0.5), make_classes(3, 1))
    np.testing.assert_allclose(falling.get_ydata(), [2.0, 0.8, 0.7, 0.5])


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0, 1.0), (0.5, 0.7, 0.3, 2.5)])
def test_no_line_where_it_does_not(ax, make_classes, weights):
    assert not curve(ax, moment(*weights), make_classes(3, 1))


def test_zero_lies_on_the_lower_edge_and_limits_hold_one(ax, make_classes):
    many, _ = dots(ax, moment(0.0, 1.0, 1.0, 2.0), make_classes(3, 1))
    low, high = ax.get_ylim()
    assert many.get_ydata()[0] == low
    assert low < 1 < 2 < high
    assert ax.get_xlim() == (0, 2)


def test_at_most_four_decades(ax):
    low, high = PANEL.limits([moment(1e-9, 1.0, 1.0, 3.0)])[2:]
    assert np.log10(high / low) == pytest.approx(4)
    assert high >= 3


def test_axes_fit_as_long_as_no_end_is_too_near():
    seen = moment(0.02, 1.0, 1.0, 20.0)
    needed = PANEL.limits([seen])
    assert needed == (0, 2, 0.01, 100)
    assert PANEL.fits([seen], needed)
    assert PANEL.fits([seen], (0, 5, 0.001, 1000))
    for too_near in ((0.1, 2, 0.01, 100), (0, 1, 0.01, 100), (0, 2, 0.1, 100), (0, 2, 0.01, 10)):
        assert not PANEL.fits([seen], too_near)


def test_an_example_without_a_weight_has_no_dot(ax, make_classes):
    many, _ = dots(ax, moment(float("nan"), 1.0, 1.0, 2.0), make_classes(3, 1))
    assert np.isnan(many.get_ydata()[0])


def test_shares_of_the_weight_stand_beside_and_in_words(ax, make_classes):
    seen = moment(0.5, 0.7, 0.8, 2.0)
    frame(ax, PANEL, [seen], 10)
    artists = weights_against_loss(ax, seen, make_classes(3, 1))
    texts = [a.get_text() for a in artists if hasattr(a, "get_text")]
    assert texts == ["share of weight", "a: 50 %", "b: 50 %"]
    assert PANEL.words(seen, make_classes(3, 1)) == (
        "Step 7: b is 25 % of the examples and has 50 % of the weight; the largest weight is 2 "
        "times the mean."
    )


def test_behind_another_only_the_line_is_drawn(ax, make_classes):
    (line,) = drawn(ax, moment(0.5, 0.7, 0.8, 2.0), make_classes(3, 1), faint=True)
    assert line.get_linewidth() > 3
    assert not drawn(ax, moment(1.0, 1.0, 1.0, 1.0), make_classes(3, 1), faint=True)

"""Regions show the predicted class of every cell, and every training point on them."""

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from imbal_lab.data import Dataset
from imbal_lab.figures import VIEWS, decision_regions, style
from imbal_lab.instruments import Snapshot

WORDS = VIEWS["regions"].words


@pytest.fixture
def data():
    x = torch.tensor([[1.0, 1], [2, 1], [3, 1], [9, 9]])
    y = torch.tensor([0, 0, 0, 1])
    return Dataset("made", x, y, x, y, ("many", "rare"))


def moment(predicted):
    return Snapshot(5, regions=torch.tensor(predicted), window=(0.0, 10.0, 0.0, 10.0))


def halves(columns=3):
    """Class 1 in the last columns of ten."""
    grid = np.zeros((10, 10), dtype=int)
    grid[:, 10 - columns :] = 1
    return grid.tolist()


def of_type(artists, kind):
    return [a for a in artists if isinstance(a, kind)]


def test_each_cell_has_the_pale_colour_of_its_class(ax, data):
    (picture,) = of_type(decision_regions(ax, moment(halves()), data), AxesImage)
    colours = picture.get_array()
    assert colours.shape == (10, 10, 3)
    assert picture.get_extent() == (0, 10, 0, 10)
    assert picture.origin == "lower"
    for column, look in ((0, style.MAJORITY), (9, style.MINORITY)):
        mixed = (1 - colours[4, column]) / (
            1 - np.array(to_rgb(look.colour))
        )  # the same share of each part
        np.testing.assert_allclose(mixed, mixed[0])
        assert 0.1 < mixed[0] < 0.5


def test_the_border_lies_where_the_class_changes(ax, data):
    (borders,) = of_type(decision_regions(ax, moment(halves(3)), data), LineCollection)
    places = np.concatenate(borders.get_segments())
    np.testing.assert_allclose(places[:, 0], 7.0)
    assert places[:, 1].min() < 1
    assert places[:, 1].max() > 9


def test_a_plane_of_one_class_has_no_border(ax, data):
    (borders,) = of_type(decision_regions(ax, moment([[0] * 10] * 10), data), LineCollection)
    assert not borders.get_segments()


def test_every_training_point_is_there_and_the_rare_are_on_top(ax, data):
    lines = of_type(decision_regions(ax, moment(halves()), data), Line2D)
    many, rare = (line for line in lines if line.get_transform() is ax.transData)
    assert rare.get_color() == style.MINORITY.colour
    np.testing.assert_array_equal(many.get_xydata(), data.x[:3])
    np.testing.assert_array_equal(rare.get_xydata(), data.x[3:])
    assert rare.get_zorder() > many.get_zorder()
    assert rare.get_markersize() > many.get_markersize()
    assert rare.get_marker() != many.get_marker()


def test_behind_another_only_the_border_is_drawn(ax, data):
    artists = decision_regions(ax, moment(halves()), data, faint=True)
    assert [type(a) for a in artists] == [LineCollection]


def test_words_follow_the_regions(data):
    assert WORDS(moment(halves(3)), data) == (
        "Step 5: of the plane shown 70 % is predicted many (most frequent) and 30 % rare (rarest)."
    )
    assert "100 % is predicted many (most frequent) and nothing rare" in WORDS(
        moment(halves(0)), data
    )


def test_a_snapshot_without_regions_says_what_to_do(ax, data):
    with pytest.raises(ValueError, match="wanted="):
        decision_regions(ax, Snapshot(0), data)

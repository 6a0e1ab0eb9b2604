"""Cosines of the classifier as a map with numbers."""

import numpy as np
import pytest
import torch
from matplotlib.image import AxesImage

from imbal_lab.figures import VIEWS, classifier_angles, frame
from imbal_lab.figures.angles import APART_TO_CLOSE
from imbal_lab.instruments import Snapshot

PANEL = VIEWS["angles"]


def moment(cosine):
    return Snapshot(4, angles=torch.tensor(cosine, dtype=torch.float64))


@pytest.fixture
def three():
    return moment([[1.0, -0.8, -0.1], [-0.8, 1, 0.3], [-0.1, 0.3, 1]])


def texts(artists):
    return [a.get_text() for a in artists if hasattr(a, "get_text")]


def test_cells_hold_the_cosines_and_the_diagonal_is_left_out(ax, three, make_classes):
    frame(ax, PANEL, [three], 10)
    artists = classifier_angles(ax, three, make_classes(9, 3, 1))
    (picture,) = [a for a in artists if isinstance(a, AxesImage)]
    shown = np.ma.filled(picture.get_array(), np.nan)
    expected = three.angles.numpy().copy()
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_array_equal(shown, expected)
    assert picture.get_clim() == (-1, 1)
    assert texts(artists)[:6] == ["−0.80", "−0.10", "−0.80", "0.30", "−0.10", "0.30"]
    assert texts(artists)[6:] == ["a (n=9)", "b (n=3)", "c (n=1)"]


def test_the_first_class_is_on_top_left_of_the_axes(ax, three, make_classes):
    frame(ax, PANEL, [three], 10)
    number = next(
        a for a in classifier_angles(ax, three, make_classes(9, 3, 1)) if hasattr(a, "get_text")
    )
    assert number.get_position() == (1, 0)  # between class 0, in row 0, and class 1
    x, y = ax.transAxes.inverted().transform(ax.transData.transform((1, 0)))
    assert (x, y) == pytest.approx((0.5, 5 / 6))


def test_the_simplex_is_marked_on_the_scale(ax, three):
    frame(ax, PANEL, [three], 10)
    (mark,) = [line for line in ax.lines if line.get_marker() == "v"]
    assert mark.get_xdata()[0] == pytest.approx(0.25)  # -1/2 on a strip from -1 to 1
    assert "▾ simplex −0.50" in [t.get_text() for t in ax.texts]


def test_with_more_classes_signs_take_the_place_of_numbers(ax, make_classes):
    cosine = -0.1 * np.ones((8, 8)) + 1.1 * np.eye(8)
    cosine[2, 5] = cosine[5, 2] = 0.4
    seen = moment(cosine.tolist())
    frame(ax, PANEL, [seen], 10)
    artists = classifier_angles(ax, seen, make_classes(*range(9, 1, -1)))
    signs = [a for a in artists if hasattr(a, "get_text") and a.get_text() == "+"]
    assert sorted(a.get_position() for a in signs) == [(2, 5), (5, 2)]


def test_one_map_cannot_lie_behind_another(ax, three, make_classes):
    assert classifier_angles(ax, three, make_classes(9, 3, 1), faint=True) == []


def test_words_compare_the_rare_with_the_frequent(three, make_classes):
    assert PANEL.words(three, make_classes(9, 3, 1)) == (
        "Step 4: the mean cosine among the 2 rarest classes is 0.30, among the 2 most frequent "
        "−0.80; all would be −0.50 in a simplex."
    )


def test_the_wrong_data_set_is_named(ax, three, make_classes):
    with pytest.raises(ValueError, match=r"3 classes.*data set"):
        classifier_angles(ax, three, make_classes(9, 1))


def test_both_sides_of_the_scale_grow_darker_and_differ_in_hue():
    luminance = APART_TO_CLOSE(np.linspace(0, 1, 21))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance[:11]) > 0).all()
    assert (np.diff(luminance[10:]) < 0).all()
    apart, close = APART_TO_CLOSE([0.25, 0.75])[:, :3]
    assert apart[2] > apart[0]  # bluish
    assert close[0] > close[2] + 0.3  # orange

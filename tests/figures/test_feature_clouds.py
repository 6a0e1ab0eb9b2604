"""Features: training filled, test hollow, an arrow from mean to mean."""

import numpy as np
import pytest
import torch
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from imbal_lab.figures import VIEWS, features, frame, style
from imbal_lab.instruments import Snapshot

PANEL = VIEWS["features"]


@pytest.fixture
def seen():
    """Class 0 stays where it is; the test features of class 1 have moved by (-3, 0)."""
    train = torch.tensor([[-5.0, 1], [-5, -1], [5, 1], [5, -1]])
    test = torch.tensor([[-5.0, 1], [-5, -1], [2, 1], [2, -1]])
    y = torch.tensor([0, 0, 1, 1])
    return Snapshot(
        9, features=train, features_y=y, features_test=test, features_test_y=y, features_share=0.83
    )


def test_training_is_filled_and_test_is_hollow(ax, seen, make_classes):
    frame(ax, PANEL, [seen], 10)
    lines = [a for a in features(ax, seen, make_classes(2, 2)) if isinstance(a, Line2D)]
    clouds = [a for a in lines if a.get_transform() is ax.transData]
    hollow = [a for a in clouds if a.get_markerfacecolor() == "none"]
    filled = [a for a in clouds if a not in hollow]
    np.testing.assert_array_equal(
        np.concatenate([a.get_xydata() for a in hollow]), seen.features_test
    )
    np.testing.assert_array_equal(np.concatenate([a.get_xydata() for a in filled]), seen.features)
    assert [a.get_color() for a in filled] == [style.MAJORITY.colour, style.MINORITY.colour]
    assert min(a.get_zorder() for a in filled) > max(a.get_zorder() for a in hollow)


def arrows(artists):
    return [a for a in artists if isinstance(a, FancyArrowPatch)]


def test_arrows_go_from_mean_to_mean(ax, seen, make_classes):
    frame(ax, PANEL, [seen], 10)
    still, moved = arrows(features(ax, seen, make_classes(2, 2)))
    np.testing.assert_allclose(moved._posA_posB, [(5, 0), (2, 0)])
    np.testing.assert_allclose(still._posA_posB, [(-5, 0), (-5, 0)])


def test_behind_another_there_are_only_pale_arrows(ax, seen, make_classes):
    artists = features(ax, seen, make_classes(2, 2), faint=True)
    assert len(arrows(artists)) == len(artists) == 2
    assert all(a.get_alpha() < 0.5 for a in artists)


def test_many_classes_have_no_arrows(ax):
    from imbal_lab.data import Dataset

    y = torch.arange(20)
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    data = Dataset("made", x, y, x, y, tuple(map(str, range(20))))
    seen = Snapshot(0, features=x, features_y=y, features_test=x, features_test_y=y)
    frame(ax, PANEL, [seen], 10)
    artists = features(ax, seen, data)
    assert not arrows(artists)
    assert "arrow: mean to mean" not in [a.get_text() for a in artists if hasattr(a, "get_text")]


def test_the_square_holds_nearly_all_and_is_round(seen):
    left, right, bottom, top = PANEL.limits([seen])
    assert (left, bottom) == (-right, -top)
    assert right == top == 7.5
    assert PANEL.fits([seen], (-10, 10, -10, 10))  # a wider one shows it as well
    assert not PANEL.fits([seen], (-5, 5, -5, 5))


def test_words_say_how_far_each_moved(seen, make_classes):
    """Class means of the test features are 7 apart."""
    assert PANEL.words(seen, make_classes(2, 2)) == (
        "Step 9: test features lie 0.43 (of the mean distance between classes) from training "
        "features for b, 0.00 for a; the plane holds 83 % of the spread of the class means."
    )

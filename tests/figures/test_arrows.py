"""Arrows: exact lengths always, exact angles of two classes, and a plane that is said otherwise."""

import numpy as np
import pytest
import torch
from matplotlib.patches import FancyArrowPatch

from imbal_lab.figures import VIEWS, gradient_arrows, style
from imbal_lab.figures.arrows import flat
from imbal_lab.instruments import Snapshot

WORDS = VIEWS["arrows"].words


def gram_of(*rows):
    rows = np.array(rows, dtype=float)
    return rows @ rows.T


def moment(*rows):
    return Snapshot(3, gram=torch.tensor(gram_of(*rows)))


def ends(artists):
    arrows = [a for a in artists if isinstance(a, FancyArrowPatch)]
    return {a.get_edgecolor(): np.array(a._posA_posB[1]) for a in arrows}


def colour(name):
    from matplotlib.colors import to_rgba

    return to_rgba(name)


@pytest.mark.parametrize("seed", range(6))
def test_two_gradients_keep_lengths_and_angle_and_lie_upright(seed):
    rows = np.random.default_rng(seed).normal(size=(2, 7)) * [[3], [0.2]]
    laid = flat(gram_of(*rows))
    np.testing.assert_allclose(laid.norms, np.linalg.norm(rows, axis=1))
    placed = laid.norms[:, None] * laid.directions
    np.testing.assert_allclose(placed @ placed.T, rows @ rows.T, atol=1e-9)
    np.testing.assert_allclose(placed.sum(axis=0), laid.total, atol=1e-9)
    assert laid.share == pytest.approx(1)
    np.testing.assert_allclose(laid.directions[0], [-1, 0], atol=1e-12)
    assert laid.directions[1, 1] >= 0


def test_three_in_one_plane_are_exact():
    angles = np.deg2rad([0, 100, 220])
    rows = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * [[5], [1], [0.1]]
    laid = flat(gram_of(*rows))
    assert laid.share == pytest.approx(1)
    np.testing.assert_allclose(laid.directions @ laid.directions.T, laid.cosine, atol=1e-9)


def test_three_at_right_angles_keep_two_thirds():
    """The best plane for three orthogonal unit vectors holds two of three dimensions."""
    laid = flat(np.diag([4.0, 1.0, 9.0]))
    assert laid.share == pytest.approx(2 / 3)
    np.testing.assert_allclose(laid.norms, [2, 1, 3])
    np.testing.assert_allclose(np.linalg.norm(laid.total), np.sqrt(14))


def test_a_short_gradient_counts_as_much_as_a_long_one_for_the_plane():
    rows = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0.6, 0.8]])
    long, short = (flat(gram_of(*(rows * [[1], [1], [s]]))) for s in (1, 1e-3))
    np.testing.assert_allclose(long.directions, short.directions, atol=1e-9)


def test_the_gradients_of_a_group_are_added():
    rows = np.random.default_rng(0).normal(size=(10, 5))
    sums = [rows[:4].sum(axis=0), rows[4:7].sum(axis=0), rows[7:].sum(axis=0)]
    laid = flat(gram_of(*rows))
    np.testing.assert_allclose(laid.norms, np.linalg.norm(sums, axis=1))


def test_a_gradient_that_is_zero_has_no_arrow(ax, make_classes):
    laid = flat(gram_of([1, 0], [0, 0]))
    assert not laid.directions[1].any()
    assert laid.share == pytest.approx(1)
    drawn = ends(gradient_arrows(ax, moment([1, 0], [0, 0]), make_classes(9, 1)))
    assert colour(style.MINORITY.colour) not in drawn
    assert colour(style.MAJORITY.colour) in drawn
    gradient_arrows(ax, moment([0, 0], [0, 0]), make_classes(9, 1))  # everything fitted


def test_the_longest_reaches_the_circle_and_the_others_are_in_proportion(ax, make_classes):
    drawn = ends(gradient_arrows(ax, moment([4, 0], [-1, 1]), make_classes(9, 1)))
    np.testing.assert_allclose(drawn[colour(style.MAJORITY.colour)], [-1, 0], atol=1e-12)
    np.testing.assert_allclose(drawn[colour(style.MINORITY.colour)], [0.25, 0.25])
    np.testing.assert_allclose(drawn[colour(style.QUIET)], [-0.75, 0.25])


def test_a_sum_that_is_longer_than_each_stays_within_the_circle(ax, make_classes):
    drawn = ends(gradient_arrows(ax, moment([3, 0], [1, 0]), make_classes(9, 1)))
    np.testing.assert_allclose(drawn[colour(style.QUIET)], [-1, 0], atol=1e-12)
    np.testing.assert_allclose(drawn[colour(style.MAJORITY.colour)], [-0.75, 0], atol=1e-12)


def test_numbers_stand_beside(ax, make_classes):
    artists = gradient_arrows(ax, moment([4, 0], [-1, 1]), make_classes(9, 1))
    texts = [a.get_text() for a in artists if hasattr(a, "get_text")]
    assert texts == ["length, and cosine", "with a", "a: 4", "b: 1.4, −0.71"]


def test_behind_another_there_are_only_arrows(ax, make_classes):
    artists = gradient_arrows(ax, moment([4, 0], [-1, 1]), make_classes(9, 1), faint=True)
    assert all(isinstance(a, FancyArrowPatch) and a.get_alpha() < 0.5 for a in artists)
    assert len(artists) == 2


@pytest.mark.parametrize(("rare", "fate"), [([-1.0, 0.5], "up"), ([-1.0, 2.5], "down")])
def test_words_say_which_way_the_rarest_goes(make_classes, rare, fate):
    """g_1 . (g_0 + g_1) decides: -4 + 1.25 and -4 + 7.25."""
    text = WORDS(moment([4, 0], rare), make_classes(9, 1))
    assert text.startswith("Step 3: the gradient of b is ")
    assert text.endswith(f"brings its loss {fate}.")


def test_words_say_how_much_of_more_than_two_the_plane_holds(make_classes):
    seen = Snapshot(3, gram=torch.diag(torch.tensor([4.0, 1.0, 9.0])))
    text = WORDS(seen, make_classes(9, 3, 1))
    assert "is 1 times as long as the longest" in text
    assert text.endswith("The plane holds 67 % of the directions.")

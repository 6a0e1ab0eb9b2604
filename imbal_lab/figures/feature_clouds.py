"""Features in a plane: those of training examples filled, those of test examples hollow.

The plane is that of :mod:`imbal_lab.instruments.feature_plane`: the one in which the class means
lie widest apart, with the rarest class to the right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from imbal_lab.figures import curves, style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Snapshot


def features(
    ax: Axes, seen: Snapshot, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """A dot an example, and for each class an arrow from its training mean to its test mean.

    With ``faint=True`` only the arrows are drawn, pale and wide.
    """
    train, y, test, test_y = _clouds(seen)
    rows = style.rows(len(classes.class_names))
    artists: list[Artist] = []
    for ranks, look in zip(rows, style.looks(len(rows)), strict=True):
        if not faint:
            artists += _dots(ax, train[np.isin(y, ranks)], test[np.isin(test_y, ranks)], look)
        for rank in ranks:
            if (y == rank).any() and (test_y == rank).any():
                ends = train[y == rank].mean(axis=0), test[test_y == rank].mean(axis=0)
                artists.append(_arrow(ax, *ends, look, faint))
    if faint:
        return artists
    head = ("filled: training", "hollow: test", "arrow: from mean to mean")
    return artists + style.key(ax, style.labels(classes), head=head)


def features_in_words(seen: Snapshot, classes: style.Classes) -> str:
    """One line: how far the test features lie from the training features, rare and frequent.

    As many training features are drawn from every class for it, the same for all, or rare
    classes would look moved because they are few.
    """
    from imbal_lab.instruments import subsampled_deviation  # late: a student's process lacks it

    clouds = seen.features, seen.features_y, seen.features_test, seen.features_test_y
    train, y, test, test_y = clouds
    assert train is not None and y is not None and test is not None and test_y is not None  # noqa: PT018
    moved = subsampled_deviation(train, y, test, test_y, rounds=100).double().numpy()
    means = np.stack(
        [curves.array(test)[test_y.numpy() == c].mean(axis=0) for c in range(len(moved))]
    )
    apart = np.linalg.norm(means[:, None] - means, axis=2)
    scale = apart.sum() / (len(means) * (len(means) - 1))
    by_row = [np.mean(moved[list(ranks)]) / scale for ranks in style.rows(len(moved))]
    names = style.names(classes)
    return (
        f"Step {seen.step}: test features lie {by_row[-1]:.2f} (of the mean distance between "
        f"classes) from training features for {names[-1]}, {by_row[0]:.2f} for {names[0]}; the "
        f"plane holds {100 * (seen.features_share or 0):.0f} % of the spread of the class means."
    )


def half_width(seen: Snapshot) -> float:
    """Half the side of a square around all features but a few outliers: a round number."""
    train, _, test, _ = _clouds(seen)
    return curves.round_up(1.05 * float(np.quantile(np.abs(np.concatenate([train, test])), 0.995)))


def _clouds(seen: Snapshot) -> tuple[curves.Values, ...]:
    parts = seen.features, seen.features_y, seen.features_test, seen.features_test_y
    if any(part is None for part in parts):
        raise ValueError('features: this snapshot has none; take it with wanted=("features",)')
    return tuple(curves.array(part) for part in parts if part is not None)


def _dots(ax: Axes, train: curves.Values, test: curves.Values, look: style.Look) -> list[Artist]:
    size = 5.5 if look is style.MINORITY else 4.0
    (hollow,) = ax.plot(*test.T, look.marker, color=look.colour, markersize=size - 0.5)
    hollow.set(markerfacecolor="none", markeredgewidth=0.8, alpha=0.55, zorder=1.6)
    (filled,) = ax.plot(*train.T, look.marker, color=look.colour, markersize=size)
    filled.set(markeredgecolor="white", markeredgewidth=0.4, zorder=2 + size / 10)
    return [hollow, filled]


def _arrow(
    ax: Axes, start: curves.Values, end: curves.Values, look: style.Look, faint: bool
) -> FancyArrowPatch:
    width = 6.0 if faint else 1.6
    arrow = FancyArrowPatch(
        tuple(start), tuple(end), arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=0
    )
    colour = style.tint(look.colour, 0.28) if faint else style.INK
    arrow.set(color=colour, linewidth=width, zorder=1.5 if faint else 3.2)
    ax.add_patch(arrow)
    return arrow

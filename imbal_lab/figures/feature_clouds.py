"""Features in a plane: those of training examples filled, those of test examples hollow.

The plane is that of :mod:`imbal_lab.instruments.feature_plane`: the one in which the class means
lie widest apart, with the rarest class to the right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import ArrowStyle, FancyArrowPatch

from imbal_lab.figures import curves, style
from imbal_lab.figures.heat_map import MOST_ROWS

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Snapshot


def features(
    ax: Axes, seen: Snapshot, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """A dot an example, and for each class an arrow from its training mean to its test mean.

    More than twelve classes have no arrows, which would cover the picture.
    With ``faint=True`` only the arrows are drawn, pale and wide.
    """
    train, y, test, test_y = _clouds(seen)
    rows = style.rows(len(classes.class_names))
    arrows = len(classes.class_names) <= MOST_ROWS
    artists: list[Artist] = []
    for ranks, look in zip(rows, style.looks(len(rows)), strict=True):
        if not faint:
            artists += _dots(ax, train[np.isin(y, ranks)], test[np.isin(test_y, ranks)], look)
        for rank in ranks if arrows else ():
            if (y == rank).any() and (test_y == rank).any():
                ends = train[y == rank].mean(axis=0), test[test_y == rank].mean(axis=0)
                artists.append(_arrow(ax, *ends, look, faint))
    if faint:
        return artists
    head = ("filled: training", "hollow: test", *["arrow: mean to mean"] * arrows)
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
    """An arrow in the colour of its class, with a white edge that parts it from the dots."""
    length = float(np.hypot(*(ax.transData.transform(end) - ax.transData.transform(start))))
    head = min(10.0, length * 72 / ax.figure.dpi)
    shape = ArrowStyle("simple", head_length=head, head_width=10, tail_width=4)
    arrow = FancyArrowPatch(tuple(start), tuple(end), arrowstyle=shape, shrinkA=0, shrinkB=0)
    arrow.set(mutation_scale=1, facecolor=look.colour, edgecolor="white", linewidth=0.9, zorder=3.2)
    if faint:
        arrow.set(alpha=0.28, zorder=1.5)
    ax.add_artist(arrow)
    return arrow

"""Angles between the classifier's vectors, as their cosines: 0 is a right angle.

The vectors are taken from their mean, which changes no prediction. In the best arrangement of
balanced classes, a simplex, every cosine is -1/(C - 1). Under imbalance the vectors of rare
classes are pushed together: their cosines rise above that value (minority collapse).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from imbal_lab.figures import curves, style
from imbal_lab.figures.heat_map import MOST_ROWS, names_of_rows

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Snapshot

MOST_NUMBERS = 5  # with more classes the cells are too small for text of a readable size
# Dark navy for vectors that point apart, white for a right angle, orange for close ones.
APART_TO_CLOSE = LinearSegmentedColormap.from_list(
    "apart_to_close", [style.MAJORITY.colour, "#6f83a8", "white", "#f4a261", style.MINORITY.colour]
)


def scale(ax: Axes, number: int) -> None:
    """What stays the same at every moment: a strip of the colours, with the simplex marked."""
    low, high = -0.115, -0.065
    strip = AxesImage(ax, cmap=APART_TO_CLOSE, extent=(0, 1, low, high), transform=ax.transAxes)
    strip.set(data=np.linspace(-1, 1, 101)[None], clim=(-1, 1))
    ax.add_artist(strip).set_clip_on(False)
    edge = Rectangle((0, low), 1, high - low, fill=False, transform=ax.transAxes)
    edge.set(edgecolor=style.THIN, linewidth=0.8)
    ax.add_artist(edge).set_clip_on(False)
    simplex = -1 / (number - 1)
    (mark,) = ax.plot([(simplex + 1) / 2], [high + 0.02], "v", transform=ax.transAxes)
    mark.set(color=style.INK, markersize=6, clip_on=False)
    for at, text, side in ((0.0, "−1", "left"), (0.5, "0", "center"), (1.0, "1", "right")):
        made = ax.text(at, -0.135, text, ha=side, va="top", transform=ax.transAxes)
        made.set(color=style.QUIET, fontsize=style.TEXT_PT)
    style.beside(ax, (low + high) / 2, f"▾ simplex {style.signed(simplex)}", None, 5)


def classifier_angles(
    ax: Axes, seen: Snapshot, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Cosines of every two classes as a heat map, the most frequent first.

    Up to five classes have the number in the cell; up to twelve, a plus in cells that are closer
    than a right angle, so that both sides of the scale differ in grey as well. ``faint=True``
    draws nothing: one map cannot lie behind another.
    """
    cosine = _cosines(seen, classes)
    if faint:
        return []
    number = len(cosine)
    picture = AxesImage(ax, cmap=APART_TO_CLOSE, extent=(-0.5, number - 0.5, number - 0.5, -0.5))
    picture.set(data=np.where(np.eye(number, dtype=bool), np.nan, cosine), clim=(-1, 1), zorder=1)
    picture.set_interpolation("nearest")
    ax.add_artist(picture)
    return [picture, *_in_cells(ax, cosine), *names_of_rows(ax, classes)]


def classifier_angles_in_words(seen: Snapshot, classes: style.Classes) -> str:
    """One line: the mean cosine among the rarest classes and among the most frequent ones."""
    cosine = _cosines(seen, classes)
    number = len(cosine)
    half = max(2, number // 3)
    rare, frequent = (
        _mean_of_pairs(part) for part in (cosine[-half:, -half:], cosine[:half, :half])
    )
    return (
        f"Step {seen.step}: the mean cosine among the {half} rarest classes is "
        f"{style.signed(rare)}, among the {half} most frequent {style.signed(frequent)}; all would "
        f"be {style.signed(-1 / (number - 1))} in a simplex."
    )


def _cosines(seen: Snapshot, classes: style.Classes) -> curves.Values:
    if seen.angles is None:
        raise ValueError('angles: this snapshot has none; take it with wanted=("angles",)')
    if len(seen.angles) != len(classes.class_names):
        raise ValueError(
            f"classes = {classes.class_names}: the snapshot has {len(seen.angles)} classes; pass "
            "the data set that the run was trained on"
        )
    return curves.array(seen.angles)


def _in_cells(ax: Axes, cosine: curves.Values) -> list[Artist]:
    number = len(cosine)
    if number > MOST_ROWS:
        return []
    artists: list[Artist] = []
    for row, column in zip(*np.nonzero(~np.eye(number, dtype=bool)), strict=True):
        value = cosine[row, column]
        text = style.signed(value) if number <= MOST_NUMBERS else "+" if value > 0.005 else ""
        if text:
            colour = "white" if value < -0.45 else style.INK
            made = ax.text(column, row, text, ha="center", va="center", color=colour)
            made.set_fontsize(style.TEXT_PT)
            artists.append(made)
    return artists


def _mean_of_pairs(cosine: curves.Values) -> float:
    return float(cosine[np.triu_indices(len(cosine), 1)].mean())

"""Decision regions over two-dimensional inputs, with the training points on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from contourpy import contour_generator
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from torch import Tensor

from imbal_lab.figures import style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Snapshot

TINTS = (0.27, 0.24, 0.22, 0.30)  # of the looks, most frequent first
SIZES = (2.6, 3.6, 4.4, 6.0)  # points; the rare ones are large enough to be found


class Points(style.Classes, Protocol):
    """What a picture of examples needs to know; `imbal_lab.data.Dataset` fits."""

    @property
    def x(self) -> Tensor: ...

    @property
    def y(self) -> Tensor: ...


def decision_regions(
    ax: Axes, seen: Snapshot, classes: Points, *, faint: bool = False
) -> list[Artist]:
    """Pale regions of predicted classes, their borders, and the training points, rare on top.

    With ``faint=True`` only the borders are drawn, pale and wide.
    """
    if seen.regions is None or seen.window is None:
        raise ValueError('regions: this snapshot has none; take it with wanted=("regions",)')
    predicted = seen.regions.numpy()
    borders = _borders(predicted, seen.window)
    if faint:
        borders.set(linewidth=4, color=style.tint(style.INK, 0.3), zorder=1.2)
        return [ax.add_artist(borders)]
    picture = AxesImage(ax, extent=seen.window, origin="lower", interpolation="bilinear")
    picture.set(data=_colours(predicted, len(classes.class_names)), zorder=1)
    borders.set(linewidth=1.0, color=style.QUIET, zorder=1.3)
    ax.add_artist(picture)
    ax.add_artist(borders)
    return [picture, borders, *_points(ax, classes), *style.key(ax, style.labels(classes))]


def decision_regions_in_words(seen: Snapshot, classes: Points) -> str:
    """One line: how much of the plane goes to the rarest and the most frequent class."""
    assert seen.regions is not None
    share = np.bincount(seen.regions.flatten().numpy(), minlength=len(classes.class_names))
    percent = 100 * share / share.sum()
    names = classes.class_names
    rare = f"{percent[-1]:.0f} %" if percent[-1] else "nothing"
    return (
        f"Step {seen.step}: of the plane shown {percent[0]:.0f} % is predicted {names[0]} "
        f"(most frequent) and {rare} {names[-1]} (rarest)."
    )


def _colours(predicted: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    looks = [style.look_of(rank, num_classes) for rank in range(num_classes)]
    of_look = dict(zip(style.looks(style.MOST_LINES), TINTS, strict=True))
    return np.array([style.tint(look.colour, of_look[look]) for look in looks])[predicted]


def _borders(predicted: NDArray[np.int64], window: tuple[float, ...]) -> LineCollection:
    """Where one class ends: contours of its indicator, smoothed over three cells."""
    left, right, bottom, top = window
    rows, columns = predicted.shape
    x = left + (right - left) * (np.arange(columns) + 0.5) / columns
    y = bottom + (top - bottom) * (np.arange(rows) + 0.5) / rows
    lines: list[Any] = []
    for c in np.unique(predicted):
        smooth = _smooth((predicted == c).astype(float))
        lines += contour_generator(x, y, smooth).lines(0.5)
    return LineCollection(lines)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over each cell and its eight neighbours."""
    padded = np.pad(values, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    mean: NDArray[np.float64] = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return mean


def _points(ax: Axes, classes: Points) -> list[Artist]:
    x, y, number = classes.x.numpy(), classes.y.numpy(), len(classes.class_names)
    sizes = dict(zip(style.looks(style.MOST_LINES), SIZES, strict=True))
    artists: list[Artist] = []
    for rank in range(number):
        look = style.look_of(rank, number)
        (dots,) = ax.plot(*x[y == rank].T, look.marker, color=look.colour, markersize=sizes[look])
        edge = style.INK if look is style.MINORITY else "white"  # the brightest needs a dark edge
        dots.set(zorder=2 + rank / number, markeredgecolor=edge, markeredgewidth=0.5)
        artists.append(dots)
    return artists

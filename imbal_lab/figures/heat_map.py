"""Class by step: one row a class, the most frequent on top, bright where it is learned."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from imbal_lab.figures import curves, style

COLUMNS = 240  # of the picture; steps are laid out on the same axis as the curves
MOST_ROWS = 12  # with a name each; more classes are named by their groups


def recall_map(
    ax: Axes, run: curves.Run, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Recall of every class over steps: dark 0, bright 1. ``faint=True`` draws nothing."""
    return [] if faint else _map(ax, *curves.over_steps(run, "recall"), classes, (0.0, 1.0), False)


def loss_map(
    ax: Axes, run: curves.Run, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Loss of every class over steps: bright 0, dark the upper limit of the axis.

    ``faint=True`` draws nothing.
    """
    limits = 0.0, ax.get_ylim()[1]
    return [] if faint else _map(ax, *curves.over_steps(run, "loss"), classes, limits, True)


def recall_map_in_words(run: curves.Run, classes: style.Classes) -> str:
    """One line: how many classes are recognised, and which are missed."""
    step, values = curves.over_steps(run, "recall")
    final = values[:, -1].mean(axis=0)
    missed = [name for name, value in zip(classes.class_names, final, strict=True) if value < 0.1]
    found = int((final >= 0.5).sum())
    tail = f"recall below 0.1: {_listed(missed)}" if missed else "no recall is below 0.1"
    return (
        f"Step {int(step[-1])}: {found} of {len(final)} classes are recognised at least half of "
        f"the time; {tail}."
    )


def loss_map_in_words(run: curves.Run, classes: style.Classes) -> str:
    """One line: which classes have a loss above that of guessing."""
    step, values = curves.over_steps(run, "loss")
    guess = np.log(len(classes.class_names))
    final = values[:, -1].mean(axis=0)
    worse = [name for name, value in zip(classes.class_names, final, strict=True) if value > guess]
    tail = (
        f"worse than guessing ({guess:.2f}): {_listed(worse)}"
        if worse
        else "none is worse than guessing"
    )
    return (
        f"Step {int(step[-1])}: mean loss from {np.nanmin(final):.2f} to {np.nanmax(final):.2f}; "
        f"{tail}."
    )


def _map(
    ax: Axes,
    step: curves.Values,
    values: curves.Values,
    classes: style.Classes,
    limits: tuple[float, float],
    dark_is_high: bool,
) -> list[Artist]:
    """``values`` [S, T, C] as an image in the axes, empty beyond the last step."""
    to_axes = ax.transData + ax.transAxes.inverted()
    places = to_axes.transform(np.stack([step, np.zeros_like(step)], axis=1))[:, 0]
    middle = (np.arange(COLUMNS) + 0.5) / COLUMNS
    newest = np.searchsorted(places, middle, side="right") - 1  # the last step before each column
    shown = values.mean(axis=0)[np.maximum(newest, 0)].T
    shown[:, (newest < 0) | (middle > places[-1])] = np.nan
    picture = AxesImage(ax, cmap="cividis_r" if dark_is_high else "cividis", extent=(0, 1, 0, 1))
    picture.set(data=shown, clim=limits, transform=ax.transAxes, zorder=1)
    picture.set_interpolation("nearest")
    ax.add_artist(picture)
    return [picture, *names_of_rows(ax, classes)]


def names_of_rows(ax: Axes, classes: style.Classes) -> list[Artist]:
    """Names and counts right of equally high rows, the most frequent on top; of many, groups."""
    number = len(classes.class_names)
    if number <= MOST_ROWS:
        pairs = zip(classes.class_names, classes.counts, strict=True)
        return [
            style.beside(ax, 1 - (k + 0.5) / number, f"{name} (n={n})", style.look_of(k, number), 5)
            for k, (name, n) in enumerate(pairs)
        ]
    middles = [1 - (float(np.mean(ranks)) + 0.5) / number for ranks in style.rows(number)]
    lines = zip(middles, style.labels(classes), style.looks(len(middles)), strict=True)
    return [style.beside(ax, height, text, look, 5) for height, text, look in lines]


def _listed(names: list[str]) -> str:
    return (
        ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
    )

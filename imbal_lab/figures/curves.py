"""Per-class curves over steps.

Each function draws one quantity of a `Recording` on axes that `panels.frame` has prepared, and
returns the artists it made, so that a live picture can redraw these alone. `classes` is the data
set, for names and counts. With `faint=True` the same run is drawn as a pale, wide reference
without labels, to lie behind another.

Up to four classes: a labelled line each. More: the means of many, medium and few as thick
labelled lines over thin grey classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from imbal_lab.figures import style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording

Values = NDArray[np.float64]
LABEL_GAP = 0.125  # of the axes' height: one line of text in the live picture


def loss(
    ax: Axes, recording: Recording, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Mean training loss of each class, with the minority's start as a thin reference."""
    values = array(recording.loss)
    artists = _lines(ax, recording, values, classes, faint)
    if not faint and len(values):
        start = grouped(values)[0][-1]
        artists.append(ax.axhline(start, color=style.QUIET, linewidth=0.9, linestyle=":"))
    return artists


def recall(
    ax: Axes, recording: Recording, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Recall of each class on the balanced test set, 0 to 1."""
    return _lines(ax, recording, array(recording.recall), classes, faint)


def grad_norm(
    ax: Axes, recording: Recording, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """L2 norm of each class's gradient (its contribution to the full gradient), log scale."""
    values = array(recording.grad_norm)
    return _lines(ax, recording, np.where(values > 0, values, np.nan), classes, faint)


def cosine(
    ax: Axes, recording: Recording, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Cosine between the majority's gradient and that of every other class.

    For two classes a thin line shows -||g_1|| / ||g_0||: while the cosine is below it, a step of
    gradient descent raises the minority's loss.
    """
    with_majority = array(recording.cosine)[:, 0].copy()
    with_majority[:, 0] = np.nan  # with itself: always 1, says nothing
    artists = _lines(ax, recording, with_majority, classes, faint)
    if not faint:
        artists.append(ax.axhline(0.0, color=style.QUIET, linewidth=0.9, linestyle=":"))
    if not faint and with_majority.shape[1] == 2:
        artists += _limit(ax, recording)
    return artists


def _limit(ax: Axes, recording: Recording) -> list[Artist]:
    """The line below which gradient descent raises the minority's loss, with its label."""
    majority, minority = array(recording.grad_norm).T
    limit = -minority / np.where(majority > 0, majority, np.nan)
    label = ax.annotate(
        "below the thin line, plain GD would raise it",
        (0.02, 0.93),
        xycoords="axes fraction",
        va="center",
        color=style.QUIET,
        fontsize=style.TEXT_PT,
    )
    return [*ax.plot(array(recording.step), limit, color=style.INK, linewidth=1.0), label]


def array(values: Tensor) -> Values:
    """A recorded tensor as float64 NumPy, infinities as gaps."""
    plain = values.detach().to(torch.float64).numpy()
    return np.where(np.isfinite(plain), plain, np.nan)


def grouped(values: Values) -> Values:
    """[T, C] to one column a line: the classes, or the means of many, medium and few."""
    if values.shape[1] <= style.MOST_LINES:
        return values
    columns = [values[:, list(ranks)] for _, ranks in style.groups(values.shape[1])]
    counts = [(~np.isnan(c)).sum(axis=1) for c in columns]
    pairs = zip(columns, counts, strict=True)
    return np.stack(
        [np.where(n > 0, np.nansum(c, axis=1) / np.maximum(n, 1), np.nan) for c, n in pairs],
        axis=1,
    )


def _labels(classes: style.Classes) -> list[str]:
    """One label a line: `name (n=12)`, or `few (n=1–3)`."""
    names, counts = classes.class_names, classes.counts
    if len(names) <= style.MOST_LINES:
        return [f"{name} (n={n})" for name, n in zip(names, counts, strict=True)]
    ends = [(name, counts[r[-1]], counts[r[0]]) for name, r in style.groups(len(names))]
    return [f"{name} (n={a}–{b})" if a < b else f"{name} (n={a})" for name, a, b in ends]


def _lines(
    ax: Axes, recording: Recording, values: Values, classes: style.Classes, faint: bool
) -> list[Artist]:
    if values.shape[1] != len(classes.class_names):
        raise ValueError(
            f"classes = {classes.class_names}: the recording has {values.shape[1]} classes; "
            "pass the data set that the run was trained on"
        )
    step = array(recording.step)
    thick = grouped(values)
    many = values.shape[1] > style.MOST_LINES
    artists: list[Artist] = []
    if many and not faint:
        artists += ax.plot(step, values, color=style.THIN, linewidth=0.8, zorder=1.5)
    for k, look in enumerate(style.looks(thick.shape[1])):
        if np.isnan(thick[:, k]).all():
            continue  # nothing to draw, and matplotlib cannot space markers on nothing
        if faint:
            (line,) = ax.plot(step, thick[:, k], color=look.colour, alpha=0.28, zorder=1.8)
            line.set_linewidth(3 * look.width)
            artists.append(line)
        else:
            artists += ax.plot(
                step,
                thick[:, k],
                color=look.colour,
                linewidth=look.width,
                linestyle=look.dash,
                marker=look.marker,
                markersize=4.5,
                markevery=(0.05 + 0.05 * k, 0.2),
            )
    return artists if faint else artists + _labels_at_end(ax, thick, _labels(classes))


def _labels_at_end(ax: Axes, values: Values, labels: Sequence[str]) -> list[Artist]:
    """Labels in the right margin, at the height of each line's last value."""
    ends = [(k, column[~np.isnan(column)][-1:]) for k, column in enumerate(values.T)]
    shown = [(k, float(end[0])) for k, end in ends if len(end)]
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [to_axes.transform((0.0, value))[1] for _, value in shown]
    placed = style.spread(heights, LABEL_GAP, 0.02, 0.98)
    all_looks = style.looks(values.shape[1])
    return [
        ax.annotate(
            labels[k],
            (1.0, height),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=all_looks[k].colour,
            fontsize=style.TEXT_PT,
            fontweight="bold" if k == values.shape[1] - 1 else "normal",
            annotation_clip=False,
        )
        for (k, _), height in zip(shown, placed, strict=True)
    ]

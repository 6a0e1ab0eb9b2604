"""Per-class curves over steps.

Each function draws one quantity of a run on axes that `panels.frame` has prepared, and returns
the artists it made, so that a live picture can redraw these alone. `classes` is the data set, for
names and counts. With `faint=True` the same run is drawn as a pale, wide reference without labels,
to lie behind another.

Up to four classes: a labelled line each. More: the means of many, medium and few as thick
labelled lines over thin grey classes. Of runs that differ in their seed alone, given as `Seeds`,
the mean is drawn with its 95 % interval.

The axis of steps is logarithmic from 10, so that at its end several steps share a pixel. There the
line is the mean of the steps of a column, and a pale band reaches from the lowest to the highest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from torch import Tensor

from imbal_lab.figures import style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording, Snapshot

Values = NDArray[np.float64]
LABEL_GAP = 0.125  # of the axes' height: one line of text in the live picture
COLUMNS = 130  # across the axes, of two pixels each in the live picture
BAND_FROM = 0.01  # of the axes' height: a lower band is not drawn
GUESSED = 10  # steps for which a prediction is drawn: the even part of the axis


@dataclass(frozen=True)
class Seeds:
    """Runs of one setting with different seeds, to be drawn as one: mean and interval."""

    runs: tuple[Any, ...]  # recordings, or sequences of snapshots


Run: TypeAlias = "Recording | Seeds"
Moments: TypeAlias = "Sequence[Snapshot] | Seeds"


def loss(ax: Axes, run: Run, classes: style.Classes, *, faint: bool = False) -> list[Artist]:
    """Mean training loss of each class, with the minority's start as a thin reference."""
    step, values = over_steps(run, "loss")
    artists = _lines(ax, step, values, classes, faint)
    if not faint and len(step):
        start = grouped(values.mean(axis=0))[0][-1]
        artists.append(ax.axhline(start, color=style.QUIET, linewidth=0.9, linestyle=":"))
    return artists


def predicted_loss(ax: Axes, run: Run, falls: float | None) -> list[Artist]:
    """What was predicted of the minority's loss, over the first steps, beside the truth.

    From its start it falls ``falls`` times as far as the majority's; None draws nothing.
    """
    step, values = over_steps(run, "loss")
    if falls is None or len(step) < 2:
        return []
    losses = grouped(values.mean(axis=0))[step <= GUESSED]
    guess = losses[0, -1] + falls * (losses[:, 0] - losses[0, 0])
    (line,) = ax.plot(step[step <= GUESSED], guess, color=style.INK, linewidth=2.2)
    line.set(dashes=(0.8, 1.0), zorder=2.5, marker="X", markersize=7, markevery=[len(guess) - 1])
    label = ax.annotate(
        "your prediction",
        (step[step <= GUESSED][-1], guess[-1]),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        color=style.INK,
        fontsize=style.TEXT_PT,
    )
    return [line, label]


def recall(ax: Axes, run: Run, classes: style.Classes, *, faint: bool = False) -> list[Artist]:
    """Recall of each class on the balanced test set, 0 to 1."""
    return _lines(ax, *over_steps(run, "recall"), classes, faint)


def grad_norm(ax: Axes, run: Run, classes: style.Classes, *, faint: bool = False) -> list[Artist]:
    """L2 norm of each class's gradient (its contribution to the full gradient), log scale."""
    step, values = over_steps(run, "grad_norm")
    return _lines(ax, step, np.where(values > 0, values, np.nan), classes, faint)


def cosine(ax: Axes, run: Run, classes: style.Classes, *, faint: bool = False) -> list[Artist]:
    """Cosine between the majority's gradient and that of every other class.

    For two classes a thin line shows -||g_1|| / ||g_0||: while the cosine is below it, a step of
    gradient descent raises the minority's loss.
    """
    step, values = over_steps(run, "cosine")
    with_majority = values[:, :, 0].copy()
    with_majority[:, :, 0] = np.nan  # with itself: always 1, says nothing
    artists = _lines(ax, step, with_majority, classes, faint)
    if not faint:
        artists.append(ax.axhline(0.0, color=style.QUIET, linewidth=0.9, linestyle=":"))
    if not faint and with_majority.shape[2] == 2:
        artists += _limit(ax, step, over_steps(run, "grad_norm")[1].mean(axis=0))
    return artists


def projection(
    ax: Axes, run: Moments, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Projection p of mini-batch class gradients on those of the whole training set, -1 to 1."""
    return _lines(ax, *over_steps(run, "projection"), classes, faint)


def feature_gradient(
    ax: Axes, run: Moments, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """Mean norm of the gradient at the features in each class, log scale."""
    step, values = over_steps(run, "feature_gradient")
    return _lines(ax, step, np.where(values > 0, values, np.nan), classes, faint)


def over_steps(run: Run | Moments, quantity: str) -> tuple[Values, Values]:
    """Steps [T], and values [S, T, C] or [S, T, C, C] of one quantity, S seeds.

    Runs that are on their way have different lengths: the steps are those that all have reached.
    """
    columns = [_column(one, quantity) for one in (run.runs if isinstance(run, Seeds) else (run,))]
    length = min(len(step) for step, _ in columns)
    return columns[0][0][:length], np.stack([values[:length] for _, values in columns])


def _column(run: Any, quantity: str) -> tuple[Values, Values]:
    if hasattr(run, quantity):
        return array(run.step), array(getattr(run, quantity))
    steps = np.array([float(seen.step) for seen in run])
    return steps, array(torch.stack([getattr(seen, quantity) for seen in run]))


def _limit(ax: Axes, step: Values, norms: Values) -> list[Artist]:
    """The line below which gradient descent raises the minority's loss, with its label."""
    majority, minority = norms.T
    limit = -minority / np.where(majority > 0, majority, np.nan)
    label = ax.annotate(
        "below the thin line, GD raises it",
        (0.02, 0.93),
        xycoords="axes fraction",
        va="center",
        color=style.QUIET,
        fontsize=style.TEXT_PT,
    )
    return [*ax.plot(step, limit, color=style.INK, linewidth=1.0), label]


def array(values: Tensor) -> Values:
    """A recorded tensor as float64 NumPy, infinities as gaps."""
    plain = values.detach().to(torch.float64).numpy()
    return np.where(np.isfinite(plain), plain, np.nan)


def round_up(highest: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 5, 7.5, 10 times a power of ten."""
    decade = 10.0 ** math.floor(math.log10(highest))
    return next(m * decade for m in (1, 1.5, 2, 3, 4, 5, 7.5, 10) if m * decade >= highest)


def grouped(values: Values) -> Values:
    """[..., C] to one column a line: the classes, or the means of many, medium and few."""
    return np.stack([mean(values[..., list(r)]) for r in style.rows(values.shape[-1])], axis=-1)


def mean(values: Values, axis: int = -1) -> Values:
    """Mean over one axis without the gaps; a gap where there is nothing else."""
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=axis)
    count = present.sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def interval(values: Values) -> tuple[Values, Values]:
    """Ends of the 95 % t-interval of the mean over the first axis [S, ...], S at least two."""
    from scipy import stats  # late: a picture of one run needs none of it

    seeds = len(values)
    half = stats.t.ppf(0.975, seeds - 1) * values.std(axis=0, ddof=1) / np.sqrt(seeds)
    middle = values.mean(axis=0)
    return middle - half, middle + half


def _lines(
    ax: Axes, step: Values, values: Values, classes: style.Classes, faint: bool
) -> list[Artist]:
    """``values`` [S, T, C]."""
    if values.shape[2] != len(classes.class_names):
        raise ValueError(
            f"classes = {classes.class_names}: the recording has {values.shape[2]} classes; "
            "pass the data set that the run was trained on"
        )
    starts = _columns(ax, step)
    step = _per_column(step, starts)
    by_seed = grouped(values)
    means = _per_column(by_seed, starts, axis=1)
    thick = means.mean(axis=0)
    artists: list[Artist] = []
    if values.shape[2] > style.MOST_LINES and not faint:
        artists.append(_thin(ax, step, _per_column(values.mean(axis=0), starts)))
    looks = style.looks(thick.shape[1])
    if not faint:
        artists += _bands(ax, step, by_seed, starts, looks)
    for k, look in enumerate(looks):
        if np.isnan(thick[:, k]).all():
            continue  # nothing to draw, and matplotlib cannot space markers on nothing
        artists += _line(ax, step, thick[:, k], look, k, faint)
    return artists if faint else artists + _labels_at_end(ax, thick, style.labels(classes))


def _columns(ax: Axes, step: Values) -> NDArray[np.int64]:
    """Where the steps of a new column begin."""
    column = np.floor(_across(ax, step) * COLUMNS - 1e-6)  # the end belongs to the last
    return np.flatnonzero(np.diff(column, prepend=-np.inf) > 0)


def _across(ax: Axes, step: Values) -> Values:
    """Where steps stand on the axis, 0 to 1."""
    return _in_axes(ax, np.column_stack([step, np.ones_like(step)]))[:, 0]


def _up(ax: Axes, value: Values) -> Values:
    """At which height of the axes values stand, 0 to 1."""
    return _in_axes(ax, np.column_stack([np.ones_like(value), value]))[:, 1]


def _in_axes(ax: Axes, points: Values) -> Values:
    found: Values = (ax.transScale + ax.transLimits).transform(points)
    return found


def _per_column(values: Values, starts: NDArray[np.int64], axis: int = 0) -> Values:
    """The mean of each column."""
    lengths = np.diff(starts, append=values.shape[axis])
    total = np.add.reduceat(values, starts, axis=axis)
    mean: Values = np.moveaxis(np.moveaxis(total, axis, -1) / lengths, -1, axis)
    return mean


def _thin(ax: Axes, step: Values, values: Values) -> Artist:
    """One artist for all classes: drawn much faster than a line each."""
    each = LineCollection([np.column_stack([step, of_class]) for of_class in values.T])
    each.set(color=style.THIN, linewidth=0.8, zorder=1.5)
    return ax.add_artist(each)


def _line(
    ax: Axes, step: Values, values: Values, look: style.Look, k: int, faint: bool
) -> list[Artist]:
    # Not ax.plot, which takes twice as long: it looks for limits, and these are set already.
    if faint:
        width = 3 * look.width
        pale = Line2D(step, values, color=look.colour, alpha=0.28, linewidth=width, zorder=1.8)
        return [ax.add_artist(pale)]
    line = Line2D(step, values, color=look.colour, linewidth=look.width)
    line.set(linestyle=look.dash, marker=look.marker, markersize=4.5)
    line.set_markevery(_marked(_across(ax, step), k))
    return [ax.add_artist(line)]


def _marked(across: Values, k: int) -> list[int]:
    """The points that carry a marker: five across the axes, those of each line elsewhere."""
    wanted = 0.06 + 0.05 * k + 0.2 * np.arange(5)
    found = np.searchsorted(across, wanted[wanted <= max(across[-1], 0)])
    return sorted({int(i) for i in found if i < len(across)}) or [len(across) - 1]


def _bands(
    ax: Axes,
    step: Values,
    by_seed: Values,
    starts: NDArray[np.int64],
    looks: Sequence[style.Look],
) -> list[Artist]:
    """Of seeds [S, T, K] their interval; of one run what lies within a column. One artist."""
    if len(by_seed) > 1:
        low, high = interval(_per_column(by_seed, starts, axis=1))
    else:
        low, high = (cut.reduceat(by_seed[0], starts) for cut in (np.minimum, np.maximum))
    if ax.get_yscale() == "log":
        low = np.maximum(low, ax.get_ylim()[0])  # an interval may reach below zero
    polygons, colours = [], []
    for under, over, look in zip(low.T, high.T, looks, strict=True):
        if len(by_seed) > 1 or np.nanmax(_up(ax, over) - _up(ax, under), initial=0) > BAND_FROM:
            there = ~np.isnan(over)
            back = np.column_stack([step[there], under[there]])[::-1]
            polygons.append(np.concatenate([np.column_stack([step[there], over[there]]), back]))
            colours.append(look.colour)
    if not polygons:
        return []
    bands = PolyCollection(polygons, facecolors=colours, alpha=0.22, linewidth=0, zorder=1.7)
    return [ax.add_artist(bands)]


def _labels_at_end(ax: Axes, values: Values, labels: Sequence[str]) -> list[Artist]:
    """Labels in the right margin, at the height of each line's last value."""
    ends = [(k, column[~np.isnan(column)][-1:]) for k, column in enumerate(values.T)]
    shown = [(k, float(end[0])) for k, end in ends if len(end)]
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [to_axes.transform((0.0, value))[1] for _, value in shown]
    placed = style.spread(heights, LABEL_GAP, 0.02, 0.98)
    all_looks = style.looks(values.shape[1])
    return [
        style.beside(ax, height, labels[k], all_looks[k], indent=5)
        for (k, _), height in zip(shown, placed, strict=True)
    ]

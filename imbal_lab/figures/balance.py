"""Attraction and repulsion of two losses: over the counts, over the epochs, and the recalls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from scipy import stats
from torch import Tensor

from imbal_lab.figures import style

# Two losses, told apart by dash and lightness; colour stays with the classes.
LINES = (("--", style.QUIET, "white"), ("-", style.INK, None))


def balance(
    counts: Sequence[int],
    ratios: Mapping[str, Tensor],
    slopes: Mapping[str, Tensor],
    recalls: Mapping[str, Tensor],
) -> Figure:
    """Three panels; each mapping has the same two labels, the plain loss first.

    ``ratios`` [S, C] are R/A at the start, ``slopes`` [S, E] those of log R/A over log n epoch by
    epoch, ``recalls`` [S, C] those at the end. Bars and bands are 95 % t-intervals of the mean over
    the S seeds, of logarithms for the ratios.
    """
    made = Figure(figsize=(9.5, 3.4), dpi=100, facecolor=style.FACE)
    left, middle, right = made.subplots(1, 3, gridspec_kw={"width_ratios": [1.15, 1, 1]})
    _over_counts(left, counts, ratios)
    _over_epochs(middle, slopes)
    _recalls(right, recalls)
    made.tight_layout(w_pad=1.5)
    return made


def interval(values: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean and half-width of its 95 % interval over the first axis."""
    array = values.double().numpy()
    half = stats.t.ppf(0.975, len(array) - 1) * array.std(axis=0, ddof=1) / len(array) ** 0.5
    return array.mean(axis=0), half


def _over_counts(ax: Axes, counts: Sequence[int], ratios: Mapping[str, Tensor]) -> None:
    style.dress(ax, "R/A of each class, at the start")
    ax.axhline(1, color=style.THIN, linewidth=1)
    for (label, ratio), (dash, colour, face) in zip(ratios.items(), LINES, strict=True):
        mean, half = interval(ratio.log())
        ax.plot(counts, np.exp(mean), dash, color=colour, linewidth=1.4, label=label, zorder=2)
        for rank, n in enumerate(counts):
            look = style.look_of(rank, len(counts))
            reach = [[np.exp(mean[rank] - half[rank])], [np.exp(mean[rank] + half[rank])]]
            ax.plot([n, n], np.ravel(reach), color=look.colour, linewidth=1.4, zorder=3)
            (dot,) = ax.plot([n], [np.exp(mean[rank])], look.marker, color=look.colour, zorder=4)
            dot.set(markersize=6, markerfacecolor=face or look.colour)
    ax.set(xscale="log", yscale="log", xlabel="examples of the class")
    for axis, ticks in ((ax.xaxis, (2, 5, 10, 20, 50, 100)), (ax.yaxis, (0.1, 0.3, 1, 3, 10))):
        axis.set_ticks(ticks, minor=False)
        axis.set_ticks([], minor=True)
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.legend(frameon=False, fontsize=style.TEXT_PT)
    _label(ax)


def _over_epochs(ax: Axes, slopes: Mapping[str, Tensor]) -> None:
    style.dress(ax, "Its slope, over the epochs")
    ax.axhline(0, color=style.THIN, linewidth=1)
    for (label, slope), (dash, colour, _) in zip(slopes.items(), LINES, strict=True):
        mean, half = interval(slope)
        epochs = np.arange(len(mean))
        ax.fill_between(epochs, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
        ax.plot(epochs, mean, dash, color=colour, linewidth=1.6, label=label)
    ax.set_xscale("symlog", linthresh=5, linscale=1.2)
    ticks = [t for t in (0, 1, 2, 5, 10, 20, 60) if t <= epochs[-1]]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("epoch")
    _label(ax)


def _recalls(ax: Axes, recalls: Mapping[str, Tensor]) -> None:
    style.dress(ax, "Recall at the end")
    ends = []
    groups = style.groups(next(iter(recalls.values())).shape[1])
    for (name, ranks), look in zip(groups, style.looks(len(groups)), strict=True):
        both = [interval(recall[:, list(ranks)].mean(dim=1)) for recall in recalls.values()]
        means, halves = zip(*both, strict=True)
        ax.errorbar(
            range(len(both)),
            means,
            halves,
            color=look.colour,
            marker=look.marker,
            linestyle=look.dash,
            linewidth=look.width,
            markersize=6,
            capsize=3,
        )
        ends.append((float(means[-1]), name, look))
    ax.set_xticks(range(len(recalls)), list(recalls))
    ax.set_xlim(-0.35, len(recalls) - 0.35)
    low, high = ax.get_ylim()
    heights = style.spread([end for end, _, _ in ends], 0.09 * (high - low), low, high)
    for height, (_, name, look) in zip(heights, ends, strict=True):
        style.beside(ax, (height - low) / (high - low), name, look, indent=4)
    _label(ax)


def _label(ax: Axes) -> None:
    ax.xaxis.label.set(fontsize=style.TEXT_PT, color=style.QUIET)

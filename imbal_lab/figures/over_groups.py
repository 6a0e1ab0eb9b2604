"""Numbers of a few groups of classes over seeds: one panel a quantity, from frequent to rare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from imbal_lab.figures import style

DASHES: tuple[style.Dash, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.6)))
DODGE = 0.05  # from line to line, so that intervals do not cover one another
LABEL_GAP = 0.075  # of the axes' height
SAMPLE = [1.02, 1.12]  # of the axes' width, where a label's dash is drawn


def over_groups(panels: Mapping[str, Mapping[str, Tensor]], names: Sequence[str]) -> Figure:
    """A panel for each entry of ``panels``, in which up to three lines have a label.

    Each line is [S, G]: seeds, and two to four groups from the most frequent to the rarest. Bars
    are 95 % t-intervals of the mean over the seeds. The first line of a panel has filled markers,
    the others hollow ones.
    """
    made = Figure(figsize=(4.75 * len(panels), 3.4), dpi=100, facecolor=style.FACE)
    axes = made.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, lines) in zip(axes, panels.items(), strict=True):
        style.dress(ax, title)
        ax.set_xticks(range(len(names)), list(names))
        ax.set_xlim(-0.35, len(names) - 0.65)
        for k, values in enumerate(lines.values()):
            shift = DODGE * (k - (len(lines) - 1) / 2)
            _line(ax, values.double().numpy(), shift, DASHES[k], filled=k == 0)
        ax.set_ylim(bottom=0)
        _name_lines(ax, lines)
    made.tight_layout(w_pad=2)
    return made


def _line(
    ax: Axes, values: NDArray[np.float64], shift: float, dash: style.Dash, *, filled: bool
) -> None:
    """Mean over seeds of ``values`` [S, G], its intervals, and the marker of each group."""
    mean, x = values.mean(axis=0), shift + np.arange(values.shape[1])
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values, axis=0)
    ax.plot(x, mean, color=style.QUIET, linestyle=dash, linewidth=1.6)
    for group, look in enumerate(style.looks(len(x))):
        ax.errorbar(
            x[group],
            mean[group],
            half[group],
            fmt=look.marker,
            color=look.colour,
            markersize=7,
            markerfacecolor=look.colour if filled else style.FACE,
            elinewidth=1.6,
            capsize=3,
        )


def _name_lines(ax: Axes, lines: Mapping[str, Tensor]) -> None:
    """The dash and the label of each line beside its right end, kept apart."""
    low, high = ax.get_ylim()
    ends = [(float(v[:, -1].double().mean()) - low) / (high - low) for v in lines.values()]
    heights = style.spread(ends, LABEL_GAP, 0, 1)
    for label, height, dash in zip(lines, heights, DASHES, strict=False):
        (sample,) = ax.plot(SAMPLE, [height, height], linestyle=dash, transform=ax.transAxes)
        sample.set(color=style.QUIET, linewidth=1.6, clip_on=False)
        style.beside(ax, height, label, None, indent=34)

"""Curves of two losses over seeds, a panel a measure: what both are good at, and when."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from imbal_lab.figures import style
from imbal_lab.figures.balance import LINES, interval


def two_losses(every: int, measures: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """A panel for each of ``measures``; in it two losses by label, [S, T], the plain one first.

    A value every ``every`` steps from 0. The band is the 95 % t-interval of the mean over seeds.
    """
    made = Figure(figsize=(4.5 * len(measures), 3.3), dpi=100, facecolor=style.FACE)
    axes = made.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for ax, (title, losses) in zip(axes, measures.items(), strict=True):
        style.dress(ax, title)
        marks = zip(losses.items(), LINES, ("s", "o"), strict=True)
        for (label, values), (dash, colour, face), marker in marks:
            mean, half = interval(values)
            steps = every * np.arange(len(mean))
            ax.fill_between(steps, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
            (line,) = ax.plot(steps, mean, dash, color=colour, linewidth=1.8, label=label)
            line.set(marker=marker, markersize=5, markerfacecolor=face or colour)
        ax.set_xlabel("step", fontsize=style.TEXT_PT, color=style.QUIET)
        ax.set_ylim(0, 1.02)
    axes[0].legend(frameon=False, fontsize=style.TEXT_PT, loc="lower right")
    made.tight_layout()
    return made

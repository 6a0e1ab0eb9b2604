"""Training progress over seeds: a row of panels for each way of training, major beside minor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats
from torch import Tensor

from imbal_lab.figures import style

Panels = Mapping[str, tuple[Tensor, Tensor]]  # title -> (major [S, T], minor [S, T])


def progress(rows: Mapping[str, Panels], classes: Sequence[str] = ("major", "minor")) -> Figure:
    """Means over seeds with 95 % t-intervals, over epochs; equal titles share their limits.

    ``rows`` has the panels of each way of training, with equal titles in equal order. An
    accuracy is drawn from 0 to 1.
    """
    titles = list(next(iter(rows.values())))
    size = (3.1 * len(titles), 2.35 * len(rows) + 0.2)
    made = Figure(figsize=size, dpi=100, facecolor=style.FACE)
    axes = made.subplots(len(rows), len(titles), sharey="col", sharex=True, squeeze=False)
    for row, (line, (label, panels)) in enumerate(zip(axes, rows.items(), strict=True)):
        for ax, title in zip(line, titles, strict=True):
            style.dress(ax, "" if row else title)
            _curves(ax, panels[title], classes)
        line[0].set_ylabel(label, fontsize=style.TITLE_PT, color=style.INK)
    for ax in axes[0]:
        ax.set_ylim(0, 1.04 if "accuracy" in ax.get_title("left") else None)
    for ax in axes[-1]:
        ax.set_xlabel("epoch", fontsize=style.TEXT_PT, color=style.QUIET)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    middle = axes[0][len(titles) // 2]
    middle.legend(frameon=False, fontsize=style.TEXT_PT, loc="center right")
    made.tight_layout()
    return made


def _curves(ax: Axes, pair: tuple[Tensor, Tensor], classes: Sequence[str]) -> None:
    for values, look, name in zip(pair, style.looks(2), classes, strict=True):
        mean, n = values.mean(dim=0), len(values)
        half = stats.t.ppf(0.975, n - 1) * values.std(dim=0) / n**0.5
        epochs = range(values.shape[1])
        ax.fill_between(epochs, mean - half, mean + half, color=style.tint(look.colour, 0.25), lw=0)
        ax.plot(
            epochs,
            mean,
            color=look.colour,
            linestyle=look.dash,
            linewidth=look.width,
            marker=look.marker,
            markevery=0.2,
            label=name,
        )

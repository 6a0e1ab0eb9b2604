"""Curves over seeds: one panel a method, the mean of each class with its 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats
from torch import Tensor

from imbal_lab.figures import style
from imbal_lab.figures.panels import step_axis


def over_seeds(losses: Mapping[str, Tensor], class_names: Sequence[str]) -> Figure:
    """Mean loss of each class over steps, a panel for each entry of ``losses``.

    Each entry is [S, T, C]: seeds, steps from 0, and two to four classes, the rarest last.
    The band is the 95 % t-interval of the mean over the seeds.
    """
    made = Figure(figsize=(4.5 * len(losses), 3.0), dpi=100, facecolor=style.FACE)
    axes = made.subplots(1, len(losses), sharey=True, squeeze=False)[0]
    for ax, (label, loss) in zip(axes, losses.items(), strict=True):
        losses_over_seeds(ax, label, loss, class_names)
    axes[0].legend(frameon=False, fontsize=style.TEXT_PT)
    made.tight_layout()
    return made


def losses_over_seeds(ax: Axes, label: str, loss: Tensor, class_names: Sequence[str]) -> None:
    """One panel of :func:`over_seeds`, without a legend."""
    style.dress(ax, f"{label[0].upper()}{label[1:]}: mean loss of each class")
    steps = range(loss.shape[1])
    for name, look, of_class in zip(
        class_names, style.looks(len(class_names)), loss.unbind(dim=2), strict=True
    ):
        _mean_line(ax, steps, "step", of_class, name, look, markevery=0.2)
    step_axis(ax, loss.shape[1] - 1)
    ax.set_ylabel("")


def noise_over_sizes(ax: Axes, sizes: Sequence[int], p: Tensor, class_names: Sequence[str]) -> None:
    """Projections p [S, K, C] over the number of a class's examples in a mini-batch [K]."""
    style.dress(ax, "Projection p, by the class's examples in a batch")
    looks = style.looks(len(class_names))
    for name, look, of_class in zip(class_names, looks, p.unbind(dim=2), strict=True):
        _mean_line(ax, sizes, "size", of_class, name, look, markevery=1)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.set_xlabel("examples of the class in a batch", fontsize=style.TEXT_PT, color=style.INK)
    ax.set_ylim(0, 1.05)
    ax.set_ylabel("")


def _mean_line(
    ax: Axes,
    x: Sequence[int],
    x_name: str,
    values: Tensor,
    name: str,
    look: style.Look,
    *,
    markevery: float,
) -> None:
    """Mean and interval of ``values`` [S, T] over the seeds."""
    columns = pd.DataFrame(values.numpy(), columns=list(x))
    sns.lineplot(
        columns.melt(var_name=x_name, value_name="value"),
        x=x_name,
        y="value",
        errorbar=("se", stats.t.ppf(0.975, len(values) - 1)),
        ax=ax,
        color=look.colour,
        linewidth=look.width,
        linestyle=look.dash,
        marker=look.marker,
        markevery=markevery,
        markeredgewidth=0,
        label=name,
        legend=False,
    )

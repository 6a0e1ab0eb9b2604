"""Curves over seeds: one panel a method, the mean of each class with its 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
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
    looks = style.looks(len(class_names))
    for ax, (label, loss) in zip(axes, losses.items(), strict=True):
        style.dress(ax, f"{label[0].upper()}{label[1:]}: mean loss of each class")
        quantile = stats.t.ppf(0.975, len(loss) - 1)
        for name, look, of_class in zip(class_names, looks, loss.unbind(dim=2), strict=True):
            sns.lineplot(
                pd.DataFrame(of_class.numpy()).melt(var_name="step", value_name="loss"),
                x="step",
                y="loss",
                errorbar=("se", quantile),
                ax=ax,
                color=look.colour,
                linewidth=look.width,
                linestyle=look.dash,
                marker=look.marker,
                markevery=0.2,
                markeredgewidth=0,
                label=name if ax is axes[0] else None,
            )
        step_axis(ax, loss.shape[1] - 1)
        ax.set_ylabel("")
    axes[0].legend(frameon=False, fontsize=style.TEXT_PT)
    made.tight_layout()
    return made

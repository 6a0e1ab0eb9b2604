"""Remedies beside one another: accuracy and balanced accuracy, and gains that fade."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats
from torch import Tensor

from imbal_lab.figures import style

FITTED = 0.95  # mean training recall from which a training set counts as fitted
Pair = tuple[Tensor, Tensor]  # balanced accuracy [S], accuracy at the training mix [S]


def remedies_figure(
    scores: Mapping[str, Mapping[str, Pair]],
    step: Tensor,
    gains: Mapping[str, Tensor],
    fitted: Tensor,
) -> Figure:
    """A panel for each kind of data in ``scores``, and one for gains [S, T] at ``step`` [T].

    Dots are balanced accuracy with the 95 % t-interval over the S seeds, hollow squares the
    accuracy at the training mix. ``fitted`` [S, T] is the share of the training set that plain
    training has fitted, its mean over the classes.
    """
    made = Figure(figsize=(9.5, 5.4), dpi=100, facecolor=style.FACE)
    axes = made.subplots(2, 2).flat
    names = list(dict.fromkeys(row for of in scores.values() for row in of))
    for k, (ax, (label, of)) in enumerate(zip(axes, scores.items(), strict=False)):
        _dots(ax, label, names, of, legend=k == 0, named=k % 2 == 0)
    _curves(axes[3], step, gains, fitted)
    made.tight_layout(w_pad=1.5, h_pad=1.2)
    return made


def _dots(
    ax: Axes, label: str, names: list[str], of: Mapping[str, Pair], legend: bool, named: bool
) -> None:
    style.dress(ax, f"{label[0].upper()}{label[1:]}")
    for y, name in enumerate(names):
        if name not in of:
            ax.text(2, y, "not run", va="center", fontsize=style.TEXT_PT, color=style.QUIET)
            continue
        balanced, at_mix = (100 * values for values in of[name])
        ax.plot(at_mix.mean(), y, "s", color=style.QUIET, markerfacecolor=style.FACE, markersize=6)
        ax.errorbar(
            balanced.mean(),
            y,
            xerr=_half_width(balanced).item(),
            fmt="o",
            color=style.MINORITY.colour,
            markersize=7,
            linewidth=1.8,
        )
    ax.set_xlim(0, 104)
    ax.set_ylim(len(names) - 0.5, -0.6)
    ax.set_yticks(range(len(names)), names if named else [""] * len(names))
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.set_xlabel("per cent", fontsize=style.TEXT_PT, color=style.QUIET)
    if legend:
        ax.plot([], [], "o", color=style.MINORITY.colour, label="balanced accuracy")
        (hollow,) = ax.plot([], [], "s", color=style.QUIET, label="accuracy, training mix")
        hollow.set_markerfacecolor(style.FACE)
        ax.legend(frameon=False, fontsize=style.TEXT_PT, loc="center left")


def _curves(ax: Axes, step: Tensor, gains: Mapping[str, Tensor], fitted: Tensor) -> None:
    style.dress(ax, "Memorised curves: gain over the steps")
    for look, (name, values) in zip(style.looks(len(gains)), gains.items(), strict=True):
        mean, half = 100 * values.mean(dim=0), _half_width(100 * values)
        ax.fill_between(step, mean - half, mean + half, color=look.colour, alpha=0.15, linewidth=0)
        ax.plot(
            step,
            mean,
            color=look.colour,
            linestyle=look.dash,
            marker=look.marker,
            markersize=4.5,
            linewidth=look.width,
            label=name,
        )
    done = step[fitted.mean(dim=0) > FITTED]
    if len(done):
        ax.axvline(done[0].item(), color=style.QUIET, linewidth=1)
        ax.annotate(
            " training set\n nearly fitted",
            (done[0].item(), 0.02),
            xycoords=("data", "axes fraction"),
            va="bottom",
            fontsize=style.TEXT_PT,
            color=style.QUIET,
        )
    ax.axhline(0, color=style.QUIET, linewidth=1)
    ax.set_xlabel("step", fontsize=style.TEXT_PT, color=style.QUIET)
    ax.set_ylabel("points", fontsize=style.TEXT_PT, color=style.QUIET)
    ax.legend(frameon=False, fontsize=style.TEXT_PT, loc="upper right")


def _half_width(values: Tensor) -> Tensor:
    """Half of the 95 % t-interval over the first axis."""
    n = len(values)
    half: Tensor = stats.t.ppf(0.975, n - 1) * values.std(dim=0) / n**0.5
    return half

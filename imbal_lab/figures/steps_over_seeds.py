"""Curves of methods or of groups of classes over seeds, in any number of panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats
from torch import Tensor

from imbal_lab.figures import style

METHODS: tuple[dict[str, Any], ...] = (  # the first line is the one that the panel is about
    {"color": style.INK, "linestyle": "-", "linewidth": 2.4},
    {"color": style.QUIET, "linestyle": (0, (5, 2)), "linewidth": 1.7},
    {"color": style.QUIET, "linestyle": (0, (1.2, 1.6)), "linewidth": 1.7},
)
LABEL_GAP = 0.085  # of the axes' height


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines [S, T] over ``step`` [T], by their labels.

    ``of_classes``: the lines are groups of classes, the most frequent first, else methods. ``even``
    is a height at which nothing is gained or lost, ``mark`` a step and what begins there.
    """

    title: str
    step: Tensor
    lines: Mapping[str, Tensor]
    of_classes: bool = False
    even: float | None = None
    mark: tuple[int, str] | None = None


def steps_over_seeds(panels: Sequence[Panel]) -> Figure:
    """One axes a panel; bands are 95 % t-intervals of the mean over the S seeds."""
    made = Figure(figsize=(9.5, 3.3), dpi=100, facecolor=style.FACE)
    axes = made.subplots(1, len(panels), squeeze=False)[0]
    for ax, panel in zip(axes, panels, strict=True):
        _draw(ax, panel)
    made.tight_layout(w_pad=1.2)
    return made


def _draw(ax: Axes, panel: Panel) -> None:
    style.dress(ax, panel.title)
    if panel.even is not None:
        ax.axhline(panel.even, color=style.QUIET, linewidth=0.9, linestyle=":")
    if panel.mark is not None:
        _mark(ax, *panel.mark)
    for k, values in enumerate(panel.lines.values()):
        mean, half = values.mean(dim=0), _half_width(values)
        options = _look(k, len(panel.lines), panel.of_classes)
        colour = options["color"]
        band = style.tint(colour, 0.25)
        ax.fill_between(panel.step, mean - half, mean + half, color=band, linewidth=0, zorder=1)
        ax.plot(panel.step, mean, zorder=2, markevery=0.25, **options)
    ax.set_xlim(panel.step[0].item(), panel.step[-1].item())
    ax.set_xlabel("step", fontsize=style.TEXT_PT, color=style.QUIET)
    _name_lines(ax, panel)


def _mark(ax: Axes, step: int, words: str) -> None:
    ax.axvline(step, color=style.QUIET, linewidth=0.9)
    ax.annotate(
        words,
        (step, 0.02),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        color=style.QUIET,
        fontsize=style.TEXT_PT,
    )


def _look(k: int, count: int, of_classes: bool) -> dict[str, Any]:
    if not of_classes:
        return METHODS[k]
    look = style.looks(count)[k]
    return {
        "color": look.colour,
        "linestyle": look.dash,
        "linewidth": look.width,
        "marker": look.marker,
    }


def _half_width(values: Tensor) -> Tensor:
    quantile = stats.t.ppf(0.975, len(values) - 1)
    return values.std(dim=0) * (quantile / len(values) ** 0.5)


def _name_lines(ax: Axes, panel: Panel) -> None:
    """The label of each line beside its right end, kept apart."""
    ends = [(panel.step[-1].item(), v[:, -1].mean().item()) for v in panel.lines.values()]
    heights = ax.transAxes.inverted().transform(ax.transData.transform(ends))[:, 1]
    looks = style.looks(len(ends)) if panel.of_classes else [None] * len(ends)
    placed = style.spread(list(heights), LABEL_GAP, 0, 1)
    for label, height, look in zip(panel.lines, placed, looks, strict=True):
        style.beside(ax, height, label, look, indent=5)

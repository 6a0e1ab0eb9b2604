"""Lesson 05: temperatures ask more of a rare class in training, and test examples may slide.

The plane of two logits. A rare class's test examples lie off its training examples by the same
shift in both panels; with temperatures the training boundary is steeper than the one used at test.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imbal_lab.figures import style

ALT = (
    "Two panels in the plane of two logits, the frequent class across and the rare one up. Left, "
    "cross-entropy: the training examples of the rare class lie just above the diagonal, and the "
    "test examples slide across it and are lost. Right, temperatures: training examples must lie "
    "above a steeper line. After the same slide the test examples are still above the diagonal, "
    "which is the boundary at test. Some examples of the frequent class lie between the lines: "
    "the price."
)
Point = tuple[float, float]

SIZE = 6.0  # of both logits
TEMPERATURE = 2.0  # of the rare class; that of the frequent class is 1
SHIFT = np.array([0.95, -1.05])  # from training to test logits of the rare class
RARE = np.array([[-0.35, 0.1], [0.1, 0.42], [0.3, -0.05], [-0.05, -0.3], [-0.1, 0.05]])
RARE_AT, RARE_AT_HOT = (1.75, 3.1), (1.45, 4.45)
FREQUENT_AT, FREQUENT_AT_HOT = (4.35, 1.45), (4.3, 1.9)
IN_THE_WEDGE = np.array([[3.6, 3.95], [4.0, 4.5]])
SMALL = 9.0  # points


def draw() -> Figure:
    """Cross-entropy beside temperatures."""
    made = Figure(figsize=(9.4, 4.5), dpi=100, facecolor=style.FACE)
    plain, hot = made.subplots(1, 2)
    _plane(plain, "Cross-entropy: one boundary")
    _clouds(plain, RARE_AT, FREQUENT_AT)
    _name(plain, "boundary, in training and at test", (4.45, 4.45), above=True)
    _say(plain, "rare class, training", (1.45, 4.0), style.MINORITY)
    _say(plain, "rare class, test:\nslid across, lost", (2.5, 0.8), style.MINORITY)
    _say(plain, "frequent class,\ntraining and test", (4.9, 2.85), style.MAJORITY)
    _say(plain, "filled: training\nhollow: test", (1.0, 5.5))
    _plane(hot, "Temperatures: training asks for more")
    _wedge(hot)
    _clouds(hot, RARE_AT_HOT, FREQUENT_AT_HOT)
    hot.plot(*IN_THE_WEDGE[:1].T, style.MAJORITY.marker, **_filled(style.MAJORITY))
    hot.plot(*IN_THE_WEDGE[1:].T, style.MAJORITY.marker, **_hollow(style.MAJORITY))
    _say(hot, "rare class,\ntraining", (0.75, 5.35), style.MINORITY)
    _say(hot, "rare class, test:\nsame slide, still right", (2.5, 0.8), style.MINORITY)
    _say(hot, "the price: these\nare called rare", (5.0, 3.45), style.MAJORITY)
    made.tight_layout(w_pad=3)
    return made


def _plane(ax: Axes, title: str) -> None:
    """The axes, the two sides of the boundary at test, and their names."""
    style.dress(ax, title)
    ax.grid(False)
    ax.set(xlim=(0, SIZE), ylim=(0, SIZE), xticks=[], yticks=[], aspect="equal")
    ax.set_xlabel("logit of the frequent class, $s_0$", fontsize=style.TEXT_PT, color=style.INK)
    ax.set_ylabel("logit of the rare class, $s_1$", fontsize=style.TEXT_PT, color=style.INK)
    ends = [0, SIZE]
    ax.fill_between(ends, ends, SIZE, color=style.tint(style.MINORITY.colour, 0.16), linewidth=0)
    ax.fill_between(ends, 0, ends, color=style.tint(style.MAJORITY.colour, 0.03), linewidth=0)
    ax.plot(ends, ends, color=style.INK, linewidth=1.8)


def _wedge(ax: Axes) -> None:
    """The training boundary $s_1 / a = s_0$ and the room between it and the one at test."""
    top = SIZE / TEMPERATURE
    inside = style.tint(style.MINORITY.colour, 0.34)
    ax.fill([0, top, SIZE], [0, SIZE, SIZE], color=inside, linewidth=0)
    ax.plot([0, top], [0, SIZE], color=style.INK, linewidth=1.8, linestyle=(0, (5, 2.5)))
    _name(ax, "training: $s_1 / a = s_0$", (2.56, 5.12), above=True, slope=TEMPERATURE)
    _name(ax, "test: $s_1 = s_0$", (5.1, 5.1), above=False)
    _say(ax, "room to slide", (3.75, 5.55))


def _clouds(ax: Axes, rare_at: Point, frequent_at: Point) -> None:
    """Training examples filled, test examples hollow; those of the rare class are shifted."""
    random = np.random.default_rng(5)
    frequent = frequent_at + 0.45 * random.standard_normal((26, 2)).clip(-1.6, 1.6)
    ax.plot(*frequent[:14].T, style.MAJORITY.marker, **_filled(style.MAJORITY))
    ax.plot(*frequent[14:].T, style.MAJORITY.marker, **_hollow(style.MAJORITY))
    tests = rare_at + SHIFT + 0.3 * random.standard_normal((12, 2)).clip(-1.6, 1.6)
    ax.plot(*tests.T, style.MINORITY.marker, **_hollow(style.MINORITY))
    ax.plot(*(rare_at + RARE).T, style.MINORITY.marker, **_filled(style.MINORITY))
    arrow = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.8, "mutation_scale": 16}
    ax.annotate("", tuple(rare_at + SHIFT), rare_at, arrowprops=arrow)


def _filled(look: style.Look) -> dict[str, Any]:
    return {"color": look.colour, "markersize": 6.5, "markeredgecolor": "white", "zorder": 3}


def _hollow(look: style.Look) -> dict[str, Any]:
    return {"color": look.colour, "markersize": 6, "markerfacecolor": style.FACE, "zorder": 2.5}


def _name(ax: Axes, text: str, at: Point, *, above: bool, slope: float = 1.0) -> None:
    """Words along a boundary."""
    angle = float(np.degrees(np.arctan(slope)))
    beside = 0.2 if above else -0.22
    x, y = at + beside * np.array([-slope, 1]) / np.hypot(slope, 1)
    ax.text(
        x,
        y,
        text,
        rotation=angle,
        rotation_mode="anchor",
        ha="center",
        va="center",
        fontsize=SMALL,
        color=style.INK,
    )


def _say(ax: Axes, text: str, at: Point, look: style.Look | None = None) -> None:
    colour = style.INK if look is None else look.colour
    bold = "bold" if look is style.MINORITY else "normal"
    ax.text(*at, text, fontsize=SMALL, color=colour, fontweight=bold, ha="center", va="center")

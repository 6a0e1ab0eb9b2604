"""Lesson 03: mini-batch directions as a fan around the full-batch one, and two ways to repair it.

All arrows have length 1, as PCNSGD makes them. What counts is the shadow on the way that the
class wants to go, p: long for a narrow fan of many examples, short for a wide fan of two. The
strong arrow has the class's mean p; the others miss by more or by less, and their mean is close to
it. In the plane a fan shows the right angles only; between thousands of parameters there are many
more ways to miss.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imbal_lab.figures import style

ALT = (
    "Four fans of mini-batch directions of length one around a horizontal full-batch direction, "
    "and the shadow p that a typical one casts on it. The frequent class, with 20 examples in the "
    "batch, has a narrow fan and a shadow of 0.95; the rare one, with 2, a wide fan and a shadow "
    "of 0.66. With +R each rare arrow is stretched until its shadow is 1, and the arrows that miss "
    "most become the longest. With +O, 11 examples, the fan itself is narrow: shadow 0.90."
)
PLACES = np.array([-1.2, -0.9, -0.5, 0.6, 1.25, 1.0])  # of a fan's arrows; the last is typical
BAR = -1.85  # where the shadows are drawn
SMALL = 9.0  # points
Colour = str | tuple[float, float, float]


def draw() -> Figure:
    """Frequent, rare, rare with +R, rare with +O."""
    made = Figure(figsize=(9.4, 5.2), dpi=100, facecolor=style.FACE)
    frequent, rare, rescaled, oversampled = made.subplots(1, 4)
    _fan(frequent, "Frequent class:\n20 in the batch", 0.95, style.MAJORITY)
    _fan(rare, "Rare class:\n2 in the batch", 0.66, style.MINORITY)
    _fan(rescaled, "+R: rare class,\nstretched by 1/p", 0.66, style.MINORITY, stretched=True)
    _fan(oversampled, "+O: rare class,\n11 in the batch", 0.90, style.MINORITY)
    made.tight_layout(w_pad=0.5)
    return made


def _fan(ax: Axes, title: str, p: float, look: style.Look, *, stretched: bool = False) -> None:
    """The arrows of a fan; the last one, whose cosine is ``p``, with its shadow."""
    style.dress(ax, title)
    ax.grid(False)
    ax.set(xlim=(-0.08, 1.4), ylim=(-2.15, 1.95), xticks=[], yticks=[], aspect="equal")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    turn = np.radians(np.linspace(-90, 90, 100))
    ax.plot(np.cos(turn), np.sin(turn), color=style.GRID, linewidth=1.2, zorder=0)
    angles = PLACES * np.arccos(p)
    lengths = 1 / np.cos(angles) if stretched else np.ones(len(angles))
    for angle, length in zip(angles[:-1], lengths[:-1], strict=True):
        _arrow(ax, angle, length, style.tint(look.colour, 0.45), 1.1)
    _arrow(ax, angles[-1], lengths[-1], look.colour, 2.4)
    _shadow(ax, angles[-1], lengths[-1], look, "shadow 1" if stretched else f"$p$ = {p:.2f}")
    _arrow(ax, 0.0, 1.0, style.INK, 3.2)
    ax.text(1.04, 0.0, "full\nbatch", fontsize=SMALL, color=style.INK, va="center")


def _shadow(ax: Axes, angle: float, length: float, look: style.Look, says: str) -> None:
    """The perpendicular from the tip, and a bar from the origin to its foot."""
    foot, tip = length * np.cos(angle), length * np.sin(angle)
    ax.plot([foot, foot], [tip, BAR], color=style.QUIET, linewidth=1.0, linestyle=":", zorder=1)
    ax.plot([0, foot], [BAR, BAR], color=look.colour, linewidth=5, solid_capstyle="butt")
    ax.plot([0, foot], [BAR, BAR], "|", color=style.INK, markersize=9)
    ax.text(foot / 2, BAR - 0.17, says, fontsize=SMALL, color=style.INK, ha="center", va="center")


def _arrow(ax: Axes, angle: float, length: float, colour: Colour, width: float) -> None:
    to = (length * np.cos(angle), length * np.sin(angle))
    ax.annotate("", to, (0, 0), arrowprops=_head(colour, width), zorder=2, annotation_clip=False)


def _head(colour: Colour, width: float) -> dict[str, object]:
    return {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0,
            "mutation_scale": 8 + 3 * width}  # fmt: skip

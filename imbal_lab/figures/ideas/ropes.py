"""Lesson 02: each class pulls at the parameters, as hard as it likes or all equally hard.

The plane of two parameters around the present ones. Two classes pull downhill, along minus their
gradients, at 120 degrees to one another. Where a short step goes decides who gains: a class's loss
falls in the half plane in front of its own arrow.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imbal_lab.figures import style

ALT = (
    "Two panels with the pulls of two classes at the same parameters, 120 degrees apart, and a "
    "shaded wedge of the steps that lower both losses. Left, gradient descent: the majority's "
    "arrow is three times as long as the minority's, and the sum of both arrows leaves the wedge "
    "on the minority's side: the minority's loss rises. Right, PCNGD: both arrows have length one "
    "and their sum halves the angle between them, in the middle of the wedge: both losses fall."
)
MAJORITY = np.array([np.cos(np.pi / 6), -np.sin(np.pi / 6)])  # directions of length 1
MINORITY = np.array([0.0, 1.0])
SMALL = 9.5  # points
Point = tuple[float, float]


def draw() -> Figure:
    """Gradient descent beside PCNGD, each on a scale of its own."""
    made = Figure(figsize=(9.4, 4.4), dpi=100, facecolor=style.FACE)
    plain, unit = made.subplots(1, 2)
    _plane(plain, "Gradient descent: three pull against one", (-0.95, 3.65), (-2.05, 1.95))
    _pull(plain, 3 * MAJORITY, style.MAJORITY, 3)
    _pull(plain, MINORITY, style.MINORITY, 1)
    _step(plain, 3 * MAJORITY, MINORITY)
    _say(plain, "majority: $-g_0$\nthree pull", (0.85, -1.2), style.MAJORITY)
    _say(plain, "minority: $-g_1$\none pulls", (-0.5, 1.3), style.MINORITY)
    _say(plain, "the step\n$-(g_0+g_1)$", (3.1, -0.5))
    _say(plain, "both losses fall", (1.9, 1.0))
    _say(plain, "the minority's loss rises", (2.55, -1.85), style.MINORITY)
    _say(plain, "the majority's\nloss rises", (0.25, 1.7), style.MAJORITY)
    _plane(unit, "PCNGD: everybody equally hard", (-0.48, 1.82), (-0.94, 1.06))
    arc = np.radians(np.linspace(-50, 110, 100))
    unit.plot(np.cos(arc), np.sin(arc), color=style.QUIET, linewidth=1.0, zorder=1)
    _pull(unit, MAJORITY, style.MAJORITY, 1)
    _pull(unit, MINORITY, style.MINORITY, 1)
    _step(unit, MAJORITY, MINORITY)
    _say(unit, r"$-g_0\,/\,\Vert g_0\Vert$", (0.3, -0.42), style.MAJORITY)
    _say(unit, r"$-g_1\,/\,\Vert g_1\Vert$", (-0.24, 0.62), style.MINORITY)
    _say(unit, "the step:\nthe sum of both", (1.22, 0.53))
    _say(unit, "both losses fall", (1.4, 0.88))
    _say(unit, "length 1", (1.17, -0.22), quiet=True)
    _say(unit, "the minority's loss rises", (1.27, -0.85), style.MINORITY)
    made.tight_layout(w_pad=2)
    return made


def _plane(ax: Axes, title: str, across: Point, up: Point) -> None:
    """Bare axes with the wedge in which both losses fall, and the line behind which one rises."""
    style.dress(ax, title)
    ax.grid(False)
    ax.set(xlim=across, ylim=up, xticks=[], yticks=[], aspect="equal")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    far = 6.0
    edges = [(0.0, 0.0), (far, 0.0), (far * 0.5, far * np.sqrt(0.75))]
    ax.fill(*zip(*edges, strict=True), color="#f3eadb", linewidth=0, zorder=0)
    for edge, look in ((edges[1], style.MINORITY), (edges[2], style.MAJORITY)):
        ends = np.array([-1, 1])[:, None] * edge
        ax.plot(*ends.T, color=look.colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)


def _pull(ax: Axes, arrow: np.ndarray, look: style.Look, people: int) -> None:
    """A rope with a mark for everyone who pulls at it."""
    _arrow(ax, arrow, look.colour, 2.2)
    for place in range(1, people + 1):
        ax.plot(*(arrow * (place - 0.5) / people), look.marker, color=look.colour, markersize=8,
                markeredgecolor="white", zorder=4)  # fmt: skip


def _step(ax: Axes, one: np.ndarray, other: np.ndarray) -> None:
    """The sum of two pulls, with the parallelogram that makes it."""
    total = one + other
    for corner in (one, other):
        ends = np.array([corner, total])
        ax.plot(*ends.T, color=style.QUIET, linewidth=1.0, linestyle=":", zorder=2)
    _arrow(ax, total, style.INK, 4.0)
    ax.plot(0, 0, "o", color=style.INK, markersize=7, zorder=5)


def _arrow(ax: Axes, to: np.ndarray, colour: str, width: float) -> None:
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "mutation_scale": 20,
            "shrinkA": 0, "shrinkB": 0}  # fmt: skip
    ax.annotate("", tuple(to), (0, 0), arrowprops=look, zorder=3)


def _say(
    ax: Axes, text: str, at: Point, look: style.Look | None = None, *, quiet: bool = False
) -> None:
    colour = look.colour if look else style.QUIET if quiet else style.INK
    bold = "bold" if look is style.MINORITY else "normal"
    ax.text(*at, text, fontsize=SMALL, color=colour, fontweight=bold, ha="center", va="center")

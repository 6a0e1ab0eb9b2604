"""Lesson 06: who pulls at the features, with major features as they are and weakened.

A plane of two features with the boundary between a major and a minor class, as early training
leaves it: it stands among the few minor examples. Arrows are minus the feature gradients, by the
formula, for a classifier with weight rows (-1/2, 0) and (1/2, 0).
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imbal_lab.figures import style

ALT = (
    "Two panels with the same features: eight squares of a major class far to the left of a "
    "boundary, three circles of a minor class, two of them on the wrong side. Left, as they are: "
    "the squares pull with short arrows, the circles with long ones, across the boundary. Right: "
    "each square moves three tenths of the way to a partner, at the end of a thin line: a circle "
    "for seven squares, a square for one. It pulls back with a longer arrow; the circles stay."
)
MAJOR = np.array([[-3.0, 0.9], [-2.7, -0.3], [-2.3, 1.5], [-2.2, 0.35], [-1.9, -1.1],
                  [-1.65, 0.95], [-1.5, -0.35], [-2.8, -1.3]])  # fmt: skip
MINOR = np.array([[-0.85, 0.45], [-0.5, -0.75], [0.3, 1.25]])
PARTNERS = (8, 9, 10, 9, 6, 10, 8, 9)  # rows of both together
KEPT = 0.7
ARROW = 1.3  # length of an arrow for a gradient of length 1
SMALL = 9.5  # points


def draw() -> Figure:
    """Plain features beside weakened ones."""
    made = Figure(figsize=(9.4, 4.3), dpi=100, facecolor=style.FACE)
    plain, weakened = made.subplots(1, 2)
    _plane(plain, "Plain: the minor examples do the pulling", MAJOR)
    _plane(weakened, "Weakened: the major examples pull again", _mixed())
    _say(plain, "nearly fitted:\nshort pulls", (-2.9, 2.2), style.MAJORITY)
    _say(plain, "on the wrong side:\nlong pulls", (1.12, -1.6), style.MINORITY)
    _say(
        weakened,
        "□ three tenths of the way\nto a partner: hard again",
        (-2.3, 2.25),
        style.MAJORITY,
    )
    _say(weakened, "not mixed:\nas they were", (1.12, -1.6), style.MINORITY)
    made.tight_layout(w_pad=2)
    return made


def pulls(points: np.ndarray, side: int) -> np.ndarray:
    """Minus the feature gradients [n, 2] of examples that belong on ``side``, -1 or 1.

    With logits (-x/2, x/2) minus W^T (p - e) is (p_wrong, 0) to the right, or to the left.
    """
    wrong = 1 / (1 + np.exp(side * points[:, 0]))
    return np.column_stack([side * wrong, np.zeros(len(points))])


def _partners() -> np.ndarray:
    both: np.ndarray = np.concatenate([MAJOR, MINOR])
    return both[list(PARTNERS)]


def _mixed() -> np.ndarray:
    return KEPT * MAJOR + (1 - KEPT) * _partners()


def _plane(ax: Axes, title: str, major: np.ndarray) -> None:
    style.dress(ax, title)
    ax.grid(False)
    ax.set(xlim=(-3.7, 2.1), ylim=(-2.1, 2.9), xticks=[], yticks=[], aspect="equal")
    for edge in ("left", "bottom"):
        ax.spines[edge].set_visible(False)
    ax.axvspan(0, 2.1, color="#f3eadb", linewidth=0, zorder=0)
    ax.axvline(0, color=style.INK, linewidth=1.2, zorder=1)
    ax.text(0.12, 2.65, "called minor", fontsize=SMALL, color=style.QUIET, va="center")
    ax.text(-0.12, 2.65, "called major", fontsize=SMALL, color=style.QUIET, va="center", ha="right")
    moved = not np.array_equal(major, MAJOR)
    if moved:
        for start, end in zip(MAJOR, _partners(), strict=True):
            ax.plot(*np.array([start, end]).T, color=style.QUIET, lw=0.8, ls=":", zorder=2)
        ax.plot(*MAJOR.T, "s", color=style.tint(style.MAJORITY.colour, 0.3), ms=6, zorder=2)
    means = []
    for points, look, side in zip((major, MINOR), style.looks(2), (-1, 1), strict=True):
        arrows = pulls(points, side)
        for point, arrow in zip(points, arrows, strict=True):
            _arrow(ax, point, point + ARROW * arrow, look)
        face = "white" if moved and side < 0 else look.colour
        ax.plot(*points.T, look.marker, color=look.colour, ms=8, mfc=face, mew=1.5, zorder=4)
        means.append(float(np.linalg.norm(arrows, axis=1).mean()))
    said = f"mean pull: major {means[0]:.2f}, minor {means[1]:.2f}; ratio {means[1] / means[0]:.1f}"
    ax.set_xlabel(said, fontsize=SMALL, color=style.INK)


def _arrow(ax: Axes, start: np.ndarray, end: np.ndarray, look: style.Look) -> None:
    if np.linalg.norm(end - start) < 0.02:
        return
    shape = {"arrowstyle": "-|>", "color": look.colour, "linewidth": 2.0, "mutation_scale": 11,
             "shrinkA": 0, "shrinkB": 0}  # fmt: skip
    ax.annotate("", tuple(end), tuple(start), arrowprops=shape, zorder=3)


def _say(ax: Axes, text: str, at: tuple[float, float], look: style.Look) -> None:
    bold = "bold" if look is style.MINORITY else "normal"
    ax.text(*at, text, fontsize=SMALL, color=look.colour, fontweight=bold, ha="center", va="center")

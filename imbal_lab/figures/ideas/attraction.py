"""Attraction and repulsion at the rows of the classifier, to scale, and the simplex."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from imbal_lab.figures import style

ALT = (
    "Three drawings of a classifier with one frequent class of 12 examples, above, and two rare "
    "classes of 2 examples, below left and below right. Under cross-entropy the rows of both rare "
    "classes are pulled a little to their own examples and pushed hard straight down, away from "
    "the frequent class, so that they draw together. With ARB-Loss pull and push are equally "
    "strong. In a simplex three rows of equal length stand at 120 degrees to one another."
)

Place = tuple[float, float] | np.ndarray

COUNTS = (12, 2, 2)
DEGREES = (90, 210, 330)
FEATURES, ROWS = 1.5, 0.7  # how far from the centre the examples and the tips are
FORCE = 0.25  # length of an arrow of strength 1


def draw() -> Figure:
    """Cross-entropy, ARB-Loss, and the simplex, side by side."""
    made = Figure(figsize=(9.4, 4.1), dpi=100, facecolor=style.FACE)
    axes = made.subplots(1, 3)
    n, total = COUNTS, sum(COUNTS)
    plain = (n[1] * (1 - 1 / len(n)), n[0] / len(n))  # attraction; repulsion by the frequent class
    balanced = (n[1] * (total - n[1]) / total, n[0] * n[1] / total)
    _forces(axes[0], "Cross-entropy", *plain, "pushed 3 times as\nhard as pulled")
    _forces(axes[1], "ARB-Loss", *balanced, "pushed about as hard\nas pulled")
    _simplex(axes[2])
    made.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.02, wspace=0.04)
    return made


def _forces(ax: Axes, title: str, attraction: float, repulsion: float, says: str) -> None:
    """What acts on the rows of the two rare classes at equal logits."""
    _frame(ax, title)
    for rank, (look, degrees) in enumerate(zip(style.looks(3), DEGREES, strict=True)):
        way = _way(degrees)
        tip = ROWS * way
        _examples(ax, rank)
        ax.plot(*np.transpose([(0, 0), tip]), color=look.colour, linewidth=1.4)
        (end,) = ax.plot(*tip, "o", markersize=7, zorder=4)
        end.set(markerfacecolor="white", markeredgecolor=look.colour)
        if rank:
            _arrow(ax, tip, tip - FORCE * repulsion * _way(DEGREES[0]), style.MAJORITY.colour)
            _arrow(ax, tip, tip + FORCE * attraction * way, look.colour)
    _text(ax, (0.0, FEATURES + 0.34), "12 examples of the frequent class", style.MAJORITY.colour)
    for side, look in ((-1, style.SECOND), (1, style.MINORITY)):
        _text(ax, (1.3 * side, -1.08), "2 of a\nrare class", look.colour)
        _text(ax, (1.02 * side, -0.24), "pull", look.colour)
    low = -ROWS / 2 - FORCE * repulsion
    _text(ax, (0.0, low + 0.1), "push", style.MAJORITY.colour)
    _text(ax, (0.08, 0.42), "its row", style.MAJORITY.colour, ha="left")
    _text(ax, (0.0, -1.75), says, style.INK)


def _simplex(ax: Axes) -> None:
    """Three rows of equal length at equal angles."""
    _frame(ax, "A simplex")
    length = 1.15
    for look, degrees in zip(style.looks(3), DEGREES, strict=True):
        _arrow(ax, (0, 0), length * _way(degrees), look.colour)
    arc = np.radians(np.linspace(DEGREES[0], DEGREES[1], 60))
    ax.plot(0.36 * np.cos(arc), 0.36 * np.sin(arc), color=style.QUIET, linewidth=1)
    _text(ax, (-0.4, 0.3), "120°", style.QUIET, ha="right")
    _text(ax, (0.0, FEATURES + 0.34), "what balanced training aims at", style.INK)
    _text(ax, (0.0, -1.75), "rows of equal length, every cosine\n−1/(C − 1), here −1/2", style.INK)


def _frame(ax: Axes, title: str) -> None:
    ax.set(xlim=(-1.8, 1.8), ylim=(-1.95, 2.0), aspect="equal")
    ax.axis("off")
    ax.set_title(title, fontsize=style.TITLE_PT + 1, color=style.INK)


def _way(degrees: float) -> np.ndarray:
    return np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])


def _examples(ax: Axes, rank: int) -> None:
    """So many marks around the place of the class's features, on a small grid."""
    look, centre = style.looks(3)[rank], FEATURES * _way(DEGREES[rank])
    columns = 6 if COUNTS[rank] > 4 else 2
    places = np.array([(k % columns, k // columns) for k in range(COUNTS[rank])], dtype=float)
    places = 0.15 * (places - places.mean(axis=0)) + centre
    ax.plot(*places.T, look.marker, color=look.colour, markersize=6)


def _arrow(ax: Axes, start: Place, end: Place, colour: str) -> None:
    made = FancyArrowPatch(
        (start[0], start[1]),
        (end[0], end[1]),
        arrowstyle="-|>",
        mutation_scale=15,
        shrinkA=0,
        shrinkB=0,
        linewidth=3.2,
        color=colour,
        zorder=3,
    )
    ax.add_patch(made)


def _text(ax: Axes, at: tuple[float, float], says: str, colour: str, *, ha: str = "center") -> None:
    ax.text(*at, says, color=colour, ha=ha, va="center", fontsize=style.TEXT_PT)

"""Lesson 01: two classifiers with the same accuracy, and what the rows of a confusion say of them.

A hundred examples of three classes, 80, 15 and 5. Both classifiers are right on 85 of them; the
first calls nearly everything common.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from imbal_lab.figures import style

ALT = (
    "Two confusion matrices of a hundred examples, 80 common, 15 medium and 5 rare; rows are the "
    "labels. Both classifiers are right on 85. The first finds 80 of 80, 5 of 15 and 0 of 5: its "
    "balanced accuracy is 44 %, its macro-F1 47 %. The second finds 66 of 80, 14 of 15 and 5 of 5: "
    "balanced accuracy 92 %, macro-F1 76 %. Bars beside the rows show the recalls; the precisions "
    "stand below the columns, 50 % for the rare class of the second."
)
CLASSES = ("common", "medium", "rare")
TITLES = ("Calls nearly everything common", "Looks for the rare ones")
CONFUSIONS = (
    np.array([[80, 0, 0], [10, 5, 0], [5, 0, 0]]),
    np.array([[66, 10, 4], [0, 14, 1], [0, 0, 5]]),
)
BARS = 3.25, 1.45  # where the bars of the recalls begin, and the length of a full one


def draw() -> Figure:
    """Both matrices, recalls beside them, precisions below, and three measures under each."""
    made = Figure(figsize=(9.4, 4.7), dpi=100, facecolor=style.FACE)
    axes = made.subplots(1, 2)
    for ax, title, confusion in zip(axes, TITLES, CONFUSIONS, strict=True):
        _matrix(ax, title, confusion)
        _recalls(ax, confusion)
        _precisions(ax, confusion)
        _measures(ax, confusion)
    made.subplots_adjust(left=0.08, right=0.995, top=0.92, bottom=0.0, wspace=0.2)
    return made


def _matrix(ax: Axes, title: str, confusion: np.ndarray) -> None:
    style.dress(ax, title)
    ax.set(xlim=(-0.02, 5.35), ylim=(5.05, -0.42), xticks=[], yticks=[], aspect="equal")
    ax.grid(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    shares = confusion / confusion.sum(axis=1, keepdims=True)
    for (row, column), n in np.ndenumerate(confusion):
        share = shares[row, column]
        colour = style.tint(style.MAJORITY.colour, 0.06 + 0.8 * share if n else 0.0)
        edge, width = (style.INK, 1.8) if row == column else (style.THIN, 0.8)
        square = Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, facecolor=colour)
        square.set(edgecolor=edge, linewidth=width)
        ax.add_patch(square)
        ink = style.FACE if share > 0.45 else style.INK
        _say(ax, column + 0.5, row + 0.5, str(n), color=ink, size=12)
    _say(ax, -0.12, -0.2, "called", ha="right", color=style.QUIET)
    for k, name in enumerate(CLASSES):
        _say(ax, k + 0.5, -0.2, name, color=style.QUIET)
        _say(ax, -0.12, k + 0.5, name, ha="right")


def _recalls(ax: Axes, confusion: np.ndarray) -> None:
    left, full = BARS
    _say(ax, left, -0.2, "recall", ha="left", color=style.QUIET)
    for row, look in enumerate(style.looks(3)):
        found, there = confusion[row, row], confusion[row].sum()
        ax.add_patch(
            Rectangle((left, row + 0.2), full, 0.22, facecolor=style.GRID, edgecolor="none")
        )
        ax.add_patch(
            Rectangle((left, row + 0.2), full * found / there, 0.22, facecolor=look.colour)
        )
        words = f"{found} of {there}: {found / there:.0%}".replace("%", " %")
        _say(ax, left, row + 0.66, words, ha="left", color=look.colour)


def _precisions(ax: Axes, confusion: np.ndarray) -> None:
    for column, called in enumerate(confusion.sum(axis=0)):
        hits = confusion[column, column]
        words = f"{hits / called:.0%}".replace("%", " %") if called else "never"
        _say(ax, column + 0.5, 3.22, words, color=style.QUIET)
    _say(ax, 3.25, 3.22, "precision", ha="left", color=style.QUIET)


def _measures(ax: Axes, confusion: np.ndarray) -> None:
    hits, there, called = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    measures = {
        "accuracy": hits.sum() / there.sum(),
        "balanced accuracy": (hits / there).mean(),
        "macro-F1": (2 * hits / (there + called)).mean(),
    }
    for line, (name, value) in enumerate(measures.items()):
        height, weight = 3.78 + 0.42 * line, "bold" if line == 0 else "normal"
        _say(ax, 0.03, height, name, ha="left", weight=weight)
        words = f"{value:.0%}".replace("%", " %")
        _say(ax, 2.97, height, words, ha="right", weight=weight)


def _say(
    ax: Axes,
    x: float,
    y: float,
    words: str,
    *,
    ha: str = "center",
    color: str = style.INK,
    size: float = style.TEXT_PT,
    weight: str = "normal",
) -> None:
    ax.text(x, y, words, ha=ha, va="center", color=color, fontsize=size, fontweight=weight)

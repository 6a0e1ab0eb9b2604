"""Lesson 01: the same two bells in two mixes, and the line between them that moves."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from imbal_lab.figures import style

ALT = (
    "Two panels with the bell curves of a common and a rare class over one measurement, each as "
    "high as its share. Left, the training mix of 95 to 5: the rare bell lies under the flank of "
    "the common one; the line where they cross is far to the right, and half of the rare class is "
    "missed (hatched). Right, equal shares: both bells have the same shapes as before and "
    "the same height, and they cross half way. An arrow shows how far the line has moved."
)
APART = 2.4  # between the centres, in standard deviations
SHARES = np.array([0.95, 0.05])
X = np.linspace(-3.2, 5.8, 700)


def draw() -> Figure:
    """The training mix beside equal shares, on one height for each."""
    made = Figure(figsize=(9.4, 3.8), dpi=100, facecolor=style.FACE)
    left, right = made.subplots(1, 2)
    old, new = crossing(SHARES), crossing(np.array([0.5, 0.5]))
    _bells(left, "Training mix: 95 to 5", SHARES, old)
    _bells(right, "Equal shares: 50 to 50", np.array([0.5, 0.5]), new)
    top = right.get_ylim()[1]
    high = 0.75 * top
    right.plot([old, old], [0, high], color=style.QUIET, linewidth=1.2, linestyle=(0, (2, 2)))
    right.annotate(
        "",
        (new, high),
        (old, high),
        arrowprops={"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.4, "shrinkA": 0},
    )
    right.text(
        old + 0.15, high, "where it was", va="center", fontsize=style.TEXT_PT, color=style.QUIET
    )
    made.tight_layout(w_pad=2)
    return made


def crossing(shares: np.ndarray) -> float:
    """Where both classes are equally probable: unit bells at 0 and APART with these shares."""
    return APART / 2 + float(np.log(shares[0] / shares[1])) / APART


def _bells(ax: Axes, title: str, shares: np.ndarray, line: float) -> None:
    style.dress(ax, title)
    ax.grid(False)
    ax.set(xticks=[], yticks=[], xlim=(X[0], X[-1]))
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("what is measured of an example, x", fontsize=style.TEXT_PT, color=style.QUIET)
    common, rare = (
        share * stats.norm.pdf(X, centre) for share, centre in zip(shares, (0, APART), strict=True)
    )
    missed = line >= X
    ax.fill_between(
        X[missed],
        rare[missed],
        facecolor=style.tint(style.MINORITY.colour, 0.35),
        edgecolor=style.MINORITY.colour,
        hatch="////",
        linewidth=0,
        label="rare and missed",
    )
    ax.legend(frameon=False, fontsize=style.TEXT_PT, loc="upper left", borderaxespad=0)
    for look, bell in ((style.MAJORITY, common), (style.MINORITY, rare)):
        ax.plot(X, bell, color=look.colour, linestyle=look.dash, linewidth=look.width)
    top = 1.5 * common.max()
    ax.set_ylim(0, top)
    ax.plot([line, line], [0, 0.8 * top], color=style.INK, linewidth=1.6)
    recall = stats.norm.sf(line - APART)
    words = f"from here on: rare\nrecall of the rare {recall:.0%}".replace("%", " %")
    ax.text(line + 0.12, 0.9 * top, words, va="center", fontsize=style.TEXT_PT, color=style.INK)
    _name(ax, "common", (-1.0, common[np.searchsorted(X, -1.0)]), style.MAJORITY, -0.15, "right")
    where = APART + 1.0
    _name(ax, "rare", (where, rare[np.searchsorted(X, where)]), style.MINORITY, 0.3, "left")


def _name(
    ax: Axes, name: str, at: tuple[float, float], look: style.Look, aside: float, ha: str
) -> None:
    x, y = at
    high = y + 0.02 * ax.get_ylim()[1]
    ax.text(x + aside, high, name, ha=ha, va="bottom", fontsize=style.TEXT_PT, color=look.colour)

"""Lesson 04: the weight of an example against its loss, and where that leaves the objective.

Sixty made-up losses, most of them of a frequent class that is nearly learnt. Three strips share the
axis of losses: the weights for several lambda, the examples, and F between the smallest and the
largest loss.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from imbal_lab.figures import style

ALT = (
    "Three strips over one axis of losses. Top: the weight of an example rises steeply with its "
    "loss for lambda = 1, gently for lambda = 2, stays at 1 for infinity and falls for -1. "
    "Middle: many examples of a frequent class with small losses, ten of a rare class with larger "
    "ones. Bottom: the robust loss F on the same axis, at the mean for infinity, moving to the "
    "largest loss as lambda falls to 0 and to the smallest for negative lambda."
)
Values = NDArray[np.float64]
BIN, END = 0.15, 3.8
QUANTILES: Values = -0.5 * np.log(1 - (np.arange(50) + 0.5) / 50)  # 0 to 2.3
FREQUENT: Values = (np.floor(QUANTILES / BIN) + 0.5) * BIN  # each in the middle of its column
RARE: Values = np.linspace(0.825, 3.525, 10)  # so are these
CURVES = (  # lambda, name, dash, width, where its name stands
    (1.0, "λ = 1: hard examples first", "-", 2.6, (2.86, 6.1), "right"),
    (2.0, "λ = 2", "-", 1.4, (3.57, 3.5), "left"),
    (np.inf, "λ = ∞", (0, (1.2, 1.6)), 1.6, (3.57, 1.15), "left"),
    (-1.0, "λ = −1: trust the easy ones", (0, (5, 2)), 2.0, (0.1, 2.3), "left"),
)
SMALL = 9.5  # points


def draw() -> Figure:
    """Weights, examples, and the objective, one above the other."""
    made = Figure(figsize=(9.2, 5.4), dpi=100, facecolor=style.FACE)
    top, middle, bottom = made.subplots(3, 1, sharex=True, height_ratios=(2.9, 1.8, 1.35))
    losses = np.concatenate([FREQUENT, RARE])
    _weights(top, losses)
    _examples(middle)
    _objective(bottom, losses)
    top.set_xlim(-0.06, END)
    made.tight_layout(h_pad=0.7)
    return made


def robust(losses: Values, lam: float) -> float:
    """F: lambda log mean exp(loss / lambda), the mean for infinity."""
    if np.isinf(lam):
        return float(losses.mean())
    return float(lam * np.log(np.exp(losses / lam).mean()))


def _weights(ax: Axes, losses: Values) -> None:
    style.dress(ax, "Weight of an example: exp(loss / λ), over its mean")
    at = np.linspace(0, losses.max(), 200)
    for lam, name, dash, width, place, side in CURVES:
        weight = np.exp(at / lam) / np.exp(losses / lam).mean()
        ax.plot(at, weight, color=style.INK, linestyle=dash, linewidth=width)
        ax.text(*place, name, fontsize=SMALL, color=style.INK, ha=side, va="center")
    ax.set_ylim(0, 9.6)
    ax.set_yticks([0, 1, 3, 6, 9])
    ax.tick_params(labelbottom=False)


def _examples(ax: Axes) -> None:
    """Examples stacked in bins, the rare class on top."""
    style.dress(ax, "Sixty examples: who has which loss?")
    height = np.zeros(int(END / BIN) + 1)
    for losses, look in ((FREQUENT, style.MAJORITY), (RARE, style.MINORITY)):
        for loss in losses:
            where = int(loss / BIN)
            ax.plot((where + 0.5) * BIN, height[where] + 0.5, look.marker, color=look.colour,
                    markersize=5.5, markeredgecolor="white", markeredgewidth=0.4)  # fmt: skip
            height[where] += 1
    ax.set_ylim(0, 13.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    ax.tick_params(labelbottom=False)
    for at, name, look in (
        ((0.72, 9.5), "frequent class, nearly learnt", style.MAJORITY),
        ((2.2, 4.2), "rare class", style.MINORITY),
    ):
        bold = "bold" if look is style.MINORITY else "normal"
        ax.text(*at, name, fontsize=SMALL, color=look.colour, fontweight=bold, va="center")


def _objective(ax: Axes, losses: Values) -> None:
    """The line of losses with F for each lambda; names above and below take turns."""
    style.dress(ax, "What is minimised: F, between the smallest and the largest loss")
    ax.set_ylim(-1.5, 0.9)
    ax.axhline(0, color=style.QUIET, linewidth=1.2)
    marks = (
        (float(losses.min()), "smallest\nλ → 0 from below", -1, "left"),
        (robust(losses, -1.0), "λ = −1", 1, "center"),
        (robust(losses, np.inf), "mean\nλ = ∞", -1, "center"),
        (robust(losses, 2.0), "λ = 2", 1, "center"),
        (robust(losses, 1.0), "λ = 1", -1, "center"),
        (float(losses.max()), "largest\nλ → 0 from above", -1, "center"),
    )
    for at, name, up, side in marks:
        ax.plot(at, 0, "o", color=style.INK, markersize=6)
        place = at - 0.06 * (side == "left")
        ax.text(place, 0.22 * up, name, fontsize=SMALL - 0.5, color=style.INK, ha=side,
                va="bottom" if up > 0 else "top", linespacing=1.15)  # fmt: skip
    ax.set_yticks([])
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    ax.set_xlabel("loss of the example", fontsize=style.TEXT_PT, color=style.QUIET)

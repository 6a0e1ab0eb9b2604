"""The report's pictures, as PNG with their text for readers who cannot see them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from imbal_lab.grading.judging.graded import STATES
from imbal_lab.grading.pages.item_analysis import Item

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Picture(NamedTuple):
    """A PNG in base64, and what it shows."""

    png: str
    alt: str


def states(items: Sequence[Item]) -> Picture:
    """A bar an exercise: how many students are done, not yet, not started."""
    from imbal_lab.figures import style

    colours = {
        "done": style.MAJORITY.colour,
        "not yet": style.MINORITY.colour,
        "not started": style.THIN,
    }
    made, ax = _axes(0.9 + 0.42 * len(items), "How far the class is, in students")
    names = [item.exercise for item in items]
    left = [0] * len(items)
    for state in reversed(STATES):
        counts = [item.states.get(state, 0) for item in items]
        ax.barh(names, counts, left=left, height=0.6, color=colours[state], label=state)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    made.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=style.TEXT_PT)
    said = "; ".join(
        f"{item.exercise}: " + ", ".join(f"{item.states.get(s, 0)} {s}" for s in reversed(STATES))
        for item in items
    )
    return Picture(_png(made), f"Bars of students by state. {said}.")


def points(totals: Sequence[float], most: float) -> Picture:
    """How many students have how many of the lesson's points."""
    from imbal_lab.figures import style

    edges = _edges(most)
    made, ax = _axes(2.2, f"Points in the lesson, of {most:g}, and how many students have them")
    counts, *_ = ax.hist(totals, bins=edges, color=style.MAJORITY.colour, rwidth=0.92)
    ax.grid(False, axis="x")
    said = ", ".join(
        f"{int(n)} from {a:g} to {b:g}" for n, a, b in zip(counts, edges, edges[1:], strict=False)
    )
    return Picture(_png(made), f"Histogram of students by points: {said}.")


def _edges(most: float) -> list[float]:
    """Edges of at most ten bins of whole points where that is possible."""
    bins = int(most) if most == int(most) and 0 < most <= 10 else 10
    return [(most or 1.0) * k / bins for k in range(bins + 1)]


def _axes(height: float, title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from imbal_lab.figures import style

    made = Figure(figsize=(7.5, height), dpi=160, facecolor=style.FACE, layout="constrained")
    ax = made.subplots()
    style.dress(ax, title)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    return made, ax


def _png(made: Figure) -> str:
    content = io.BytesIO()
    made.savefig(content, format="png", metadata={"Software": None})
    return base64.b64encode(content.getvalue()).decode("ascii")

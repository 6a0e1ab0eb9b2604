"""The forest plot of a paper: each judged interval, and the range that its claim asks for."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.comparison import Compared, compared, tally
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.results import Results
from imbal_lab.figures import style

ROW, HEAD = 0.23, 0.56  # inches: of a statistic, and of a panel's title and ticks
WIDTH, LABELS = 9.5, 0.5  # inches, and the share of them that the names take

Judged = tuple[Compared, Within]


def forest(paper: Paper, results: Results) -> Figure:
    """One panel a measured claim, one row a statistic that is judged; its range is shaded.

    A filled point lies in its range with the whole interval, a hollow one does not.
    """
    panels = {claim: _judged(claim, results) for claim in paper.claims}
    panels = {claim: rows for claim, rows in panels.items() if rows}
    heights = [HEAD + ROW * len(rows) for rows in panels.values()]
    made = Figure(figsize=(WIDTH, sum(heights)), dpi=100, facecolor=style.FACE)
    top = sum(heights)
    for (claim, rows), height in zip(panels.items(), heights, strict=True):
        room = (LABELS, (top - height + 0.28) / sum(heights), 0.97 - LABELS)
        ax = made.add_axes((*room, ROW * len(rows) / sum(heights)))
        top -= height
        style.dress(ax, "")
        ax.text(
            -LABELS / (0.97 - LABELS) + 0.01,
            1 + 0.1 / (ROW * len(rows)),
            f"{claim.id}: {claim.verdict(results.claims[claim.id].intervals)}",
            transform=ax.transAxes,
            fontsize=style.TITLE_PT,
            color=style.INK,
        )
        _draw(ax, rows)
    return made


def alt_text(paper: Paper, results: Results) -> str:
    """The picture in words."""
    rows = [row for claim in paper.claims for row, _ in _judged(claim, results)]
    outside = [row.statistic for row in rows if not row.holds]
    inside = len(rows) - len(outside)
    text = (
        f"Forest plot, {tally(paper, results)}. Of {len(rows)} intervals, {inside} lie wholly in "
        "the range that their claim asks for"
    )
    return f"{text}; outside: {'; '.join(outside)}." if outside else f"{text}."


def _judged(claim: Claim, results: Results) -> list[Judged]:
    return [(row, row.asked) for row in compared(claim, results) if row.asked is not None]


def _draw(ax: Axes, rows: list[Judged]) -> None:
    ax.set_xlim(*_limits(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), [row.statistic for row, _ in rows])
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.grid(False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(5))
    for y, (row, asked) in enumerate(rows):
        _shade(ax, y, asked)
        _interval(ax, y, row)


def _interval(ax: Axes, y: int, row: Compared) -> None:
    mean, low, high = row.interval
    if math.isnan(mean):
        ax.text(0.02, y, "not reached", va="center", transform=ax.get_yaxis_transform())
        return
    colour = style.MAJORITY.colour if row.holds else style.MINORITY.colour
    fill = colour if row.holds else style.FACE
    ax.plot([low, high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
    ax.plot([mean], [y], "o", color=colour, markerfacecolor=fill, markersize=6)


def _shade(ax: Axes, y: int, asked: Within) -> None:
    left, right = ax.get_xlim()
    low, high = max(asked.low, left), min(asked.high, right)
    ax.fill_betweenx([y - 0.42, y + 0.42], low, high, color=style.THIN, alpha=0.45, linewidth=0)
    for bound in (asked.low, asked.high):
        if math.isfinite(bound):
            ax.plot([bound] * 2, [y - 0.42, y + 0.42], color=style.QUIET, linewidth=1.2)


def _limits(rows: list[Judged]) -> tuple[float, float]:
    """Room for every interval and every bound."""
    seen = [bound for row, asked in rows for bound in (*row.interval, asked.low, asked.high)]
    seen = [bound for bound in seen if math.isfinite(bound)]
    low, high = min(seen), max(seen)
    margin = 0.08 * (high - low) or max(0.08 * abs(high), 1e-3)
    return low - margin, high + margin

"""A strip plot: one mark a seed, one row a method."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from imbal_lab.figures import style


def strip(values: Mapping[str, Sequence[float]], title: str) -> Figure:
    """The values of each name as marks in a row, their mean as a bar."""
    height = 0.75 + 0.45 * len(values)
    made = Figure(figsize=(9.0, height), dpi=100, facecolor=style.FACE)
    ax = made.subplots()
    style.dress(ax, title)
    for row, (seeds, look) in enumerate(
        zip(values.values(), style.looks(len(values)), strict=True)
    ):
        where = [row] * len(seeds)
        ax.plot(seeds, where, look.marker, color=look.colour, alpha=0.5, clip_on=False)
        mean = sum(seeds) / len(seeds)
        ax.plot(mean, row, "|", color=look.colour, markersize=22, markeredgewidth=3)
    ax.axvline(0, color=style.QUIET, linewidth=0.9, linestyle=":")
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.grid(False, axis="y")
    made.subplots_adjust(left=0.16, right=0.97, top=1 - 0.4 / height, bottom=0.3 / height)
    return made

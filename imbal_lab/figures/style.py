"""One look for the whole course: colour, marker and dash by frequency rank.

The most frequent class always has the first look and the rarest always the last, whatever the
number of classes. The four colours differ in lightness (they survive a grey print), keep apart
for colour-blind readers, and reach 3:1 contrast on the white face that every figure has.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from matplotlib.axes import Axes

FACE = "white"
INK = "#222222"  # text
QUIET = "#666666"  # ticks, reference lines
GRID = "#e6e6e6"
THIN = "#bdbdbd"  # single classes behind group means
TEXT_PT = 9.5
TITLE_PT = 10.5
MOST_LINES = 4  # more classes than this are shown as three groups


class Look(NamedTuple):
    """How one class, or one group of classes, is drawn."""

    colour: str
    dash: str | tuple[float, tuple[float, ...]]
    marker: str
    width: float


MAJORITY = Look("#10264d", "-", "s", 1.8)
SECOND = Look("#7d3c98", (0.0, (7.0, 1.5)), "D", 1.8)
THIRD = Look("#2a7f62", (0.0, (6.0, 1.5, 1.5, 1.5)), "^", 1.8)
MINORITY = Look("#e8590c", (0.0, (3.5, 1.2)), "o", 2.6)


class Classes(Protocol):
    """What a legend needs to know; `imbal_lab.data.Dataset` fits."""

    @property
    def class_names(self) -> tuple[str, ...]: ...

    @property
    def counts(self) -> tuple[int, ...]: ...


def looks(num_lines: int) -> tuple[Look, ...]:
    """The looks of `num_lines` lines, most frequent first.

    Raises:
        ValueError: outside 1..4; more classes are shown as three groups, see `groups`.
    """
    chosen = {
        1: (MAJORITY,),
        2: (MAJORITY, MINORITY),
        3: (MAJORITY, SECOND, MINORITY),
        4: (MAJORITY, SECOND, THIRD, MINORITY),
    }
    if num_lines not in chosen:
        raise ValueError(
            f"num_lines = {num_lines}: 1 to {MOST_LINES} lines have a look of their own; "
            "draw more classes as the three groups of style.groups()"
        )
    return chosen[num_lines]


def groups(num_classes: int) -> tuple[tuple[str, range], ...]:
    """Many, medium, few: the ranks in three thirds (earlier groups take the remainder).

    >>> groups(10)
    (('many', range(0, 4)), ('medium', range(4, 7)), ('few', range(7, 10)))
    """
    size, extra = divmod(num_classes, 3)
    first = size + (extra > 0)
    second = first + size + (extra > 1)
    return (
        ("many", range(first)),
        ("medium", range(first, second)),
        ("few", range(second, num_classes)),
    )


def dress(ax: Axes, title: str) -> None:
    """Give axes the course's look: quiet grid, no box, readable text."""
    ax.set_facecolor(FACE)
    ax.set_title(title, loc="left", fontsize=TITLE_PT, color=INK, pad=6)
    ax.grid(True, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=TEXT_PT, labelcolor=QUIET, length=0, which="both")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(THIN)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near `wanted`, in the same order, at least `gap` apart, within [low, high].

    >>> [round(y, 3) for y in spread([0.5, 0.5], gap=0.1, low=0, high=1)]
    [0.45, 0.55]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed: list[tuple[list[int], float]] = []  # (members, centre) of blocks, from the bottom
    for i in order:
        block, centre = [i], wanted[i]
        while True:
            half = gap * (len(block) - 1) / 2
            centre = min(max(centre, low + half), high - half)
            if not placed:
                break
            below, under = placed[-1]
            if centre - half - (under + gap * (len(below) - 1) / 2) >= gap:
                break
            placed.pop()
            centre = (under * len(below) + centre * len(block)) / (len(below) + len(block))
            block = below + block
        placed.append((block, centre))
    positions = [0.0] * len(wanted)
    for block, centre in placed:
        for k, i in enumerate(block):
            positions[i] = centre + gap * (k - (len(block) - 1) / 2)
    return positions

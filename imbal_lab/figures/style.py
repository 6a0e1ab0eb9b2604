"""One look for the whole course: colour, marker and dash by frequency rank.

The most frequent class always has the first look and the rarest always the last, whatever the
number of classes. The four colours differ in lightness (they survive a grey print), keep apart
for colour-blind readers, and reach 3:1 contrast on the white face that every figure has.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

FACE = "white"
INK = "#222222"  # text
QUIET = "#666666"  # ticks, reference lines
GRID = "#e6e6e6"
THIN = "#bdbdbd"  # single classes behind group means
TEXT_PT = 9.5
TITLE_PT = 10.5
LINE_PT = 14.0  # from line to line of text
MOST_LINES = 4  # more classes than this are shown as three groups


Dash = str | tuple[float, tuple[float, ...]]


class Look(NamedTuple):
    """How one class, or one group of classes, is drawn."""

    colour: str
    dash: Dash
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


def look_of(rank: int, num_classes: int) -> Look:
    """The look of one class: its own, or with more than four classes that of its group.

    >>> look_of(9, num_classes=10) is MINORITY
    True
    """
    if num_classes <= MOST_LINES:
        return looks(num_classes)[rank]
    parts = [ranks for _, ranks in groups(num_classes)]
    return looks(len(parts))[next(k for k, ranks in enumerate(parts) if rank in ranks)]


def rows(num_classes: int) -> tuple[tuple[int, ...], ...]:
    """The ranks that are drawn alike: one class each, or many, medium and few.

    >>> rows(3)
    ((0,), (1,), (2,))
    """
    if num_classes <= MOST_LINES:
        return tuple((rank,) for rank in range(num_classes))
    return tuple(tuple(ranks) for _, ranks in groups(num_classes))


def labels(classes: Classes) -> list[str]:
    """One label for each of `rows`: `name (n=12)`, or `few (n=1–3)`."""
    names, counts = classes.class_names, classes.counts
    if len(names) <= MOST_LINES:
        return [f"{name} (n={n})" for name, n in zip(names, counts, strict=True)]
    ends = [(name, counts[r[-1]], counts[r[0]]) for name, r in groups(len(names))]
    return [f"{name} (n={a}–{b})" if a < b else f"{name} (n={a})" for name, a, b in ends]


def signed(value: float) -> str:
    """Two digits, with a real minus sign.

    >>> signed(-0.5)
    '−0.50'
    """
    return f"{value:.2f}".replace("-", "−")


def names(classes: Classes) -> list[str]:
    """The names of `rows`, without counts."""
    if len(classes.class_names) <= MOST_LINES:
        return list(classes.class_names)
    return [name for name, _ in groups(len(classes.class_names))]


def tint(colour: str, share: float) -> tuple[float, float, float]:
    """``colour`` mixed with white: ``share`` 1 is the colour itself, 0 is white."""
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def key(ax: Axes, lines: Sequence[str], *, head: Sequence[str] = ()) -> list[Artist]:
    """Lines of text right of the axes, from the top, each with the marker of its look.

    ``head`` are quiet lines above them.
    """
    gap = LINE_PT / 72 * ax.figure.dpi / ax.bbox.height  # of the axes' height
    across = 12 / 72 * ax.figure.dpi / ax.bbox.width
    heights = [1 - (k + 0.6) * gap for k in range(len(head) + len(lines))]
    artists = [beside(ax, height, text, None) for height, text in zip(heights, head, strict=False)]
    below = zip(heights[len(head) :], lines, looks(len(lines)), strict=True)
    for height, text, look in below:
        (dot,) = ax.plot([1 + across], [height], look.marker, transform=ax.transAxes)
        dot.set(color=look.colour, markersize=6, clip_on=False)
        artists += [dot, beside(ax, height, text, look, indent=22)]
    return artists


def beside(ax: Axes, height: float, text: str, look: Look | None, indent: float = 12) -> Artist:
    """Text right of the axes at ``height`` of them (0 to 1), ``indent`` points away."""
    return ax.annotate(
        text,
        (1.0, height),
        xycoords="axes fraction",
        xytext=(indent, 0),
        textcoords="offset points",
        va="center",
        color=QUIET if look is None else look.colour,
        fontsize=TEXT_PT,
        fontweight="bold" if look is MINORITY else "normal",
        annotation_clip=False,
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

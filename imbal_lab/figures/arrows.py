"""Class gradients as arrows: which way each class pulls the parameters, and how hard.

A model has hundreds of parameters and the paper has two dimensions. Lengths are exact. The
directions are drawn in the plane that holds most of the class *directions*, each class counting
once however short its gradient: the first two eigenvectors of the matrix of cosines. Two classes
fit exactly; of more, the share that the plane holds is said below, and the cosines are written
beside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from imbal_lab.figures import curves, style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Snapshot

EDGE = 1.12  # half the side of the square; the circle, which the longest arrow reaches, is at 1


class Flat(NamedTuple):
    """Class gradients (or those of many, medium and few) laid out in a plane."""

    norms: curves.Values  # [K]
    cosine: curves.Values  # [K, K]
    directions: curves.Values  # [K, 2] unit vectors; zero for a gradient that is zero
    total: curves.Values  # [2], the sum of all, on the same scale as the norms
    share: float  # of the directions that lies in the plane, 0 to 1


def flat(gram: curves.Values) -> Flat:
    """Lay out the gradients with inner products ``gram`` [C, C]: the most frequent to the left,
    the rarest in the upper half. The gradients of a group are added."""
    member = np.zeros((len(style.rows(len(gram))), len(gram)))
    for k, ranks in enumerate(style.rows(len(gram))):
        member[k, list(ranks)] = 1
    inner = member @ gram @ member.T
    norms = np.sqrt(np.clip(inner.diagonal(), 0, None))
    inverse = np.where(norms > 0, 1 / np.where(norms > 0, norms, 1), 0)
    cosine = np.clip(inner * inverse * inverse[:, None], -1, 1)
    values, vectors = np.linalg.eigh(cosine)
    held = vectors[:, -2:][:, ::-1] * np.sqrt(np.clip(values[-2:][::-1], 0, None))
    placed = _oriented(held.reshape(len(norms), -1))
    lengths = np.linalg.norm(placed, axis=1, keepdims=True)
    directions = np.where(lengths > 0, placed / np.where(lengths > 0, lengths, 1), 0)
    share = float((placed**2).sum() / max(np.count_nonzero(norms), 1))
    along = norms @ placed
    length = np.sqrt(max(inner.sum(), 0))
    total = along * (length / max(np.linalg.norm(along), 1e-300))
    return Flat(norms, cosine, directions, total, share)


def _oriented(placed: curves.Values) -> curves.Values:
    """Turned so that the first row points left, mirrored so that the last points up."""
    x, y = placed[0] if placed[0].any() else (-1.0, 0.0)
    length = np.hypot(x, y)
    turned: curves.Values = placed @ np.array([[-x, y], [-y, -x]]) / length
    return turned * [1.0, -1.0 if turned[-1, 1] < 0 else 1.0]


def circle(ax: Axes) -> None:
    """What stays the same at every moment: the circle, and what the thin arrow is."""
    turn = np.linspace(0, 2 * np.pi, 121)
    ax.plot(np.cos(turn), np.sin(turn), color=style.GRID, linewidth=1.2)
    style.beside(ax, 0.14, "thin arrow: the sum,", None)
    style.beside(ax, 0.06, "gradient descent's step", None)


def gradient_arrows(
    ax: Axes, seen: Snapshot, classes: style.Classes, *, faint: bool = False
) -> list[Artist]:
    """An arrow a class, as long as its gradient, and their sum; the longest reaches the circle.

    A dashed ray goes on to the circle, so that the direction of a short one can be seen too.
    With ``faint=True`` only the arrows are drawn, pale and wide, on a scale of their own.
    """
    laid = _laid(seen)
    longest = max(laid.norms.max(), np.hypot(*laid.total), 1e-300)
    looks = style.looks(len(laid.norms))
    if faint:
        pairs = zip(laid.norms[:, None] * laid.directions / longest, looks, strict=True)
        return [_arrow(ax, end, look.colour, 6.0, alpha=0.28) for end, look in pairs if end.any()]
    artists: list[Artist] = []
    for norm, direction, look in zip(laid.norms, laid.directions, looks, strict=True):
        if norm > 0:
            artists += _ray(ax, direction, look)
            artists.append(_arrow(ax, norm * direction / longest, look.colour, 1.3 * look.width))
    artists.append(_arrow(ax, laid.total / longest, style.QUIET, 1.2))
    return artists + _numbers(ax, laid, classes)


def gradient_arrows_in_words(seen: Snapshot, classes: style.Classes) -> str:
    """One line: how long the rarest gradient is beside the longest, and which way it points."""
    laid = _laid(seen)
    names = style.names(classes)
    ratio = laid.norms[-1] / laid.norms.max() if laid.norms.any() else 0.0
    with_first = laid.cosine[0, -1]
    along = laid.cosine[-1] @ laid.norms
    fate = "up" if along < 0 else "down"
    exact = len(names) == 2
    plane = "" if exact else f" The plane holds {100 * laid.share:.0f} % of the directions."
    return (
        f"Step {seen.step}: the gradient of {names[-1]} is {ratio:.2g} times as long as the "
        f"longest and its cosine with that of {names[0]} is {style.signed(with_first)}; a small "
        f"step of gradient descent brings its loss {fate}.{plane}"
    )


def _laid(seen: Snapshot) -> Flat:
    if seen.gram is None:
        raise ValueError('gram: this snapshot has none; take it with wanted=("gram",)')
    return flat(curves.array(seen.gram))


def _ray(ax: Axes, direction: curves.Values, look: style.Look) -> list[Artist]:
    line: list[Artist] = [
        *ax.plot(*zip((0, 0), direction, strict=True), color=look.colour, lw=0.9, ls=(0, (2, 2)))
    ]
    return [*line, *ax.plot(*direction[:, None], look.marker, color=look.colour, markersize=6)]


def _arrow(
    ax: Axes, end: curves.Values, colour: str, width: float, alpha: float = 1.0
) -> FancyArrowPatch:
    """From the middle to ``end``; of a short one the head is small too, and no longer than it."""
    points = float(np.hypot(*end)) * ax.bbox.width / (2 * EDGE) * 72 / ax.figure.dpi
    head = min(6 + 2.5 * width, 2 * points)
    arrow = FancyArrowPatch((0, 0), tuple(end), arrowstyle="-|>", shrinkA=0, shrinkB=0)
    arrow.set(mutation_scale=head, color=colour, linewidth=width, alpha=alpha, zorder=2.2)
    arrow.set(joinstyle="miter", capstyle="butt")
    ax.add_artist(arrow)
    return arrow


def _numbers(ax: Axes, laid: Flat, classes: style.Classes) -> list[Artist]:
    names = style.names(classes)
    lines = [f"{names[0]}: {_short(laid.norms[0])}"]
    lines += [
        f"{name}: {_short(norm)}, {style.signed(cosine)}"
        for name, norm, cosine in zip(names[1:], laid.norms[1:], laid.cosine[0, 1:], strict=True)
    ]
    head = ["length, and cosine", f"with {names[0]}"]
    return style.key(ax, lines, head=head)


def _short(norm: float) -> str:
    """Two digits, of a small one the first alone: there is room for six letters."""
    return f"{norm:.2g}" if norm >= 0.01 else f"{norm:.1g}"

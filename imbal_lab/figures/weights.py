"""Sample weights against losses: whom a method listens to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from imbal_lab.figures import curves, style
from imbal_lab.figures.regions import Points

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Snapshot

DECADES = 4  # of weights shown at most; smaller ones, and zero, lie on the lower edge
SIZES = (2.4, 3.2, 4.0, 5.5)


def weights_against_loss(
    ax: Axes, seen: Snapshot, classes: Points, *, faint: bool = False
) -> list[Artist]:
    """A dot an example: its loss and its weight, whose mean is 1, rare classes on top.

    Where the weight follows from the loss alone, a line joins the dots. With ``faint=True``
    only this line is drawn, pale and wide.
    """
    loss, weight = _pairs(seen)
    order = np.argsort(loss)
    follows = _is_function(loss[order], weight[order])
    shown = np.maximum(weight, ax.get_ylim()[0])
    if faint:
        return [*ax.plot(loss[order], shown[order], color=style.THIN, lw=5)] if follows else []
    artists: list[Artist] = [ax.axhline(1, color=style.QUIET, linewidth=0.9, linestyle=":")]
    if follows:
        artists += ax.plot(loss[order], shown[order], color=style.QUIET, linewidth=1.2)
    y, ranks = classes.y.numpy(), style.rows(len(classes.class_names))
    looks = style.looks(len(ranks))
    sizes = dict(zip(style.looks(style.MOST_LINES), SIZES, strict=True))
    for of_look, look in zip(ranks, looks, strict=True):
        mine = np.isin(y, of_look)
        (dots,) = ax.plot(loss[mine], shown[mine], look.marker, color=look.colour)
        dots.set(markersize=sizes[look], markeredgecolor="white", markeredgewidth=0.3)
        dots.set(zorder=2 + sizes[look] / 10, clip_on=False)
        artists.append(dots)
    return artists + style.key(ax, _shares(weight, y, classes), head=("share of weight",))


def weights_against_loss_in_words(seen: Snapshot, classes: Points) -> str:
    """One line: what share of the weight the rarest class has, and how unequal the weights are."""
    weight, y = _pairs(seen)[1], classes.y.numpy()
    ranks = style.rows(len(classes.class_names))[-1]
    mine = np.isin(y, ranks)
    name = style.names(classes)[-1]
    largest = np.nanmax(weight)
    return (
        f"Step {seen.step}: {name} is {_percent(mine.mean())} of the examples and has "
        f"{_percent(np.nansum(weight[mine]) / np.nansum(weight))} of the weight; the largest "
        f"weight is {largest:.3g} times the mean."
    )


def loss_limit(seen: Snapshot) -> float:
    """A round number above every loss, that does not change at every moment."""
    assert seen.sample_loss is not None
    highest = max(float(np.nanmax(curves.array(seen.sample_loss))), 0.1)
    return curves.round_up(highest)


def weight_limits(seen: Snapshot) -> tuple[float, float]:
    """Whole decades around the weights, four at most, with 1 among them."""
    weight = _pairs(seen)[1]
    positive = weight[weight > 0]
    top = max(math.ceil(math.log10(positive.max() * 1.05)), 1)
    bottom = min(math.floor(math.log10(positive.min())), -1)
    return 10.0 ** max(bottom, top - DECADES), 10.0**top


def _pairs(seen: Snapshot) -> tuple[curves.Values, curves.Values]:
    if seen.sample_loss is None or seen.sample_weight is None:
        raise ValueError(
            "sample_loss, sample_weight: this snapshot has not both; take it with "
            'wanted=("sample_loss", "sample_weight")'
        )
    return curves.array(seen.sample_loss), curves.array(seen.sample_weight)


def _is_function(loss: curves.Values, weight: curves.Values) -> bool:
    """Whether the weight rises, or falls, with the loss throughout; not where all are equal."""
    steps = np.diff(weight[~np.isnan(weight)])
    slack = 1e-4 * np.nanmax(np.abs(weight))
    return bool(((steps >= -slack).all() or (steps <= slack).all()) and abs(steps.sum()) > slack)


def _shares(weight: curves.Values, y: curves.Values, classes: Points) -> list[str]:
    total = np.nansum(weight)
    shares = [
        np.nansum(weight[np.isin(y, ranks)]) / total
        for ranks in style.rows(len(classes.class_names))
    ]
    pairs = zip(style.names(classes), shares, strict=True)
    return [f"{name}: {_percent(share)}" for name, share in pairs]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share <= 0 else f"{100 * share:.1g} %"

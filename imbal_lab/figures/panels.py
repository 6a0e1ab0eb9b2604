"""Panels: which curves stand where, under which title, within which limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from imbal_lab.figures import curves, style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording

Limits = tuple[float, float]
DECADES = 5  # of gradient norms shown at most
STEP_TICKS = (0, 5, 10, 30, 100, 300, 1000, 3000)


def _loss_limits(recordings: Sequence[Recording]) -> Limits:
    """From 0 to a round number above every loss, and above twice the loss of pure guessing."""
    highest = 2 * math.log(max(recordings[0].loss.shape[1], 2))
    for recording in recordings:
        values = curves.array(recording.loss)
        highest = max(highest, float(np.nanmax(values, initial=0.0)))
    decade = 10.0 ** math.floor(math.log10(highest))
    return 0.0, next(m * decade for m in (1, 1.5, 2, 3, 4, 5, 7.5, 10) if m * decade >= highest)


def _norm_limits(recordings: Sequence[Recording]) -> Limits:
    """Whole decades round every norm, five at most."""
    values = np.concatenate([curves.array(r.grad_norm).ravel() for r in recordings])
    values = values[values > 0]
    if not len(values):
        return 1e-3, 1.0
    top = math.floor(math.log10(values.max())) + 1
    bottom = math.floor(math.log10(values.min()))
    return 10.0 ** max(min(bottom, top - 2), top - DECADES), 10.0**top


@dataclass(frozen=True)
class Panel:
    """One plot of a recording."""

    title: str
    draw: Callable[..., list[Artist]]
    limits: Callable[[Sequence[Recording]], Limits]
    scale: str = "linear"


PANELS = {
    "loss": Panel("Mean loss of each class (training)", curves.loss, _loss_limits),
    "recall": Panel("Recall (balanced test set)", curves.recall, lambda _: (-0.03, 1.03)),
    "grad_norm": Panel("Norm of each class gradient", curves.grad_norm, _norm_limits, "log"),
    "cosine": Panel("Cosine with the majority's gradient", curves.cosine, lambda _: (-1.05, 1.05)),
}


def frame(ax: Axes, panel: Panel, recordings: Sequence[Recording], steps: int) -> None:
    """Title, scales and limits of one panel; `steps` is the length of the whole run."""
    style.dress(ax, panel.title)
    ax.set_yscale(panel.scale)
    ax.set_ylim(*panel.limits(recordings))
    step_axis(ax, steps)


def step_axis(ax: Axes, steps: int) -> None:
    """Steps, even up to 10 and logarithmic from there.

    What this course is about happens early, and the end of the run is shown too.
    """
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xticks([t for t in STEP_TICKS if t <= steps])
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(0, steps)
    ax.set_xlabel("step (log from 10)", fontsize=style.TEXT_PT, color=style.INK)


def figure(
    recording: Recording,
    classes: style.Classes,
    *,
    reference: Recording | None = None,
    names: Sequence[str] = tuple(PANELS),
) -> Figure:
    """A still picture: the named panels in two columns, the reference pale behind.

    >>> sorted(PANELS)
    ['cosine', 'grad_norm', 'loss', 'recall']
    """
    rows = math.ceil(len(names) / 2)
    made = canvas(rows, min(len(names), 2))
    layers = [(reference, True), (recording, False)]
    shown = [(layer, faint) for layer, faint in layers if layer is not None]
    for ax, name in zip(made.axes, names, strict=False):
        frame(ax, PANELS[name], [layer for layer, _ in shown], int(recording.step[-1]))
        for layer, faint in shown:
            PANELS[name].draw(ax, layer, classes, faint=faint)
    for ax in made.axes[len(names) :]:
        ax.remove()
    return made


def canvas(rows: int, columns: int) -> Figure:
    """An empty white figure with room for end labels right of every panel."""
    height = 0.35 + 2.3 * rows
    made = Figure(figsize=(4.5 * columns, height), dpi=100, facecolor=style.FACE)
    made.subplots(rows, columns, squeeze=False)
    made.subplots_adjust(
        left=0.5 / (4.5 * columns),
        right=1 - 1.45 / (4.5 * columns),
        bottom=0.5 / height,
        top=1 - 0.6 / height,
        wspace=0.7,
        hspace=0.52,
    )
    return made

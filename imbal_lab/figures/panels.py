"""Panels: what a picture can show, under which title, within which limits, in which words."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from imbal_lab.figures import (
    angles,
    arrows,
    curves,
    feature_clouds,
    heat_map,
    regions,
    style,
    weights,
    words,
)

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording, Snapshot

Limits = tuple[float, ...]
DECADES = 5  # of norms shown at most
STEP_TICKS = (0, 5, 10, 30, 100, 300, 1000, 3000)


@dataclass(frozen=True)
class Pictured:
    """A run as far as it has come: its curves, and the moments that were kept of it."""

    recording: Recording | curves.Seeds | None = None
    snapshots: Sequence[Snapshot] | curves.Seeds = ()

    def of(self, panel: Panel) -> Any:
        """What ``panel`` draws: the recording, the snapshots, or the last of them; or None."""
        if panel.shows == "recording":
            return self.recording
        if panel.shows == "moments" or isinstance(self.snapshots, curves.Seeds):
            return self.snapshots or None
        return self.snapshots[-1] if self.snapshots else None


@dataclass(frozen=True)
class Panel:
    """One view of a run.

    Attributes:
        title: what it shows.
        draw: ``draw(ax, shown, classes, faint=False)`` gives the artists that change.
        limits: of all that shares the panel, ``limits([shown, ...])``; while they stay the same,
            what `frame` has drawn stays the same.
        words: ``words(shown, classes)``, one line of text that says what the picture shows.
        shows: what `draw` takes: a "recording", the "moments" (a sequence of snapshots) or one
            "moment" (a snapshot).
        needs: what `take_snapshot` has to be asked for, for moments.
        axis: ``axis(ax, limits, steps)`` sets scales, ticks and limits.
        grows: whether limits that are wider than needed show it as well, as axes do; they are
            then (low, high) of each direction, one after the other.
        square: whether it needs a square of a row that is higher.
    """

    title: str
    draw: Callable[..., list[Artist]]
    limits: Callable[[Sequence[Any]], Limits]
    words: Callable[[Any, Any], str]
    axis: Callable[[Axes, Limits, int], None]
    shows: Literal["recording", "moments", "moment"] = "recording"
    needs: tuple[str, ...] = ()
    square: bool = False
    grows: bool = False

    def fits(self, shown: Sequence[Any], limits: Limits) -> bool:
        """Whether ``shown`` can be drawn within ``limits``."""
        needed = self.limits(shown)
        if not self.grows:
            return needed == limits
        ends = zip(limits[::2], needed[::2], needed[1::2], limits[1::2], strict=True)
        return all(low <= least and most <= high for low, least, most, high in ends)


def _loss_limits(*, guesses: float) -> Callable[[Sequence[Any]], Limits]:
    """From 0 to a round number above every loss, and above that of guessing so many times."""

    def limits(runs: Sequence[Any]) -> Limits:
        values = _all(runs, "loss")
        highest = max(float(np.nanmax(each, initial=0.0)) for each in values)
        return 0.0, curves.round_up(max(highest, guesses * math.log(max(values[0].shape[2], 2))))

    return limits


def _decades(quantity: str) -> Callable[[Sequence[Any]], Limits]:
    """Whole decades round every value, five at most."""

    def limits(runs: Sequence[Any]) -> Limits:
        values = np.concatenate([v.ravel() for v in _all(runs, quantity)])
        values = values[values > 0]
        if not len(values):
            return 1e-3, 1.0
        top = math.floor(math.log10(values.max())) + 1
        bottom = math.floor(math.log10(values.min()))
        return 10.0 ** max(min(bottom, top - 2), top - DECADES), 10.0**top

    return limits


def _all(runs: Sequence[Any], quantity: str) -> list[curves.Values]:
    return [curves.over_steps(run, quantity)[1] for run in runs]


def _fixed(*limits: float) -> Callable[[Sequence[Any]], Limits]:
    return lambda _: limits


def _weight_limits(moments: Sequence[Any]) -> Limits:
    low, high = zip(*map(weights.weight_limits, moments), strict=True)
    return 0.0, max(map(weights.loss_limit, moments)), min(low), max(high)


def _over_steps(scale: str) -> Callable[[Axes, Limits, int], None]:
    def axis(ax: Axes, limits: Limits, steps: int) -> None:
        ax.set_yscale(scale)
        ax.set_ylim(*limits)
        step_axis(ax, steps)

    return axis


def _rows(ax: Axes, limits: Limits, steps: int) -> None:
    ax.set_ylim(*limits)
    ax.set_yticks([])
    ax.grid(False)
    step_axis(ax, steps)


def _loss_rows(ax: Axes, limits: Limits, steps: int) -> None:
    _rows(ax, limits, steps)
    ax.set_xlabel(f"{ax.get_xlabel()}; bright 0, dark {limits[1]:g}")


def _weight_axis(ax: Axes, limits: Limits, steps: int) -> None:
    ax.set_yscale("log")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xlim(*limits[:2])
    ax.set_ylim(*limits[2:])
    ax.set_xlabel("loss of the example", fontsize=style.TEXT_PT, color=style.INK)


def _blank(ax: Axes, limits: Limits, steps: int) -> None:
    """A square without ticks, where a place has no number to tell."""
    ax.set_xlim(*limits[:2])
    ax.set_ylim(*limits[2:])
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_aspect("equal", anchor="W")
    ax.apply_aspect()  # now, since labels are placed by the size of the square
    ax.grid(False)
    ax.spines[:].set(visible=True, color=style.THIN)


def _circle(ax: Axes, limits: Limits, steps: int) -> None:
    _blank(ax, limits, steps)
    ax.spines[:].set_visible(False)
    arrows.circle(ax)


def _matrix(ax: Axes, limits: Limits, steps: int) -> None:
    _blank(ax, limits, steps)
    angles.scale(ax, number=round(limits[1] + 0.5))


def _cells(moments: Sequence[Any]) -> Limits:
    number = len(moments[0].angles)
    return -0.5, number - 0.5, number - 0.5, -0.5


def _around(moments: Sequence[Any]) -> Limits:
    half = max(map(feature_clouds.half_width, moments))
    return -half, half, -half, half


_LINE, _LOG = _over_steps("linear"), _over_steps("log")

# What a picture shows unless it is told otherwise.
PANELS = {
    "loss": Panel(
        "Mean loss of each class (training)",
        curves.loss,
        _loss_limits(guesses=2),
        words.loss,
        _LINE,
        grows=True,
    ),
    "recall": Panel(
        "Recall (balanced test set)", curves.recall, _fixed(-0.03, 1.03), words.recall, _LINE
    ),
    "grad_norm": Panel(
        "Norm of each class gradient",
        curves.grad_norm,
        _decades("grad_norm"),
        words.grad_norm,
        _LOG,
        grows=True,
    ),
    "cosine": Panel(
        "Cosine with the majority's gradient",
        curves.cosine,
        _fixed(-1.05, 1.05),
        words.cosine,
        _LINE,
    ),
}
VIEWS = PANELS | {
    "recall_map": Panel(
        "Recall of every class (dark 0, bright 1)",
        heat_map.recall_map,
        _fixed(0, 1),
        heat_map.recall_map_in_words,
        _rows,
    ),
    "loss_map": Panel(
        "Loss of every class",
        heat_map.loss_map,
        _loss_limits(guesses=1),
        heat_map.loss_map_in_words,
        _loss_rows,
    ),
    "projection": Panel(
        "Projection p of mini-batch gradients",
        curves.projection,
        _fixed(-0.05, 1.05),
        words.projection,
        _LINE,
        "moments",
        ("projection",),
    ),
    "feature_gradient": Panel(
        "Gradient norm at the features",
        curves.feature_gradient,
        _decades("feature_gradient"),
        words.feature_gradient,
        _LOG,
        "moments",
        ("feature_gradient",),
        grows=True,
    ),
    "regions": Panel(
        "Predicted class, training points",
        regions.decision_regions,
        lambda moments: moments[0].window,
        regions.decision_regions_in_words,
        _blank,
        "moment",
        ("regions",),
        square=True,
    ),
    "arrows": Panel(
        "Pull of each class on the parameters",
        arrows.gradient_arrows,
        _fixed(-arrows.EDGE, arrows.EDGE, -arrows.EDGE, arrows.EDGE),
        arrows.gradient_arrows_in_words,
        _circle,
        "moment",
        ("gram",),
        square=True,
    ),
    "weights": Panel(
        "Weight of each example (mean 1)",
        weights.weights_against_loss,
        _weight_limits,
        weights.weights_against_loss_in_words,
        _weight_axis,
        "moment",
        ("sample_loss", "sample_weight"),
        grows=True,
    ),
    "features": Panel(
        "Features, training and test",
        feature_clouds.features,
        _around,
        feature_clouds.features_in_words,
        _blank,
        "moment",
        ("features",),
        square=True,
        grows=True,
    ),
    "angles": Panel(
        "Cosines of the classifier's vectors",
        angles.classifier_angles,
        _cells,
        angles.classifier_angles_in_words,
        _matrix,
        "moment",
        ("angles",),
        square=True,
    ),
}


def frame(ax: Axes, panel: Panel, shown: Sequence[Any], steps: int) -> None:
    """Title, scales and limits of one panel for all that is ``shown`` there.

    ``steps`` is the length of the whole run.
    """
    frame_within(ax, panel, panel.limits(shown), steps)


def frame_within(ax: Axes, panel: Panel, limits: Limits, steps: int) -> None:
    """The same with ``limits`` that are chosen already."""
    ax.clear()
    style.dress(ax, panel.title)
    panel.axis(ax, limits, steps)


def cell(ax: Axes) -> tuple[int, int, int, int]:
    """Pixels that belong to axes of a `canvas`, with ticks, title and labels: left, right, top,
    bottom, counted from the upper left corner."""
    width, height = (round(size) for size in ax.figure.bbox.size)
    place = ax.get_position(original=True)
    inch = ax.figure.dpi
    left = place.x0 * width - LEFT * inch
    top = (1 - place.y1) * height - TITLE * inch
    bottom = (1 - place.y0) * height + (GAP - TITLE) * inch
    right = left + (WIDTH + RIGHT) * inch
    return round(left), round(right), max(round(top), 0), min(round(bottom), height)


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


def alt(panel: Panel, shown: Any, classes: Any) -> str:
    """Alternative text of a panel: its title, and what is to be seen in it."""
    return f"{panel.title}. {panel.words(shown, classes)}"


def figure(
    run: Recording | Pictured,
    classes: Any,
    *,
    reference: Recording | Pictured | None = None,
    names: Sequence[str] = tuple(PANELS),
) -> Figure:
    """A still picture: the named views in two columns, the reference pale behind.

    >>> sorted(PANELS)
    ['cosine', 'grad_norm', 'loss', 'recall']
    """
    chosen = [VIEWS[name] for name in names]
    columns = min(len(names), 2)
    made = canvas(math.ceil(len(names) / 2), columns, square=square_rows(chosen, columns))
    layers = [(_pictured(run), False)]
    if reference is not None:
        layers.insert(0, (_pictured(reference), True))
    steps = _last_step(layers[-1][0])
    for ax, panel in zip(made.axes, chosen, strict=False):
        _fill(ax, panel, layers, [layer for layer, _ in layers], classes, steps)
    for ax in made.axes[len(names) :]:
        ax.remove()
    return made


def side_by_side(
    runs: Mapping[str, Recording | Pictured], classes: Any, *, names: Sequence[str]
) -> Figure:
    """A still picture: a column a run, a row a view, the same limits along every row."""
    shown = {label: _pictured(run) for label, run in runs.items()}
    chosen = [VIEWS[name] for name in names]
    square = [k for k, panel in enumerate(chosen) if panel.square]
    made = canvas(len(chosen), len(shown), square=square)
    steps = max(map(_last_step, shown.values()))
    axes = iter(made.axes)
    for row, panel in enumerate(chosen):
        for label, one in shown.items():
            ax = next(axes)
            _fill(ax, panel, [(one, False)], list(shown.values()), classes, steps)
            if row == 0:
                headline(made, ax, label)
    return made


def headline(made: Figure, ax: Axes, text: str) -> None:
    """A bold line on top of the picture, where ``ax`` begins."""
    made.text(
        ax.get_position().x0,
        0.985,
        text,
        va="top",
        color=style.INK,
        fontsize=style.TITLE_PT,
        fontweight="bold",
    )


def _fill(
    ax: Axes,
    panel: Panel,
    layers: Sequence[tuple[Pictured, bool]],
    sharing: Sequence[Pictured],
    classes: Any,
    steps: int,
) -> None:
    frame(ax, panel, [found for one in sharing if (found := one.of(panel)) is not None], steps)
    for layer, faint in layers:
        if (found := layer.of(panel)) is not None:
            panel.draw(ax, found, classes, faint=faint)


def _pictured(run: Recording | Pictured) -> Pictured:
    return run if isinstance(run, Pictured) else Pictured(run)


def _last_step(run: Pictured) -> int:
    if run.recording is not None:
        return int(curves.over_steps(run.recording, "loss")[0][-1])
    return int(curves.over_steps(run.snapshots, "step")[0][-1])


def square_rows(panels: Sequence[Panel], columns: int) -> list[int]:
    """The rows that hold a square panel, when ``panels`` are laid out in ``columns``."""
    return sorted({k // columns for k, panel in enumerate(panels) if panel.square})


# Inches. Labels stand right of every panel, and the title of the picture above all of them.
LEFT, WIDTH, RIGHT = 0.5, 2.54, 1.9
TOP, HEIGHT, SIDE, GAP, BOTTOM = 0.64, 1.53, 2.1, 0.755, 0.5
TITLE = 0.27  # of a gap, above the axes below it


def canvas(rows: int, columns: int, *, square: Collection[int] = ()) -> Figure:
    """An empty white figure with room for labels right of every panel; ``square`` rows are higher.

    Axes in square rows are as wide as the others: their panels make themselves square.
    """
    heights = [SIDE if row in square else HEIGHT for row in range(rows)]
    width = (WIDTH + RIGHT) * columns
    height = TOP + sum(heights) + GAP * (rows - 1) + BOTTOM
    made = Figure(figsize=(width, height), dpi=100, facecolor=style.FACE)
    for row, own in enumerate(heights):
        bottom = height - TOP - sum(heights[: row + 1]) - GAP * row
        for column in range(columns):
            left = LEFT + (WIDTH + RIGHT) * column
            made.add_axes((left / width, bottom / height, WIDTH / width, own / height))
    return made

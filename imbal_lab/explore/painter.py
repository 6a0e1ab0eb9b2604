"""A live picture: runs in, PNG bytes out, fast.

Axes, ticks and panel titles are drawn once and kept as a bitmap; a paint restores it and draws
only what is new. The PNG has a palette of 64 colours: a quarter of the bytes, and no visible
loss. No pyplot anywhere: its state is shared between threads.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from imbal_lab.figures import VIEWS, Panel, Seeds, frame, panels, style

if TYPE_CHECKING:
    from imbal_lab.explore.runs import Run

PALETTE = 64
BACKGROUNDS = 8  # bitmaps of empty axes that are kept, one for each set of limits


class Layer(NamedTuple):
    """The runs of one method, one a seed; pale if they are there to compare with."""

    runs: Sequence[Run]
    faint: bool = False

    def of(self, panel: Panel) -> Any:
        """What ``panel`` draws; None as long as there is nothing. One moment is of one seed."""
        if panel.shows == "moment":
            return self.runs[0].snapshots[-1] if self.runs[0].snapshots else None
        recordings = panel.shows == "recording"
        each = [run.recording if recordings else tuple(run.snapshots) for run in self.runs]
        there = tuple(one for one in each if one)
        return None if not there else there[0] if len(there) == 1 else Seeds(there)


class Painter:
    """Draws panels in two columns; any thread may paint, one at a time.

    Args:
        views: the names of the panels in reading order; for two sides each is there twice.
        sides: how many methods stand side by side, 1 or 2.
        square: the rows that are higher, whatever they hold: pictures of one scene have one size.
    """

    def __init__(self, views: Sequence[str], sides: int = 1, square: Collection[int] = ()) -> None:
        self.views, self._square = tuple(views), square
        self._slots = [(VIEWS[view], side) for view in views for side in range(sides)]
        self.figure = panels.canvas((len(self._slots) + 1) // 2, 2, square=square)
        self._canvas = FigureCanvasAgg(self.figure)
        self._titles = [self._title(side) for side in range(sides)]
        self._framed: object = None  # what the axes are set up for
        self._backgrounds: dict[object, Any] = {}
        self._lock = threading.Lock()

    def _title(self, side: int) -> Text:
        """The headline of a side; no part of the bitmap, for it changes with every setting."""
        left = self.figure.axes[side].get_position().x0
        return self.figure.text(
            left if side else 0.008,
            0.985,
            "",
            va="top",
            color=style.INK,
            fontsize=style.TITLE_PT,
            fontweight="bold",
            animated=True,
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every picture in pixels."""
        return self._canvas.get_width_height()

    def paint(
        self,
        titles: Sequence[str],
        sides: Sequence[Sequence[Layer]],
        classes: style.Classes,
        steps: int,
    ) -> bytes:
        """The picture as PNG bytes; the layers of each side from the back to the front."""
        with self._lock:
            self._restore(sides, steps)
            for text, title in zip(self._titles, titles, strict=True):
                text.set_text(title)
                self.figure.draw_artist(text)
            for ax, artist in self._drawn(sides, classes):
                ax.draw_artist(artist)
                artist.remove()
            return self._png()

    def still(
        self,
        titles: Sequence[str],
        sides: Sequence[Sequence[Layer]],
        classes: style.Classes,
        steps: int,
    ) -> Figure:
        """The same picture as a figure of its own, for a file."""
        fresh = Painter(self.views, len(self._titles), self._square)
        fresh._restore(sides, steps)
        for text, title in zip(fresh._titles, titles, strict=True):
            text.set_text(title)
            text.set_animated(False)
        for _ in fresh._drawn(sides, classes):
            pass  # drawn, and left where it is
        return fresh.figure

    def _drawn(
        self, sides: Sequence[Sequence[Layer]], classes: style.Classes
    ) -> Iterator[tuple[Axes, Artist]]:
        """Every artist that is not part of the empty axes."""
        for ax, (panel, side) in zip(self.figure.axes, self._slots, strict=True):
            for layer in sides[side]:
                shown = layer.of(panel)
                if shown is not None:
                    for artist in panel.draw(ax, shown, classes, faint=layer.faint):
                        yield ax, artist

    def _restore(self, sides: Sequence[Sequence[Layer]], steps: int) -> None:
        """Put back the empty axes; draw them only for limits that were not there before."""
        layers = [layer for side in sides for layer in side]  # all share the limits
        shown = [[layer.of(panel) for layer in layers] for panel, _ in self._slots]
        shown = [[one for one in each if one is not None] for each in shown]
        pairs = zip(self._slots, shown, strict=True)
        wanted = (steps, *(panel.limits(each) if each else None for (panel, _), each in pairs))
        if wanted != self._framed:
            self._framed = wanted
            for ax, (panel, _), each in zip(self.figure.axes, self._slots, shown, strict=True):
                if each:
                    frame(ax, panel, each, steps)
        if wanted not in self._backgrounds:
            self._canvas.draw()
            while len(self._backgrounds) >= BACKGROUNDS:
                del self._backgrounds[next(iter(self._backgrounds))]
            self._backgrounds[wanted] = self._canvas.copy_from_bbox(self.figure.bbox)
        self._canvas.restore_region(self._backgrounds[wanted])

    def _png(self) -> bytes:
        picture = Image.frombuffer("RGBA", self.size, self._canvas.buffer_rgba())
        few = picture.convert("RGB").quantize(PALETTE, Image.Quantize.FASTOCTREE)
        rounded = few.getpalette() or []
        few.putpalette([255 if level > 252 else level for level in rounded])  # white stays white
        made = io.BytesIO()
        few.save(made, "PNG", compress_level=1)
        return made.getvalue()

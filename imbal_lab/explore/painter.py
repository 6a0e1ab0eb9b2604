"""A live picture: recordings in, PNG bytes out, fast.

Axes, ticks and titles are drawn once and kept as a bitmap; a paint restores it and draws only
the curves. The PNG has a palette of 64 colours: a quarter of the bytes, and no visible loss.
No pyplot anywhere: its state is shared between threads.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from imbal_lab.figures import PANELS, frame, panels, style

if TYPE_CHECKING:
    from imbal_lab.instruments import Recording

PALETTE = 64


class Painter:
    """Draws up to four panels; any thread may paint, one at a time."""

    def __init__(self, names: Sequence[str] = tuple(PANELS)) -> None:
        self._panels = [PANELS[name] for name in names]
        self.figure = panels.canvas((len(names) + 1) // 2, min(len(names), 2))
        self._canvas = FigureCanvasAgg(self.figure)
        self._title = self.figure.text(
            0.008, 0.985, "", va="top", color=style.INK, fontsize=style.TITLE_PT, fontweight="bold"
        )
        self._background: tuple[object, object] | None = None  # (what it was drawn for, bitmap)
        self._lock = threading.Lock()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every picture in pixels."""
        return self._canvas.get_width_height()

    def paint(
        self,
        title: str,
        recording: Recording | None,
        classes: style.Classes,
        steps: int,
        reference: Recording | None = None,
    ) -> bytes:
        """The picture as PNG bytes: a recording so far, the reference pale behind it."""
        behind_first = [(reference, True), (recording, False)]
        layers = [(layer, faint) for layer, faint in behind_first if layer is not None]
        with self._lock:
            self._restore(title, [layer for layer, _ in layers], steps)
            for ax, panel in zip(self.figure.axes, self._panels, strict=True):
                for layer, faint in layers:
                    for artist in panel.draw(ax, layer, classes, faint=faint):
                        ax.draw_artist(artist)
                        artist.remove()
            return self._png()

    def _restore(self, title: str, layers: Sequence[Recording], steps: int) -> None:
        """Put back the empty axes; draw them anew only when a title or a limit has changed."""
        limits = [panel.limits(layers) for panel in self._panels] if layers else None
        drawn_for = (title, steps, limits)
        if self._background is None or self._background[0] != drawn_for:
            self._title.set_text(title)
            if layers:
                for ax, panel in zip(self.figure.axes, self._panels, strict=True):
                    frame(ax, panel, layers, steps)
            self._canvas.draw()
            self._background = (drawn_for, self._canvas.copy_from_bbox(self.figure.bbox))
        self._canvas.restore_region(self._background[1])

    def _png(self) -> bytes:
        picture = Image.frombuffer("RGBA", self.size, self._canvas.buffer_rgba())
        few = picture.convert("RGB").quantize(PALETTE, Image.Quantize.FASTOCTREE)
        rounded = few.getpalette() or []
        few.putpalette([255 if level > 252 else level for level in rounded])  # white stays white
        made = io.BytesIO()
        few.save(made, "PNG", compress_level=1)
        return made.getvalue()

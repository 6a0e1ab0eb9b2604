"""Words in a live picture, drawn once and stamped after that.

Text is half the cost of a picture: every letter is laid out and rendered anew in every paint. A
label keeps its letters and changes its height, so its pixels are kept and put where it stands now,
rounded to a whole pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray

KEPT = 400
RIM = 2  # pixels round the extent, for slanted and heavy letters

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]


class Labels:
    """The stamps of the labels on one canvas."""

    def __init__(self, canvas: FigureCanvasAgg) -> None:
        self._canvas = canvas
        # one for all labels, since what it has measured is kept with it
        self._alone = RendererAgg(*canvas.get_width_height(), canvas.figure.dpi)
        self._stamps: dict[Any, tuple[Pixels, Values]] = {}  # and where its corner is

    def draw(self, text: Text) -> None:
        """Draw ``text`` where it stands now."""
        if not text.get_text():
            return
        key = (
            text.get_text(),
            text.get_color(),
            text.get_alpha(),
            text.get_fontsize(),
            text.get_fontweight(),
            text.get_horizontalalignment(),
            text.get_verticalalignment(),
        )
        if isinstance(text, Annotation):
            text.update_positions(self._canvas.get_renderer())
        at = text.get_transform().transform(text.get_unitless_position())
        if key not in self._stamps:
            if len(self._stamps) >= KEPT:
                del self._stamps[next(iter(self._stamps))]
            extent = text.get_window_extent(self._alone)
            self._stamps[key] = self._rendered(text), np.array([extent.x0, extent.y1]) - at
        stamp, corner = self._stamps[key]
        page = np.asarray(self._canvas.buffer_rgba())
        left, top = at + corner
        _stamp(page, stamp, round(left) - RIM, round(len(page) - top) - RIM)

    def _rendered(self, text: Text) -> Pixels:
        """The text alone, at a whole pixel: the same pixels wherever it stands first."""
        self._alone.clear()
        copy = Text(
            RIM,
            RIM,
            text.get_text(),
            color=text.get_color(),
            alpha=text.get_alpha(),
            fontproperties=text.get_fontproperties(),
            verticalalignment="bottom",
        )
        copy.set_figure(self._canvas.figure)
        extent = copy.get_window_extent(self._alone)
        copy.draw(self._alone)
        page = np.asarray(self._alone.buffer_rgba())
        top, right = len(page) - round(extent.y1) - RIM, round(extent.x1) + RIM
        return page[top:, :right].copy()


def _stamp(page: Pixels, stamp: Pixels, left: int, top: int) -> None:
    """Lay ``stamp`` on ``page``, both [h, w, RGBA], as far as it is on it."""
    stamp = stamp[max(-top, 0) :, max(-left, 0) :]
    left, top = max(left, 0), max(top, 0)
    part = page[top : top + stamp.shape[0], left : left + stamp.shape[1]]
    stamp = stamp[: part.shape[0], : part.shape[1]]
    cover = stamp[..., 3:].astype(np.uint16)
    mixed = stamp[..., :3] * cover + part[..., :3] * (255 - cover) + 127
    part[..., :3] = mixed // 255

"""A live picture: runs in, PNG bytes out, fast.

Axes, ticks and panel titles are drawn once for each set of limits and kept with their bitmap; a
paint restores it and draws only what is new. The PNG has a palette: a quarter of the bytes, and no
visible loss (64 colours put false ones into a heat map). No pyplot anywhere: its state is shared
between threads.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from imbal_lab.explore.labels import Labels
from imbal_lab.figures import VIEWS, Panel, Seeds, panels, predicted_loss, style
from imbal_lab.figures.panels import frame_within

if TYPE_CHECKING:
    from imbal_lab.explore.predict import Predicted
    from imbal_lab.explore.runs import Run

PALETTE = 256
NOTE_AT = 0.24  # inches below the top, under the headline
SHEETS = 4  # empty axes that are kept, one for each set of limits


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
        self.views, self._square, self._sides = tuple(views), square, sides
        self._slots = [(VIEWS[view], side) for view in views for side in range(sides)]
        self._sheets: dict[object, Sheet] = {}
        self._last = Sheet(len(self._slots), sides, square)
        self._lock = threading.Lock()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every picture in pixels."""
        return self._last.canvas.get_width_height()

    def paint(
        self,
        titles: Sequence[str],
        sides: Sequence[Sequence[Layer]],
        classes: style.Classes,
        steps: int,
        predicted: Predicted | None = None,
        *,
        under_way: bool = False,
    ) -> bytes:
        """The picture as PNG bytes; the layers of each side from the back to the front.

        Runs that are ``under_way`` are drawn on the axes of the picture before, as long as they
        fit: axes that stand still are faster, and let a curve be seen to rise during a drag.
        """
        with self._lock:
            sheet = self._last = self._sheet(sides, steps, loose=under_way)
            sheet.canvas.restore_region(sheet.empty)
            for text in sheet.headlines(titles, predicted):
                sheet.labels.draw(text)
            for ax, artist in self._drawn(sheet, sides, classes, predicted):
                if _is_label(artist):
                    sheet.labels.draw(artist)
                else:
                    ax.draw_artist(artist)
                artist.remove()
            return _png(sheet.canvas)

    def still(
        self,
        titles: Sequence[str],
        sides: Sequence[Sequence[Layer]],
        classes: style.Classes,
        steps: int,
        predicted: Predicted | None = None,
    ) -> Figure:
        """The same picture as a figure of its own, for a file."""
        fresh = Painter(self.views, self._sides, self._square)
        sheet = fresh._sheet(sides, steps)
        for text in sheet.headlines(titles, predicted):
            text.set_animated(False)
        for _ in fresh._drawn(sheet, sides, classes, predicted):
            pass  # drawn, and left where it is
        return sheet.figure

    def _drawn(
        self,
        sheet: Sheet,
        sides: Sequence[Sequence[Layer]],
        classes: style.Classes,
        predicted: Predicted | None,
    ) -> Iterator[tuple[Axes, Artist]]:
        """Every artist that is not part of the empty axes."""
        for ax, (panel, side) in zip(sheet.figure.axes, self._slots, strict=True):
            for layer in sides[side]:
                shown = layer.of(panel)
                if shown is not None:
                    for artist in panel.draw(ax, shown, classes, faint=layer.faint):
                        yield ax, artist
                    if panel is VIEWS["loss"] and predicted is not None and not layer.faint:
                        for artist in predicted_loss(ax, shown, predicted.falls):
                            yield ax, artist

    def _sheet(self, sides: Sequence[Sequence[Layer]], steps: int, *, loose: bool = False) -> Sheet:
        """Empty axes with these limits: those there are, or the oldest set up anew."""
        layers = [layer for side in sides for layer in side]  # all share the limits
        shown = [[layer.of(panel) for layer in layers] for panel, _ in self._slots]
        shown = [[one for one in each if one is not None] for each in shown]
        rows = zip(self._slots, shown, self._last.limits_of(steps), strict=True)
        wanted = (
            steps,
            *(
                before
                if loose and before is not None and (not each or panel.fits(each, before))
                else panel.limits(each) if each else None
                for (panel, _), each, before in rows
            ),
        )  # fmt: skip
        sheet = self._sheets.pop(wanted, None)
        if sheet is None:
            if len(self._sheets) < SHEETS:
                sheet = Sheet(len(self._slots), self._sides, self._square)
            else:
                sheet = self._sheets.pop(next(iter(self._sheets)))
            sheet.set_up([panel for panel, _ in self._slots], wanted)
        self._sheets[wanted] = sheet  # as the newest
        return sheet


class Sheet:
    """Axes that are drawn and empty, with their bitmap."""

    def __init__(self, panels_on_it: int, sides: int, square: Collection[int]) -> None:
        self.figure = panels.canvas((panels_on_it + 1) // 2, 2, square=square)
        self.canvas = FigureCanvasAgg(self.figure)
        self.labels = Labels(self.canvas)
        self._titles = [self._title(side) for side in range(sides)]
        self._note = self.figure.text(
            0.008, 1 - NOTE_AT / self.figure.get_figheight(), "", va="top", color=style.INK,
            fontsize=style.TEXT_PT, animated=True,
        )  # fmt: skip
        self.empty: Any = None
        self._limits: tuple[Any, ...] = (None,) * (panels_on_it + 1)

    def headlines(self, titles: Sequence[str], predicted: Predicted | None) -> list[Text]:
        """The headline of each side, and the prediction below them."""
        for text, title in zip(self._titles, titles, strict=True):
            text.set_text(title)
        self._note.set_text("" if predicted is None else predicted.text)
        return [*self._titles, self._note]

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

    def set_up(self, chosen: Sequence[Panel], limits: tuple[Any, ...]) -> None:
        """Give the axes these limits (the number of steps first), and draw them."""
        changed = []
        rows = zip(self.figure.axes, chosen, limits[1:], self._limits[1:], strict=True)
        for ax, panel, now, before in rows:
            if now is not None and (now != before or limits[0] != self._limits[0]):
                frame_within(ax, panel, now, limits[0])
                changed.append(ax)
        self._limits = limits
        if self.empty is None:
            self.canvas.draw()
        else:
            self._draw_again(changed)
        self.empty = self.canvas.copy_from_bbox(self.figure.bbox)

    def limits_of(self, steps: int) -> Sequence[Any]:
        """The limits of each panel, if the axes are for so many steps; else None for each."""
        limits = self._limits[1:]
        return limits if self._limits[0] == steps else (None,) * len(limits)

    def _draw_again(self, changed: Sequence[Axes]) -> None:
        """Draw these axes anew, each in its own part of the bitmap."""
        self.canvas.restore_region(self.empty)
        page = np.asarray(self.canvas.buffer_rgba())
        for ax in changed:
            left, right, top, bottom = panels.cell(ax)
            page[top:bottom, left:right] = 255
            ax.draw(self.canvas.get_renderer())


def _is_label(artist: Artist) -> TypeGuard[Text]:
    """Whether it is words alone, without an arrow or a box."""
    plain = isinstance(artist, Text) and artist.get_bbox_patch() is None
    return plain and getattr(artist, "arrow_patch", None) is None


def _png(canvas: FigureCanvasAgg) -> bytes:
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    few = picture.convert("RGB").quantize(PALETTE, Image.Quantize.FASTOCTREE)
    rounded = few.getpalette() or []
    few.putpalette([255 if level > 252 else level for level in rounded])  # white stays white
    made = io.BytesIO()
    few.save(made, "PNG", compress_level=1)
    return made.getvalue()

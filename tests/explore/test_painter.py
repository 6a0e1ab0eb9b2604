"""The painter's picture: always the same size, small, and the same as a fresh drawing."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from PIL import Image

from imbal_lab.explore import SETUPS, Setting, settings
from imbal_lab.explore.painter import SHEETS, Layer, Painter
from imbal_lab.explore.runs import Run
from imbal_lab.explore.trained import Own, trained

CURVES = ("loss", "recall", "grad_norm", "cosine")
MOMENTS = ("loss", "recall", "weights", "regions")


def run_of(scene, data, method, steps):
    made = Run(Setting(scene, data, method, rho=20))
    for moment in trained(made.setting, Own()):
        made.records.append(moment.record)
        made.snapshots += [moment.snapshot] if moment.snapshot is not None else []
    return made


@pytest.fixture(scope="module")
def runs():
    with pytest.MonkeyPatch.context() as patch:
        for name, setup in SETUPS.items():
            patch.setitem(SETUPS, name, replace(setup, steps=20))
        yield {
            "drop": run_of("minority_drop", "gauss2d_binary", "gd", 20),
            "pcngd": run_of("minority_drop", "gauss2d_binary", "pcngd", 20),
            "absgd": run_of("absgd", "gauss2d", "absgd", 20),
            "temperatures": run_of("temperatures", "gauss2d", "cdt", 20),
        }


def part(run, length):
    return Run(run.setting, run.records[:length])


def data_of(run):
    return settings.dataset(run.setting.data, run.setting.rho, run.setting.seed)


def painted(painter, *layers, title="title"):
    """A picture of one side."""
    return painter.paint([title], [layers], data_of(layers[0].runs[0]), 20)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_size_is_constant(runs):
    painter, run = Painter(CURVES), runs["drop"]
    pictures = [painted(painter, Layer([part(run, k)]), title=f"{k}") for k in (0, 1, 2, 21)]
    assert {pixels(png).shape for png in pictures} == {(*painter.size[::-1], 3)}
    assert len(set(pictures)) == 4


def test_a_blitted_paint_equals_a_fresh_one(runs):
    painter, run = Painter(CURVES), runs["drop"]
    for length in (3, 9, 15):
        painted(painter, Layer([part(run, length)]), title="another")
    behind = Layer([runs["pcngd"]], faint=True)
    blitted = painted(painter, behind, Layer([run]))
    assert blitted == painted(Painter(CURVES), behind, Layer([run]))


def test_so_it_does_with_limits_that_came_and_went(runs):
    """A kept bitmap of axes must be met by axes that are set up in the same way."""
    painter, run = Painter(CURVES), runs["drop"]
    wanted = painted(painter, Layer([run]))
    painted(painter, Layer([part(run, 1)]))
    assert painted(painter, Layer([run])) == wanted


def test_axes_stand_still_while_runs_are_under_way(runs):
    """What fits is drawn on the axes of the picture before; an end has axes of its own."""
    painter, low = Painter(("loss", "recall")), runs["drop"]
    high = Run(low.setting, [record._replace(loss=10 * record.loss) for record in low.records])
    heights = []
    for run, under_way in [(high, False), (low, True), (low, False), (high, True)]:
        painter.paint([""], [[Layer([run])]], data_of(run), 20, under_way=under_way)
        heights.append(painter._last.figure.axes[0].get_ylim()[1])
    assert heights[0] == heights[1] == heights[3]  # the last would not have fitted
    assert heights[2] < heights[0]


def test_the_axes_are_drawn_once_for_the_same_limits(runs, monkeypatch):
    painter, run = Painter(CURVES), runs["drop"]
    drawn = []
    draw = FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda self: drawn.append(1) or draw(self))
    for title in ("a", "b", "c"):  # a headline is no reason
        painted(painter, Layer([run]), title=title)
    assert len(drawn) == 1


def test_what_needs_moments_waits_for_one(runs):
    painter, run = Painter(MOMENTS), runs["absgd"]
    before = painted(painter, Layer([Run(run.setting, run.records)]))
    assert before != painted(painter, Layer([run]))


def test_two_sides_share_their_limits(runs):
    painter = Painter(("loss", "recall"), sides=2)
    sides = [[Layer([runs["drop"]])], [Layer([runs["pcngd"]])]]
    painter.paint(["GD", "PCNGD"], sides, data_of(runs["drop"]), 20)
    left, right = painter._last.figure.axes[:2]
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[1] >= runs["drop"].recording.loss.max()


def test_seeds_are_drawn_as_a_band(runs):
    painter, run = Painter(CURVES), runs["drop"]
    once = painted(painter, Layer([run]))
    assert painted(painter, Layer([run, runs["pcngd"]])) != once
    assert painted(painter, Layer([run, Run(run.setting)])) == once  # one that has not begun


def test_the_still_picture_shows_the_same(runs):
    run = runs["temperatures"]
    painter = Painter(("loss", "recall", "regions", "features"))
    figure = painter.still(["title"], [[Layer([run])]], data_of(run), 20)
    made = io.BytesIO()
    figure.savefig(made, format="png")
    live = pixels(painted(painter, Layer([run])))
    assert np.abs(pixels(made.getvalue()) - live).mean() < 2  # 64 colours, and no more


def test_it_is_small_and_stands_on_white(runs):
    png = painted(Painter(CURVES), Layer([runs["drop"]]))
    assert Image.open(io.BytesIO(png)).mode == "P"
    assert len(png) < 60_000
    assert pixels(png)[0, 0].tolist() == [255, 255, 255]


def test_no_artists_and_no_bitmaps_pile_up(runs):
    painter, run = Painter(("loss", "recall", "regions", "features")), runs["temperatures"]
    painted(painter, Layer([run]))
    before = [len(ax.get_children()) for ax in painter._last.figure.axes]
    for k in range(SHEETS + 2):
        painter.paint([""], [[Layer([run])]], data_of(run), 20 + k)
    assert [len(ax.get_children()) for ax in painter._last.figure.axes] == before
    assert len(painter._sheets) == SHEETS


def test_a_label_is_rendered_once_and_stands_where_its_line_ends(runs, monkeypatch):
    painter, run = Painter(CURVES), runs["drop"]
    first = pixels(painted(painter, Layer([part(run, 5)])))
    rendered = []
    draw = RendererAgg.draw_text
    monkeypatch.setattr(
        RendererAgg, "draw_text", lambda *args, **named: rendered.append(1) or draw(*args, **named)
    )
    second = pixels(painted(painter, Layer([part(run, 7)])))  # within the same limits
    assert not rendered
    assert not np.array_equal(first, second)
    ours = first[40:220, 310:440] < 200  # the labels right of the first panel
    assert ours.sum() == (second[40:220, 310:440] < 200).sum()  # the same letters
    assert not np.array_equal(ours, second[40:220, 310:440] < 200)  # elsewhere


def test_stamped_labels_are_those_that_matplotlib_draws(runs, monkeypatch):
    run = runs["drop"]
    stamped = pixels(painted(Painter(CURVES), Layer([run])))
    monkeypatch.setattr("imbal_lab.explore.painter._is_label", lambda artist: False)
    drawn = pixels(painted(Painter(CURVES), Layer([run])))
    moved = np.roll(drawn, 1, axis=0), drawn, np.roll(drawn, -1, axis=0)
    ink = [abs(int((stamped < 128).sum()) - int((drawn < 128).sum())) / (drawn < 128).sum()]
    assert max(ink) < 0.02
    assert min(np.abs(stamped - other).mean() for other in moved) < 1  # a pixel up or down


def test_rows_can_be_made_higher():
    assert Painter(CURVES, square=[1]).size[1] > Painter(CURVES).size[1]

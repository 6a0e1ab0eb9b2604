"""A whole still picture."""

import itertools

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text

from imbal_lab.data import Dataset
from imbal_lab.figures import PANELS, VIEWS, Pictured, Seeds, alt, figure, frame, side_by_side
from imbal_lab.figures.panels import canvas, square_rows
from imbal_lab.instruments import Recording, Snapshot


def pixels(made):
    canvas = FigureCanvasAgg(made)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_all_four_panels_by_default(make_recording, make_classes):
    made = figure(make_recording([[0.7, 0.6], [0.3, 0.9]]), make_classes(20, 2))
    assert [ax.get_title(loc="left") for ax in made.axes] == [p.title for p in PANELS.values()]
    assert pixels(made)[0, 0].tolist() == [255] * 4  # opaque white, also on a dark page


def test_no_label_is_cut_off(make_recording, make_classes):
    values = [[2.0] * 10, [1.0] * 10]
    made = figure(make_recording(values), make_classes(*range(120, 20, -10)))
    edges = pixels(made)
    for edge in (edges[:, -1], edges[:, 0], edges[0], edges[-1]):
        assert (edge == 255).all()


def test_the_reference_lies_behind(make_recording, make_classes):
    run = make_recording([[0.7, 0.6], [0.3, 0.9]])
    alone = figure(run, make_classes(20, 2), names=["loss"])
    both = figure(run, make_classes(20, 2), reference=run, names=["loss"])
    assert len(both.axes[0].lines) == len(alone.axes[0].lines) + 2
    assert both.axes[0].lines[0].get_zorder() < both.axes[0].lines[-2].get_zorder()


def run_of(counts, names, shift=0.0):
    """A run with everything that any view needs, drawn at random around ``shift``."""
    number = len(counts)
    rng = torch.Generator().manual_seed(number)
    y = torch.repeat_interleave(torch.arange(number), torch.tensor(counts))
    x = torch.randn(len(y), 2, generator=rng) + y[:, None]
    data = Dataset("made", x, y, x, y, names)
    rows = torch.randn(number, 20, generator=rng)
    moment = Snapshot(
        20,
        regions=torch.randint(number, (60, 60), generator=rng),
        window=(-3.0, number + 3.0, -3.0, number + 3.0),
        sample_loss=torch.rand(len(y), generator=rng) + shift,
        sample_weight=torch.rand(len(y), generator=rng),
        features=x,
        features_y=y,
        features_test=x + 0.1,
        features_test_y=y,
        features_share=0.8,
        gram=rows @ rows.T,
        angles=torch.corrcoef(rows),
        feature_gradient=torch.rand(number, generator=rng),
        projection=torch.rand(number, generator=rng),
    )
    loss = torch.rand(3, number, generator=rng) + shift
    cosine = torch.corrcoef(rows).expand(3, -1, -1)
    recording = Recording(torch.tensor([0, 10, 20]), loss, loss / 4, loss / 10, cosine)
    return Pictured(recording, [Snapshot(0, **kept(moment)), moment]), data


def kept(moment):
    return {name: value for name, value in vars(moment).items() if name != "step"}


RUNS = {
    "two": run_of((90, 9), ("left", "right")),
    "four": run_of((400, 86, 18, 4), ("east", "north", "west", "south")),
    "ten": run_of((100, 64, 41, 27, 17, 11, 7, 4, 3, 2), tuple("0123456789")),
    "thirty": run_of(tuple(range(60, 0, -2)), tuple(f"{k}.{k}" for k in range(30))),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("view", VIEWS)
def test_text_is_readable_whole_and_on_no_other_text(name, view):
    run, data = RUNS[name]
    made = figure(run, data, names=[view])
    edges = pixels(made)
    for edge in (edges[:, -1], edges[:, 0], edges[0], edges[-1]):
        assert (edge == 255).all()
    texts = [t for t in made.findobj(Text) if t.get_text() and t.get_visible()]
    assert min(t.get_fontsize() for t in texts) >= 9
    boxes = [t.get_window_extent() for t in texts if isinstance(t, Annotation)]
    for one, other in itertools.combinations(boxes, 2):
        assert one.y1 <= other.y0 + 3 or other.y1 <= one.y0 + 3 or one.x1 < other.x0


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_framed_again_and_leaves_nothing(view):
    """A live picture draws, takes its artists away, and draws again."""
    run, data = RUNS["four"]
    panel, (ax,) = VIEWS[view], canvas(1, 1).axes
    shown = run.of(panel)
    frame(ax, panel, [shown], 20)
    empty = len(ax.get_children())
    assert panel.limits([shown]) == panel.limits([shown])
    for _ in range(2):
        for artist in panel.draw(ax, shown, data):
            artist.remove()
        assert len(ax.get_children()) == empty
    frame(ax, panel, [shown], 20)
    assert len(ax.get_children()) == empty


@pytest.mark.parametrize("view", VIEWS)
def test_alternative_text_is_the_title_and_one_line(view):
    run, data = RUNS["four"]
    panel = VIEWS[view]
    text = alt(panel, run.of(panel), data)
    assert text.startswith(f"{panel.title}. ")
    assert text.endswith(".")
    assert "\n" not in text
    assert "nan" not in text


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_needs_what_it_says_and_no_more(view):
    run, data = RUNS["four"]
    panel, last = VIEWS[view], run.snapshots[-1]
    asked = [n for n in kept(last) if n.split("_")[0] in {w.split("_")[0] for w in panel.needs}]
    asked += ["window"] * ("regions" in panel.needs)
    few = Snapshot(20, **{name: getattr(last, name) for name in asked})
    figure(Pictured(run.recording, [few]), data, names=[view])


def test_what_a_panel_gets_of_a_run():
    run, _ = RUNS["two"]
    assert run.of(VIEWS["loss"]) is run.recording
    assert run.of(VIEWS["regions"]) is run.snapshots[-1]
    assert run.of(VIEWS["projection"]) is run.snapshots
    assert Pictured().of(VIEWS["loss"]) is None
    assert Pictured().of(VIEWS["regions"]) is None


def test_side_by_side_shares_the_limits_of_every_row():
    one, data = RUNS["four"]
    other, _ = run_of((400, 86, 18, 4), data.class_names, shift=5.0)
    made = side_by_side({"One": one, "Other": other}, data, names=["loss", "weights", "regions"])
    for left, right in zip(made.axes[::2], made.axes[1::2], strict=True):
        assert left.get_ylim() == right.get_ylim()
        assert left.get_xlim() == right.get_xlim()
    assert made.axes[0].get_ylim()[1] >= 5
    assert [text.get_text() for text in made.texts] == ["One", "Other"]


def test_seeds_can_be_pictured():
    run, data = RUNS["two"]
    seeds = Pictured(Seeds((run.recording,) * 3), Seeds((run.snapshots,) * 3))
    made = figure(seeds, data, names=["loss", "projection"])
    assert all(ax.collections for ax in made.axes)


def test_rows_with_squares_are_higher():
    assert square_rows([VIEWS[v] for v in ("loss", "recall", "weights", "regions")], 2) == [1]
    plain, mixed = canvas(2, 2), canvas(2, 2, square=(1,))
    assert mixed.get_figheight() > plain.get_figheight()
    assert plain.get_figwidth() == mixed.get_figwidth()
    heights = [ax.get_window_extent().height for ax in mixed.axes]
    assert heights[0] == pytest.approx(plain.axes[0].get_window_extent().height)
    assert heights[2] == pytest.approx(heights[3])
    assert heights[2] >= 200


@pytest.mark.parametrize("view", [v for v, panel in VIEWS.items() if panel.square])
def test_squares_are_square(view):
    run, data = RUNS["four"]
    made = figure(run, data, names=[view])
    box = made.axes[0].get_window_extent()
    assert box.width == pytest.approx(box.height)

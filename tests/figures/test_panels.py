"""A whole still picture."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from imbal_lab.figures import PANELS, figure


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

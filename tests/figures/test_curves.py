"""Curves draw what was recorded, and nothing else."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from imbal_lab.figures import PANELS, cosine, frame, grad_norm, loss, recall, style


@pytest.fixture
def ax():
    return Figure().subplots()


def lines(artists, min_width=1.0):
    """The curves among the artists: thick lines that are not straight references."""
    kept = [a for a in artists if isinstance(a, Line2D) and a.get_linewidth() >= min_width]
    return [a for a in kept if a.get_linestyle() != ":"]


def texts(artists):
    return [a.get_text() for a in artists if isinstance(a, Annotation)]


def test_a_line_and_a_label_a_class(ax, make_recording, make_classes):
    values = [[0.7, 0.6], [0.3, 0.9], [0.1, 0.4]]
    artists = loss(ax, make_recording(values), make_classes(200, 20))
    drawn = lines(artists)
    assert [line.get_color() for line in drawn] == [style.MAJORITY.colour, style.MINORITY.colour]
    np.testing.assert_array_equal(drawn[0].get_xdata(), [0, 10, 20])
    np.testing.assert_array_equal(np.stack([line.get_ydata() for line in drawn], 1), values)
    assert sorted(texts(artists)) == ["a (n=200)", "b (n=20)"]


def test_the_minoritys_start_is_a_thin_reference(ax, make_recording, make_classes):
    artists = loss(ax, make_recording([[0.7, 0.6], [0.3, 0.9]]), make_classes(20, 2))
    (start,) = [a for a in artists if isinstance(a, Line2D) and a.get_linestyle() == ":"]
    assert set(start.get_ydata()) == {0.6}


def test_each_quantity_is_the_recorded_one(ax, make_recording, make_classes):
    run = make_recording([[0.7, 0.6], [0.3, 0.9]], [[0.1, 0.2], [0.8, 0.4]])
    seen = {f: lines(f(ax, run, make_classes(20, 2))) for f in (recall, grad_norm)}
    np.testing.assert_array_equal(seen[recall][1].get_ydata(), [0.2, 0.4])
    np.testing.assert_allclose(seen[grad_norm][0].get_ydata(), [0.07, 0.03])


def test_cosines_are_those_with_the_majority(ax, make_recording, make_classes):
    run = make_recording([[1.0, 1, 1], [1, 1, 1]])
    run.cosine[:, 0, 1], run.cosine[:, 0, 2] = -0.5, 0.25
    drawn = lines(cosine(ax, run, make_classes(20, 10, 2)))
    assert [line.get_ydata()[0] for line in drawn] == [-0.5, 0.25]
    assert drawn[1].get_color() == style.MINORITY.colour


def test_the_thin_line_is_where_gradient_descent_turns_on_the_minority(
    ax, make_recording, make_classes
):
    """-||g_1||/||g_0||: the made recording has norms of a tenth of the losses."""
    artists = cosine(ax, make_recording([[0.8, 0.2], [0.5, 0.4]]), make_classes(20, 2))
    (limit,) = [a for a in artists if isinstance(a, Line2D) and a.get_color() == style.INK]
    np.testing.assert_allclose(limit.get_ydata(), [-0.25, -0.8])


def test_the_criterion_is_for_two_classes(ax, make_recording, make_classes):
    artists = cosine(ax, make_recording([[0.8, 0.2, 0.1]] * 2), make_classes(20, 4, 2))
    assert not [a for a in artists if isinstance(a, Line2D) and a.get_color() == style.INK]


def test_many_classes_become_three_labelled_means_over_thin_lines(ax, make_recording, make_classes):
    values = [list(range(7)), list(range(7, 14))]
    artists = loss(ax, make_recording(values), make_classes(70, 60, 50, 40, 30, 20, 10))
    thick = lines(artists)
    assert [line.get_ydata().tolist() for line in thick] == [[1, 8], [3.5, 10.5], [5.5, 12.5]]
    (thin,) = [a for a in artists if isinstance(a, LineCollection)]
    drawn = [segment[:, 1].tolist() for segment in thin.get_segments()]
    assert drawn == [[c, 7 + c] for c in range(7)]
    assert sorted(texts(artists)) == ["few (n=10–20)", "many (n=50–70)", "medium (n=30–40)"]


def test_faint_is_paler_wider_and_has_no_text(ax, make_recording, make_classes):
    run, classes = make_recording([[0.7, 0.6], [0.3, 0.9]]), make_classes(20, 2)
    plain, faint = (lines(loss(ax, run, classes, faint=f)) for f in (False, True))
    assert faint[0].get_alpha() < 0.5
    assert faint[0].get_linewidth() > plain[0].get_linewidth()
    assert not texts(loss(ax, run, classes, faint=True))


def test_a_zero_norm_is_a_gap_on_the_log_scale(ax, make_recording, make_classes):
    run = make_recording([[1.0, 0.0], [1.0, 0.0]])
    assert len(lines(grad_norm(ax, run, make_classes(20, 0)))) == 1


def test_the_wrong_data_set_is_named(ax, make_recording, make_classes):
    with pytest.raises(ValueError, match=r"2 classes.*data set"):
        loss(ax, make_recording([[1.0, 1.0]]), make_classes(3, 2, 1))


def test_limits_hold_every_loss_and_ignore_infinities(ax, make_recording):
    run = make_recording([[0.7, 0.7], [0.2, 3.4], [0.1, float("inf")]])
    frame(ax, PANELS["loss"], [run], 20)
    assert ax.get_ylim() == (0, 4)
    assert ax.get_xlim() == (0, 20)
    frame(ax, PANELS["recall"], [run], 20)
    assert ax.get_ylim()[0] <= 0
    assert ax.get_ylim()[1] >= 1

"""Curves draw what was recorded, and nothing else."""

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from imbal_lab.figures import (
    PANELS,
    Seeds,
    cosine,
    feature_gradient,
    frame,
    grad_norm,
    loss,
    predicted_loss,
    projection,
    recall,
    style,
)
from imbal_lab.figures.curves import over_steps, round_up
from imbal_lab.instruments import Snapshot


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


def of_seeds(make_recording, *losses):
    return Seeds(tuple(make_recording(loss) for loss in losses))


def test_seeds_are_drawn_as_their_mean_with_its_interval(ax, make_recording, make_classes):
    """Of 1, 2, 3 the mean is 2, and the half-width t(0.975, 2) / sqrt(3) = 4.303 / 1.732."""
    runs = of_seeds(make_recording, *([[0.7, s], [0.7, 2 * s]] for s in (1.0, 2.0, 3.0)))
    artists = loss(ax, runs, make_classes(20, 2))
    rare = next(line for line in lines(artists) if line.get_color() == style.MINORITY.colour)
    np.testing.assert_allclose(rare.get_ydata(), [2, 4])
    bands = [a for a in artists if isinstance(a, PolyCollection)]
    at_start = bands[-1].get_paths()[-1].vertices
    ends = at_start[at_start[:, 0] == 0, 1]
    np.testing.assert_allclose([ends.min(), ends.max()], [2 - 2.484, 2 + 2.484], atol=1e-3)


def test_steps_that_share_a_column_are_a_mean_and_a_band(ax, make_recording, make_classes):
    """Steps 0, 10, 20, ... 3000 on a log axis: dense at its end, and alternating there."""
    noisy = [[0.1, 0.5 + 0.4 * (-1) ** k] for k in range(301)]
    run = make_recording(noisy)
    frame(ax, PANELS["loss"], [run], 3000)
    artists = loss(ax, run, make_classes(20, 2))
    flat, rare = lines(artists)
    assert len(rare.get_xdata()) < 140
    np.testing.assert_allclose(rare.get_ydata()[:3], [0.9, 0.1, 0.9])  # a column each
    assert np.abs(rare.get_ydata()[-20:] - 0.5).max() < 0.2  # means
    assert rare.get_xdata()[-1] > 2900
    (band,) = [a for a in artists if isinstance(a, PolyCollection)]
    (path,) = band.get_paths()  # that of the class that alternates
    late = path.vertices[path.vertices[:, 0] > 1000, 1]
    assert {round(y, 6) for y in late} == {0.1, 0.9}
    assert all(len(line.get_markevery()) <= 5 for line in (flat, rare))
    np.testing.assert_allclose(flat.get_ydata(), 0.1)


@pytest.mark.parametrize("falls", [1, 0.5, 0, -0.5])
def test_a_predicted_loss_is_drawn_over_the_first_steps(ax, make_recording, make_classes, falls):
    run = make_recording([[1.0, 0.8], [0.4, 0.9], [0.2, 0.4]])  # steps 0, 10, 20
    guess, label = predicted_loss(ax, run, falls)
    np.testing.assert_array_equal(guess.get_xdata(), [0, 10])
    np.testing.assert_allclose(guess.get_ydata(), [0.8, 0.8 - 0.6 * falls])
    assert label.get_text() == "your prediction"


def test_a_prediction_about_something_else_is_not_drawn(ax, make_recording):
    assert predicted_loss(ax, make_recording([[1.0, 0.8], [0.4, 0.9]]), None) == []


def test_one_run_and_a_reference_have_no_band(ax, make_recording, make_classes):
    run = make_recording([[0.7, 0.6], [0.3, 0.9]])
    runs = of_seeds(make_recording, [[0.7, 0.6]], [[0.3, 0.9]])
    for artists in (
        loss(ax, run, make_classes(20, 2)),
        loss(ax, runs, make_classes(20, 2), faint=True),
    ):
        assert not [a for a in artists if isinstance(a, PolyCollection)]


def test_an_interval_below_zero_stays_within_a_log_axis(ax, make_recording, make_classes):
    runs = of_seeds(make_recording, [[1.0, 0.1]] * 2, [[9.0, 0.9]] * 2)
    frame(ax, PANELS["grad_norm"], [runs], 10)
    bands = [a for a in grad_norm(ax, runs, make_classes(20, 2)) if isinstance(a, PolyCollection)]
    assert all((band.get_paths()[0].vertices[:, 1] > 0).all() for band in bands)


def test_runs_on_their_way_are_drawn_as_far_as_all_have_come(make_recording):
    runs = of_seeds(make_recording, [[0.7, 0.6]] * 3, [[0.3, 0.9]] * 2)
    step, values = over_steps(runs, "loss")
    assert step.tolist() == [0, 10]
    np.testing.assert_allclose(values, [[[0.7, 0.6]] * 2, [[0.3, 0.9]] * 2])


@pytest.mark.parametrize(
    ("draw", "quantity"), [(projection, "projection"), (feature_gradient, "feature_gradient")]
)
def test_curves_over_the_moments_of_a_run(ax, make_classes, draw, quantity):
    moments = [
        Snapshot(step, **{quantity: torch.tensor(values)})
        for step, values in ((0, [0.9, 0.5]), (3, [0.8, 0.4]), (8, [0.7, 0.1]))
    ]
    many, rare = lines(draw(ax, moments, make_classes(20, 2)))
    np.testing.assert_array_equal(rare.get_xdata(), [0, 3, 8])
    np.testing.assert_allclose(rare.get_ydata(), [0.5, 0.4, 0.1], rtol=1e-6)
    np.testing.assert_allclose(many.get_ydata(), [0.9, 0.8, 0.7], rtol=1e-6)
    two = lines(draw(ax, Seeds((moments, moments[:2])), make_classes(20, 2)))
    np.testing.assert_array_equal(two[1].get_xdata(), [0, 3])


@pytest.mark.parametrize(
    ("value", "rounded"), [(0.9, 1), (1.0, 1), (1.01, 1.5), (2.2, 3), (7.6, 10), (0.03, 0.03)]
)
def test_round_numbers_above(value, rounded):
    assert round_up(value) == pytest.approx(rounded)


@pytest.mark.parametrize("draw", [grad_norm, cosine])
@pytest.mark.parametrize("counts", [(20, 2), (7, 6, 5, 4, 3, 2, 1)])
def test_gradients_that_were_not_recorded_are_gaps(ax, make_recording, make_classes, draw, counts):
    run = make_recording([[0.7] * len(counts)] * 2)
    run.grad_norm[:], run.cosine[:] = float("nan"), float("nan")
    frame(ax, PANELS[draw.__name__], [run], 10)
    artists = draw(ax, run, make_classes(*counts))
    ax.figure.draw_without_rendering()
    assert not [text for text in texts(artists) if "n=" in text]

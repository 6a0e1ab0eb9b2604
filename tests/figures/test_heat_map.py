"""Maps of class by step show what was recorded, where the curves have it."""

import numpy as np
import pytest
from matplotlib.image import AxesImage

from imbal_lab.figures import VIEWS, Seeds, frame, loss_map, recall_map, style


def picture(artists):
    (found,) = [a for a in artists if isinstance(a, AxesImage)]
    return found


def columns_of(ax, step, width):
    """The column of the picture in which a step of the axis lies."""
    at = ax.transAxes.inverted().transform(ax.transData.transform((step, 0)))[0]
    return int(at * width)


def test_each_column_is_the_last_step_before_it(ax, make_recording, make_classes):
    run = make_recording([[1.0, 1]] * 3, [[0.1, 0.2], [0.5, 0.4], [0.9, 0.6]])  # steps 0, 10, 20
    frame(ax, VIEWS["recall_map"], [run], 20)
    shown = picture(recall_map(ax, run, make_classes(20, 2)))
    values = np.ma.filled(shown.get_array(), np.nan)
    middle = columns_of(ax, 10, values.shape[1])
    np.testing.assert_array_equal(values[:, 0], [0.1, 0.2])
    np.testing.assert_array_equal(values[:, middle - 2], [0.1, 0.2])
    np.testing.assert_array_equal(values[:, middle + 2], [0.5, 0.4])
    assert shown.get_clim() == (0, 1)
    assert shown.get_cmap().name == "cividis"


def test_what_is_not_trained_yet_is_empty(ax, make_recording, make_classes):
    run = make_recording([[1.0, 1]] * 2)  # up to step 10 of 40
    frame(ax, VIEWS["recall_map"], [run], 40)
    values = np.ma.filled(picture(recall_map(ax, run, make_classes(20, 2))).get_array(), np.nan)
    end = columns_of(ax, 10, values.shape[1])
    assert not np.isnan(values[:, : end - 1]).any()
    assert np.isnan(values[:, end + 1 :]).all()


def test_losses_are_bright_where_low_and_dark_at_the_limit(ax, make_recording, make_classes):
    run = make_recording([[0.7, 0.7], [0.2, 2.6]])
    frame(ax, VIEWS["loss_map"], [run], 10)
    shown = picture(loss_map(ax, run, make_classes(20, 2)))
    assert shown.get_clim() == (0, 3)
    assert "bright 0, dark 3" in ax.get_xlabel()
    bright, dark = (sum(shown.get_cmap()(v)[:3]) for v in (0.0, 1.0))
    assert bright > dark


def test_seeds_are_averaged(ax, make_recording, make_classes):
    runs = tuple(make_recording([[1.0, 1]] * 2, [[a, a], [a, a]]) for a in (0.2, 0.6))
    frame(ax, VIEWS["recall_map"], [Seeds(runs)], 10)
    shown = picture(recall_map(ax, Seeds(runs), make_classes(20, 2)))
    np.testing.assert_allclose(shown.get_array()[:, 0], 0.4)


def test_rows_are_named_in_the_order_of_frequency(ax, make_recording, make_classes):
    frame(ax, VIEWS["recall_map"], [make_recording([[1.0] * 7])], 10)
    artists = recall_map(ax, make_recording([[1.0] * 7]), make_classes(70, 60, 50, 40, 30, 20, 10))
    names = [a for a in artists if hasattr(a, "get_text")]
    assert [a.get_text() for a in names][:2] == ["a (n=70)", "b (n=60)"]
    assert [a.xy[1] for a in names] == sorted((a.xy[1] for a in names), reverse=True)
    assert names[-1].get_color() == style.MINORITY.colour


@pytest.mark.parametrize("draw", [recall_map, loss_map])
def test_one_map_cannot_lie_behind_another(ax, draw, make_recording, make_classes):
    assert draw(ax, make_recording([[1.0, 1]]), make_classes(20, 2), faint=True) == []


def test_words_name_what_is_missed(make_recording, make_classes):
    words = VIEWS["recall_map"].words
    run = make_recording([[1.0] * 3], [[0.9, 0.55, 0.05]])
    assert words(run, make_classes(9, 3, 1)) == (
        "Step 0: 2 of 3 classes are recognised at least half of the time; recall below 0.1: c."
    )
    fine = make_recording([[1.0] * 3], [[0.9, 0.55, 0.3]])
    assert words(fine, make_classes(9, 3, 1)).endswith("no recall is below 0.1.")


def test_words_name_what_is_worse_than_guessing(make_recording, make_classes):
    words = VIEWS["loss_map"].words
    run = make_recording([[0.2, 0.5, 1.4]])  # log 3 is 1.10
    assert words(run, make_classes(9, 3, 1)) == (
        "Step 0: mean loss from 0.20 to 1.40; worse than guessing (1.10): c."
    )
    assert "none is worse" in words(make_recording([[0.2, 0.5, 0.9]]), make_classes(9, 3, 1))


def test_long_lists_are_cut(make_recording, make_classes):
    run = make_recording([[1.0] * 7], [[0.0] * 7])
    text = VIEWS["recall_map"].words(run, make_classes(7, 6, 5, 4, 3, 2, 1))
    assert text.endswith("recall below 0.1: a, b, c and 4 more.")

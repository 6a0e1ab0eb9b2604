"""The text says what the curves do."""

import torch

from imbal_lab.figures import VIEWS, Seeds, departure, summary
from imbal_lab.instruments import Snapshot


def test_rise_and_return(make_recording):
    run = make_recording(
        [[0.7, 0.69], [0.3, 1.02], [0.2, 0.8], [0.1, 0.6]], [[0.5, 0.5]] * 3 + [[0.98, 0.71]]
    )
    assert summary(run) == (
        "Minority loss rises from 0.69 to 1.02 by step 10, is back at its start at step 30 "
        "and ends at 0.60; "
        "majority loss never rises above its start, 0.70 to 0.10; "
        "recall at step 30: 0.98 / 0.71 (majority / minority)."
    )


def test_no_return(make_recording):
    text = summary(make_recording([[0.7, 0.7], [0.3, 1.4], [0.2, 1.25]]))
    assert "rises from 0.70 to 1.40 by step 10 and ends at 1.25, above its start" in text


def test_a_ripple_is_no_rise(make_recording):
    assert "rises from" not in summary(make_recording([[0.7, 0.7], [0.7, 0.701]]))


def test_not_finite(make_recording):
    text = summary(make_recording([[0.7, 0.7], [0.5, float("nan")]]))
    assert "Minority loss is not finite from step 10 on" in text


def test_many_classes_speak_of_few_and_many(make_recording):
    text = summary(make_recording([[2.0] * 6, [1.0] * 4 + [3.0] * 2]))
    assert text.startswith("Few loss rises from 2.00 to 3.00 by step 10")
    assert "many loss never rises" in text


def test_departure(make_recording):
    run = make_recording([[0.7, 0.7], [0.5, 0.6], [0.4, 0.5]])
    other = make_recording([[0.7, 0.7], [0.5, 0.61], [0.4, 0.5]])
    assert departure(run, run, "PCNGD") == "Your curves lie on PCNGD's (pale)."
    assert departure(run, other, "PCNGD") == "Your curves leave PCNGD's (pale) at step 10."


def test_each_curve_has_words_of_its_own(make_recording, make_classes):
    classes = make_classes(20, 2)
    run = make_recording([[0.8, 0.2], [0.5, 0.4]], [[0.5, 0.5], [0.9, 0.3]])
    run.cosine[:, 0, 1] = torch.tensor([-0.9, -0.25])
    assert VIEWS["recall"].words(run, classes) == (
        "Recall at step 10: 0.90 / 0.30 (majority / minority)."
    )
    assert VIEWS["loss"].words(run, classes).startswith("Minority loss rises from 0.20 to 0.40")
    assert VIEWS["grad_norm"].words(run, classes) == (
        "The gradient of the minority is 0.25 times as long as that of the majority at step 0 and "
        "0.8 times at step 10."
    )
    assert VIEWS["cosine"].words(run, classes) == (
        "The cosine of the gradients of the minority and of the most frequent class begins at "
        "−0.90, is lowest at step 0 (−0.90) and ends at −0.25."
    )


def test_gradients_that_vanish(make_recording, make_classes):
    """Under PCNGD all losses reach zero, and the gradients with them."""
    run = make_recording([[0.8, 0.2], [0.5, 0.4], [0.0, 0.0]])
    run.grad_norm[:] = torch.tensor([[1.0, 0.5], [0.4, 0.1], [0.0, 0.0]])
    assert VIEWS["grad_norm"].words(run, make_classes(20, 2)) == (
        "The gradient of the minority is 0.5 times as long as that of the majority at step 0 and "
        "0.25 times at step 10, after which the latter is zero."
    )
    run.grad_norm[:] = 0
    assert "The gradient of the majority is zero." in VIEWS["grad_norm"].words(
        run, make_classes(20, 2)
    )


def test_gradients_that_were_not_recorded_are_said_so(make_recording, make_classes):
    run = make_recording([[0.8, 0.2], [0.5, 0.4]])
    run.grad_norm[:], run.cosine[:] = float("nan"), float("nan")
    for name in ("grad_norm", "cosine"):
        assert "not recorded" in VIEWS[name].words(run, make_classes(20, 2))


def test_words_over_moments(make_classes):
    moments = [
        Snapshot(s, projection=torch.tensor(p), feature_gradient=torch.tensor(g))
        for s, p, g in ((0, [0.9, 0.5], [1.0, 1.5]), (8, [0.8, 0.4], [0.2, 1.0]))
    ]
    assert VIEWS["projection"].words(moments, make_classes(20, 2)) == (
        "A mini-batch keeps 0.50 of the direction of the minority at step 0 and 0.40 at step 8, "
        "0.90 and 0.80 of that of the majority."
    )
    assert VIEWS["feature_gradient"].words(moments, make_classes(20, 2)) == (
        "The gradient at the features of the minority is 1.5 times as long as that of the "
        "majority at step 0 and 5 times at step 8."
    )


def test_words_of_seeds_are_those_of_their_mean(make_recording):
    runs = tuple(make_recording([[0.7, 0.7], [0.1, s]]) for s in (0.1, 0.3))
    assert summary(Seeds(runs)) == summary(make_recording([[0.7, 0.7], [0.1, 0.2]]))

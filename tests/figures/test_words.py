"""The text says what the curves do."""

from imbal_lab.figures import departure, summary


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

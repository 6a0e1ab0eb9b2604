"""The explorer shows recorded runs of the training code, driven by its controls."""

import base64
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
from ipywidgets.widgets.widget import _instances

from imbal_lab.data import load
from imbal_lab.explore import SETUPS, Setting, explore, live, predict
from imbal_lab.explore.scenes import SCENES
from imbal_lab.instruments import Recording
from imbal_lab.methods import METHODS, class_gradients
from imbal_lab.models import mlp
from imbal_lab.training import train

LIMIT = 30.0


def own_step(params, grads, lr):
    norms = grads.norm(dim=1, keepdim=True)
    return params - lr * (grads / norms).sum(0)


def forgets_to_normalise(params, grads, lr):
    return params - lr * grads.sum(0)


def not_written(params, grads, lr):
    raise NotImplementedError


def divides_by_zero(params, grads, lr):
    return params / (1 // 0)


def drop(data="gauss2d_binary", rho=10, method="gd", lr=0.1, seed=None):
    """A setting of the first scene."""
    seed = SETUPS[data].seed if seed is None else seed
    return Setting("minority_drop", data, method, rho=rho, lr=lr, seed=seed)


def fresh(setting, step=None):
    """The run of a setting, put together here from the rooms below."""
    setup = SETUPS[setting.data]
    data = load(setup.source, rho=setting.rho, seed=setting.seed, **setup.options)
    model = mlp([data.x.shape[1], *setup.hidden, data.num_classes], seed=setting.seed)
    step = step or METHODS[setting.method].step
    return Recording.of(train(data, model, step, lr=setting.lr, steps=setup.steps))


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def move(explorer, control, value):
    """Move a control and wait until its run is done."""
    explorer.controls.menus[control].value = value
    wanted = explorer._wanted().setting
    wait_until(lambda: explorer.current == wanted and finished(explorer))


def wait_until(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "the explorer did not follow"
        time.sleep(0.01)


def finished(explorer):
    return explorer.controls.stop.disabled and explorer.controls.status.value.startswith("done")


@pytest.mark.parametrize(
    ("control", "value"),
    [("rho", 50), ("lr", 0.2), ("method", "pcngd"), ("data", "digits38")],
)
def test_every_control_changes_the_recording_and_shows_a_real_run(open_explorer, control, value):
    explorer = open_explorer()
    before, picture = explorer.recording, explorer.controls.image.value
    assert same(before, fresh(explorer.current))
    move(explorer, control, value)
    assert getattr(explorer.current, control) == value
    assert not same(before, explorer.recording)
    assert same(explorer.recording, fresh(explorer.current))
    assert explorer.controls.image.value != picture


@pytest.mark.parametrize("data", SCENES["minority_drop"].data)
def test_every_data_set_opens_and_runs_the_whole_range(open_explorer, data):
    explorer = open_explorer(data=data)
    assert explorer.recording.step.tolist() == list(range(13))
    for rho in (1, 100):
        recording = explorer.run(drop(data, rho, "pcngd", 0.01, 0))
        assert torch.isfinite(recording.loss).all()


def test_run_and_replay_give_the_same(open_explorer):
    explorer = open_explorer()
    assert same(explorer.run(explorer.current), explorer.run(explorer.current))
    assert same(explorer.run(explorer.current), fresh(explorer.current))


def test_the_step_size_stays_when_method_and_data_change(open_explorer):
    explorer = open_explorer()
    for control, value in (("lr", 0.01), ("method", "pcngd"), ("data", "digits38")):
        move(explorer, control, value)
    assert explorer.current == drop("digits38", 10, "pcngd", 0.01)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"lr": -1}, "lr = -1: the step size"), ({"step": "pcngd"}, "step = 'pcngd': give your fun")],
)
def test_a_senseless_argument_is_refused_at_once(wrong, said):
    with pytest.raises(ValueError, match=said):
        explore(**wrong)


def test_own_step_drives_the_figure_with_the_reference_behind(open_explorer):
    explorer = open_explorer(step=own_step)
    assert explorer.current.method == "mine"
    assert same(explorer.recording, fresh(explorer.current, own_step))
    assert same(explorer.reference, fresh(explorer.current.with_method("pcngd")))
    assert "Your curves lie on PCNGD's" in explorer.controls.text.value


def test_breaking_the_own_step_changes_the_curve(open_explorer):
    right, wrong = open_explorer(step=own_step), open_explorer(step=forgets_to_normalise)
    assert not same(right.recording, wrong.recording)
    assert same(right.reference, wrong.reference)
    assert right.controls.image.value != wrong.controls.image.value
    assert "leave PCNGD's (pale) at step 1" in wrong.controls.text.value


def test_own_gradients_are_used_and_compared_with_the_same_method(open_explorer):
    def doubled(*args):
        return 2 * class_gradients(*args)

    explorer = open_explorer(gradients=doubled)
    twice = fresh(drop(lr=0.2))
    assert torch.allclose(explorer.recording.loss, twice.loss, atol=1e-4)
    assert same(explorer.reference, fresh(explorer.current))


def test_a_step_is_compared_with_the_method_of_its_name(open_explorer):
    def gd_step(params, grads, lr):
        return params - lr * grads.sum(0)

    explorer = open_explorer(step=gd_step)
    assert "Your curves lie on Gradient descent's" in explorer.controls.text.value


@pytest.mark.parametrize(
    ("step", "first", "inside"),
    [
        (not_written, "○ not started: not_written is still to be written.", "answer cell"),
        (divides_by_zero, "✗ Your code stopped with ZeroDivisionError", "return params / (1 // 0)"),
        (lambda p, g, lr: None, "✗ The run stopped: step: must return", "Mend what this names"),
    ],
)
def test_own_code_that_raises_shows_three_lines_and_the_next_move_works(
    open_explorer, step, first, inside
):
    explorer = open_explorer(step=step)
    assert explorer.controls.text.value.count("<br>") == 2
    assert first in explorer.controls.text.value
    assert inside in explorer.controls.text.value
    assert explorer.reference is not None  # drawn all the same
    move(explorer, "method", "gd")
    assert "Minority loss" in explorer.controls.text.value
    move_to_mine_and_back(explorer)


def move_to_mine_and_back(explorer):
    """The worker thread meets the same problem, says it, and goes on."""
    explorer.controls.menus["method"].value = "mine"
    wait_until(lambda: 'role="alert"' in explorer.controls.text.value)
    move(explorer, "method", "gd")


def test_a_run_that_diverges_is_shown_as_far_as_it_came(open_explorer):
    def explodes(params, grads, lr):
        return params * 1e12

    explorer = open_explorer(step=explodes)
    assert "no longer finite" in explorer.controls.text.value
    assert 1 <= len(explorer.recording.step) < 13


def test_a_setting_that_was_finished_before_is_shown_within_the_callback(open_explorer):
    explorer = open_explorer()
    first = explorer.controls.image.value
    move(explorer, "rho", 50)
    explorer.controls.menus["rho"].value = 10
    assert explorer.current.rho == 10  # already
    assert finished(explorer)
    assert explorer.controls.image.value == first


def test_a_pinned_run_stays_behind_until_it_is_taken_away(open_explorer):
    explorer = open_explorer()
    plain = explorer.controls.image.value
    move(explorer, "rho", 50)
    alone = explorer.controls.image.value
    explorer.controls.pin.value = True
    assert explorer.controls.image.value == alone  # nothing to compare it with yet
    explorer.controls.menus["rho"].value = 10
    assert explorer.controls.image.value != plain
    assert "pinned" in explorer._pictures.titles(explorer._shown)[0]
    explorer.controls.pin.value = False
    assert explorer.controls.image.value == plain


def test_the_prediction_is_drawn_beside_the_truth_when_the_run_is_done(open_explorer):
    plain = open_explorer().controls.image.value
    predict("Rises?", ["yes", "no"], id="drop", truth="yes", choice=2, falls=[-0.4, 1])
    explorer = open_explorer(prediction="drop")
    shown = "You predicted: no.  What happens: yes."
    assert shown in explorer._pictures.lines(explorer._shown, "done")
    assert shown not in explorer._pictures.lines(explorer._shown, "running")
    fall = explorer.controls.image.value
    assert fall != plain
    predict("Rises?", ["yes", "no"], id="drop", truth="yes", choice=1, falls=[-0.4, 1])
    assert open_explorer(prediction="drop").controls.image.value not in (plain, fall)


def test_the_prediction_is_about_the_first_setting_alone(open_explorer):
    predict("Rises?", ["yes", "no"], id="drop", truth="yes", choice=2)
    explorer = open_explorer(prediction="drop")
    move(explorer, "rho", 1)
    assert "predicted" not in explorer.controls.text.value
    explorer.controls.menus["rho"].value = 10
    assert "You predicted: no." in explorer.controls.text.value


def test_a_prediction_is_asked_for_before_the_run(open_explorer):
    assert "You made no prediction." in open_explorer(prediction="drop").controls.text.value


def test_the_setting_is_a_line_that_rebuilds_it(open_explorer):
    explorer = open_explorer(rho=7, lr=0.3, data="gauss2d", seed=3)
    again = eval(explorer.setting, {"explore": open_explorer})
    assert again.current == explorer.current
    assert same(again.recording, explorer.recording)
    assert open_explorer(step=own_step).setting.startswith(
        'explore("minority_drop", data="gauss2d_binary", method="mine"'
    )


def test_a_prediction_stands_below_the_picture(open_explorer):
    predict("What will rise?", ["the <minority>", "nothing"], id="drop", choice=1)
    assert (
        "You predicted: the &lt;minority&gt;"
        in open_explorer(prediction="drop").controls.text.value
    )
    assert "predicted" not in open_explorer().controls.text.value


def test_stop(open_explorer):
    armed, entered, go = threading.Event(), threading.Event(), threading.Event()
    worker = []

    def slow(params, grads, lr):
        if armed.is_set():
            worker.append(1)
            entered.set()
            assert go.wait(LIMIT)
        return params

    explorer = open_explorer(step=slow)
    armed.set()
    explorer.controls.menus["rho"].value = 5
    assert entered.wait(LIMIT)
    explorer.controls.stop.click()
    go.set()
    wait_until(lambda: "stopped" in explorer.controls.status.value)
    assert len(worker) < 12


def test_a_function_that_never_returns_is_three_lines_and_the_next_move_works(
    open_explorer, monkeypatch
):
    monkeypatch.setattr(live, "STUCK_AFTER", 0.3)
    ends = []

    def forever(params, grads, lr):
        while not ends:
            time.sleep(0.02)
        return params

    explorer = open_explorer(step=forever)  # comes back
    assert "✗ forever has not returned for 0.3 s." in explorer.controls.text.value
    assert explorer.controls.text.value.count("<br>") == 2
    assert not explorer.controls.stop.disabled
    assert base64.b64decode(explorer._repr_mimebundle_()["image/png"])
    move(explorer, "method", "gd")
    explorer.controls.menus["method"].value = "mine"
    wait_until(lambda: "has not returned" in explorer.controls.text.value)
    explorer.controls.stop.click()
    wait_until(lambda: "stopped at step 0" in explorer.controls.status.value)
    ends.append(1)
    move(explorer, "rho", 5)


def test_a_cell_that_is_interrupted_leaves_nothing(open_explorer):
    widgets = set(_instances)

    def interrupts(params, grads, lr):
        signal.raise_signal(signal.SIGINT)
        return params

    with pytest.raises(KeyboardInterrupt):
        open_explorer(step=interrupts)
    assert set(_instances) == widgets


def test_nothing_is_left_over_after_close(open_explorer):
    threads, widgets = set(threading.enumerate()), set(_instances)
    explorer = open_explorer()
    move(explorer, "rho", 5)
    explorer.controls.menus["rho"].value = 20
    explorer.close()
    assert set(threading.enumerate()) <= threads
    assert set(_instances) == widgets


def test_mimebundle_has_widget_picture_and_text(open_explorer):
    explorer = open_explorer()
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]) == explorer.controls.image.value
    assert "Minority loss" in bundle["text/plain"]


@pytest.mark.parametrize("mode", ["autograde", "validate"])
def test_while_grading_it_prints_one_line_and_runs_nothing(
    open_explorer, monkeypatch, capsys, mode
):
    from imbal_lab.explore import explore

    monkeypatch.setenv("NBGRADER_EXECUTION", mode)

    def never(*args):
        raise AssertionError

    assert explore(step=never) is None
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert not err


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [("data", "mnist", "gauss2d_binary"), ("method", "adam", "pcngd"), ("method", "mine", "gd")],
)
def test_unknown_names_are_refused_with_what_there_is(open_explorer, argument, value, named):
    with pytest.raises(ValueError, match=f"{argument} = '{value}'.*{named}"):
        open_explorer(**{argument: value})


def test_no_pyplot_is_loaded():
    code = (
        "import sys; from imbal_lab.explore import explore; explore(); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""

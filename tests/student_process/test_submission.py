"""Cells and calls of one submission: what honest code does, every way to end, what it costs."""

import threading
import time

import pytest
import torch

from imbal_lab.checks import Other, Outcome
from imbal_lab.models import cnn, mlp
from imbal_lab.student_process.outputs import CellError, Picture, Text
from imbal_lab.student_process.submission import Budget

FUNCTION = """
offset = 1
def f(a, b):
    print("noise")
    return a * b + offset
"""


def test_cells_build_on_each_other(submission, run_all):
    first, second = run_all(submission, "x = 20\nprint('hi')\nx + 1", "x + 22")
    assert first.outputs == (Text("stdout", "hi\n"), Text("result", "21\n"))
    assert second.outputs == (Text("result", "42\n"),)
    assert (second.ended, second.says) == ("ok", "")


def test_a_call_computes_in_the_state_it_was_asked_of(submission, run_all):
    before, after = run_all(submission, FUNCTION, "offset = 100")
    assert not before.state.line.lives()  # it has a successor
    inputs = {"a": torch.tensor([1.0, 2.0]), "b": 3}
    assert submission.call(after.state, "f", inputs).result.tolist() == [103, 106]
    assert submission.call(before.state, "f", inputs).result.tolist() == [4, 7]


def test_kept_states_stay_and_answer_for_themselves(submission):
    state, kept = submission.start, []
    for value in (1, 2, 3):
        state = submission.run(state, f"def f(): return {value}").state
        submission.keep(state)
        kept.append(state)
    assert [submission.call(k, "f", {}).result.item() for k in kept[::-1]] == [3, 2, 1]
    assert all(k.line.lives() for k in kept)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("return a", torch.tensor([1.0, -2.0])),
        ("return a > 0", torch.tensor([True, False])),
        ("return 7", torch.tensor(7.0, dtype=torch.float64)),
        ("return float('nan')", torch.tensor(float("nan"), dtype=torch.float64)),
        ("return None", None),
        ("return [a]", Other("list")),
        ("return a.requires_grad_() * 2", torch.tensor([2.0, -4.0])),
        ("return a.to(torch.bfloat16)", torch.tensor([1.0, -2.0], dtype=torch.bfloat16)),
    ],
)
def test_a_result_comes_back_as_a_plain_value(submission, source, result):
    state = submission.run(submission.start, f"import torch\ndef f(a):\n    {source}").state
    got = submission.call(state, "f", {"a": torch.tensor([1.0, -2.0])}).result
    if isinstance(result, torch.Tensor):
        assert type(got) is torch.Tensor
        assert got.dtype == result.dtype
        torch.testing.assert_close(got, result, equal_nan=True)
    else:
        assert got == result


def test_an_error_of_a_call_is_plain_text_with_the_students_line(submission):
    state = submission.run(submission.start, "def f(a):\n    b = a + 1\n    return b[5]").state
    raised = submission.call(state, "f", {"a": torch.zeros(2)}).raised
    assert (raised.kind, raised.line) == ("IndexError", "return b[5]")
    assert "index 5" in raised.text


def test_a_function_that_is_missing_is_not_started(submission):
    outcome = submission.call(submission.start, "f", {})
    assert outcome.raised.kind == "NotImplementedError"


def test_a_changed_argument_is_named(submission):
    state = submission.run(submission.start, "def f(a, b):\n    b += 1\n    return b").state
    one = torch.ones(2)
    assert submission.call(state, "f", {"a": one, "b": one}).changed_input == "b"
    assert one.tolist() == [1, 1]  # ours is another


@pytest.mark.parametrize(("source", "cut"), [("a + 1", False), ("a.detach() + 1", True)])
def test_a_result_that_lets_no_gradient_through_is_marked(submission, source, cut):
    state = submission.run(submission.start, f"def f(a):\n    return {source}").state
    wants = torch.ones(2, requires_grad=True)
    assert submission.call(state, "f", {"a": wants}).cut is cut
    assert submission.call(state, "f", {"a": torch.ones(2)}).cut is False


def test_models_arrive_with_weights_gradients_and_buffers(submission):
    source = """
import torch
def f(model, x):
    model(x).sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])
"""
    state = submission.run(submission.start, source).state
    for model, x in ((mlp([3, 4, 2], seed=0).double(), torch.ones(2, 3).double()),
                     (cnn((1, 8, 8), seed=1, norm="batch"), torch.rand(4, 64))):  # fmt: skip
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        got = submission.call(state, "f", {"model": model, "x": x}).result
        model(x).sum().backward()
        expected = torch.cat([p.grad.flatten() for p in model.parameters()])
        torch.testing.assert_close(got, expected)


def test_each_call_starts_with_torch_as_it_is_at_its_start(submission, run_all):
    *_, last = run_all(
        submission,
        "import torch\ntorch.set_grad_enabled(False)\ntorch.set_default_dtype(torch.float64)\n"
        "torch.set_default_device('meta')\ntorch.manual_seed(5)\n"
        "torch.inference_mode().__enter__()\ntorch.autocast('cpu').__enter__()\n"
        "import warnings\nwarnings.simplefilter('error')",
        "def f():\n    x = torch.randn(3, requires_grad=True)\n    (x * x).sum().backward()\n"
        "    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32\n"
        "    torch.set_default_dtype(torch.float16)\n    warnings.warn('no error')\n"
        "    return x.grad / x",
        "def g(x): return torch.rand(4)",
    )
    got = submission.call(last.state, "f", {}).result
    assert (got.dtype, got.tolist()) == (torch.float32, [2, 2, 2])
    inputs = ({"x": 1}, {"x": mlp([2, 3], seed=0)})
    draws = [submission.call(last.state, "g", x).result for x in inputs]
    assert torch.equal(*draws)


def test_what_a_call_does_lasts_until_the_calls_are_closed(submission):
    state = submission.run(
        submission.start, "n = 0\ndef f():\n    global n; n += 1; return n"
    ).state
    ask = lambda: submission.call(state, "f", {}).result.item()  # noqa: E731
    assert [ask(), ask()] == [1, 2]
    submission.close_calls()
    assert ask() == 1


FAILURES = {
    "crash": "import ctypes; ctypes.string_at(1)",
    "exit": "import os; os._exit(0)",
    "kill": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "own group": "import os, signal; os.kill(0, signal.SIGKILL)",
    "closed": "import os; os.closerange(3, 256)",
    "abort": "import os; os.abort()",
    "alarm": "import signal, time; signal.alarm(1); time.sleep(9)",
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_cell_that_dies_costs_itself_only(submission, run_all, name):
    before, died, after = run_all(submission, "x = 1", FAILURES[name], "x + 1")
    assert died.ended == "died"
    assert "ended in the middle" in died.says
    assert died.state is before.state
    assert after.outputs == (Text("result", "2\n"),)


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "alarm"])
def test_a_call_that_dies_costs_itself_only(submission, name):
    source = f"def f():\n    {FAILURES[name]}\ndef g(): return 3"
    state = submission.run(submission.start, source).state
    assert submission.call(state, "f", {}) == Outcome(stopped="died")
    assert submission.call(state, "g", {}).result.item() == 3


def test_a_busy_loop_ends_with_its_cpu_time(submission, run_all):
    before, busy, after = run_all(submission, "x = 1", "while True: pass", "x")
    assert (busy.ended, busy.says) == ("time", "it did not come to an end within 2 s")
    assert busy.state is before.state
    assert after.ended == "ok"


def test_busy_children_count_too(submission):
    source = "import subprocess\nsubprocess.run(['/bin/sh', '-c', 'while :; do :; done'])"
    assert submission.run(submission.start, source).ended == "time"
    assert submission.cpu_seconds >= 1.9


def test_waiting_for_ever_ends_with_ten_times_the_limit(parent):
    with parent.submission(Budget(cell=0.05, call=0.05)) as short:
        begun = time.monotonic()
        waiting = short.run(short.start, "import time; time.sleep(60)")
        assert (waiting.ended, waiting.says) == ("time", "it was still waiting after 0.5 s")
        state = short.run(short.start, "import time\ndef f(): time.sleep(60)").state
        assert short.call(state, "f", {}) == Outcome(stopped="time")
        assert time.monotonic() - begun < 30


def test_a_call_has_its_own_limit_and_an_exercise_one_for_all_its_calls(submission):
    state = submission.run(submission.start, "def f():\n    while True: pass").state
    assert [submission.call(state, "f", {}).stopped for _ in range(4)] == ["time"] * 4
    assert 1.8 < submission._spent_on["f"] < 3.5  # two calls of a second, and two of none


def test_the_whole_notebook_has_a_limit(parent):
    with parent.submission(Budget(cell=1, submission=1)) as little:
        assert little.run(little.start, "while True: pass").ended == "time"
        time.sleep(0.6)
        after = little.run(little.start, "1")
        assert after.ended == "time"
        assert "used up before it" in after.says


def test_cells_that_only_wait_use_up_the_patience_with_the_whole_notebook(parent):
    with parent.submission(Budget(submission=0.5)) as little:
        said = []
        while len(said) < 9 and "used up before it" not in " ".join(said):
            said.append(little.run(little.start, "import time; time.sleep(60)").says)
        assert "waiting after" in said[0]
        assert "used up before it" in said[-1]  # a slow start shortens each wait, and all end


def test_an_error_leaves_what_was_defined_before_it(submission, run_all):
    broken, after = run_all(submission, "a = 1\n1 / 0\na = 2", "a")
    assert broken.ended == "error"
    assert broken.outputs == (CellError("ZeroDivisionError", "division by zero", "1 / 0"),)
    assert after.outputs == (Text("result", "1\n"),)


@pytest.mark.parametrize(
    "source", ["exit()", "quit()", "import sys; sys.exit(1)", "raise SystemExit"]
)
def test_quitting_ends_a_cell_with_a_sentence(submission, run_all, source):
    quits, after = run_all(submission, source, "1")
    assert quits.ended == "error"
    assert "asked to quit" in quits.outputs[-1].text
    assert len(quits.outputs) == 1
    assert after.ended == "ok"


@pytest.mark.parametrize(
    "source",
    ["input()", "import getpass; getpass.getpass()", "%debug", "breakpoint()", "%pip install x"],
)
def test_what_needs_a_person_is_refused_with_a_sentence(submission, source):
    refused = submission.run(submission.start, source)
    assert refused.ended == "refused"
    assert "does nothing while grading" in refused.says


def test_everything_is_killed_and_what_was_there_is_made_again(submission, run_all):
    source = "import os, signal; os.kill(-1, signal.SIGKILL)"
    runs = run_all(submission, "x = 1", "x += 1\nprint('again')", source, "x + 40")
    assert runs[2].ended == "died"
    assert runs[3].outputs == (Text("result", "42\n"),)
    assert submission.cpu_seconds > 0


def test_a_kept_state_that_was_killed_is_made_again(submission, run_all):
    first = submission.run(submission.start, "import os; me = os.getpid()\ndef f(): return 5")
    submission.keep(first.state)
    second = submission.run(first.state, "import signal; os.kill(me, signal.SIGKILL)")
    assert second.ended == "ok"
    assert submission.call(first.state, "f", {}).result.item() == 5


def test_pictures_of_open_figures_are_shown(submission):
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    (picture,) = submission.run(submission.start, source).outputs
    assert isinstance(picture, Picture)
    assert picture.png.startswith(b"\x89PNG")


def test_what_a_cell_leaves_running_ends_with_it(submission, processes):
    before = processes()
    source = """
import subprocess
one = subprocess.Popen(["sleep", "60"])
other = subprocess.Popen(["sleep", "60"], start_new_session=True)
"""
    run = submission.run(submission.start, source)
    assert run.ended == "ok"
    assert len(processes() - before) == 1  # the new state


def test_several_submissions_at_once(parent):
    results = []

    def work(number):
        with parent.submission() as one:
            state = one.run(one.start, f"def f(): return {number}").state
            results.append((number, one.call(state, "f", {}).result.item()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(n, n) for n in range(4)]

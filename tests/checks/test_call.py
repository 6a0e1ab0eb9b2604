"""Whatever a learner's function does, nothing reaches stderr and nothing stays behind."""

import logging
import os
import random
import sys
import warnings

import pytest
import torch
from torch import nn

from imbal_lab import checks
from imbal_lab.checks import Case, Exercise, Group
from imbal_lab.checks.call import same
from imbal_lab.checks.quiet import quiet


def judge(task, function, *, seed, hidden):
    """A function of this process, judged."""
    return checks.judge(
        checks.Known(task, seed), checks.asking(task, function, seed), hidden=hidden
    )


def ask(task, function):
    """What ``function`` does on the first case of ``task``."""
    return checks.asking(task, function, 0)(task.groups[0], task.groups[0].cases[0])


def warns(x):
    warnings.warn("oh", stacklevel=1)
    warnings.warn("old", DeprecationWarning, stacklevel=1)


def warns_as_an_error(x):
    warnings.simplefilter("error")


def writes(x):
    sys.stderr.write("oh")
    print("oh", file=sys.stderr)


def writes_below_python(x):
    os.write(2, b"oh")


def writes_by_a_child(x):
    os.system("echo oh >&2")


def logs(x):
    logging.warning("oh")
    logging.getLogger("learner").error("oh")


def torch_warns(x):
    torch.ones(2, dtype=torch.complex64).double()


def stops(x):
    os.write(2, b"oh")
    raise RuntimeError("oh")


LOUD = [warns, warns_as_an_error, writes, writes_below_python, writes_by_a_child]
LOUD += [logs, torch_warns, stops]


@pytest.mark.parametrize("function", LOUD)
def test_nothing_reaches_stderr(task, function, capfd):
    before = list(warnings.filters)
    handler = logging.StreamHandler(sys.stderr)  # holds the stderr of now, as a notebook's does
    logging.getLogger().addHandler(handler)
    try:
        ask(task, function)
    finally:
        logging.getLogger().removeHandler(handler)
    assert capfd.readouterr().err == ""
    assert list(warnings.filters) == before


@pytest.mark.parametrize("loud", [warns, writes, logs, torch_warns])
def test_a_right_answer_may_be_loud_even_where_warnings_are_errors(task, loud):
    def answer(x):
        loud(x)
        return x + x

    assert judge(task, answer, seed=0, hidden=True).state == "done"


def test_afterwards_stderr_and_logs_work_again(task, capfd):
    ask(task, stops)
    logging.getLogger("learner").addHandler(handler := logging.StreamHandler(sys.stderr))
    logging.getLogger("learner").error("one")
    logging.getLogger("learner").removeHandler(handler)
    print("two", file=sys.stderr)
    os.write(2, b"three")
    err = capfd.readouterr().err
    assert all(word in err for word in ("one", "two", "three"))


def test_an_interrupt_gives_stderr_back_too(capfd):
    with pytest.raises(KeyboardInterrupt), quiet():
        raise KeyboardInterrupt
    os.write(2, b"here")
    assert capfd.readouterr().err == "here"


def test_no_file_is_left_open(task):
    def opened():
        return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()

    before = opened()
    for _ in range(3):
        judge(task, stops, seed=0, hidden=True)
    assert opened() == before


def test_printing_is_fine(task, capfd):
    def prints(x):
        print("my x:", len(x))
        return x + x

    assert judge(task, prints, seed=0, hidden=True).state == "done"
    out, err = capfd.readouterr()
    assert "my x: 2" in out
    assert err == ""


def turns_grad_off(x):
    torch.set_grad_enabled(False)
    return x + x


def sets_the_dtype(x):
    torch.set_default_dtype(torch.float64)
    return x + x


def seeds(x):
    torch.manual_seed(1)
    torch.randn(3)
    return x + x


def sets_and_stops(x):
    turns_grad_off(sets_the_dtype(seeds(x)))
    raise ValueError


@pytest.mark.parametrize("function", [turns_grad_off, sets_the_dtype, seeds, sets_and_stops])
def test_torch_is_as_it_was(task, function):
    state, drawn = torch.get_rng_state(), random.getstate()
    judge(task, function, seed=0, hidden=True)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.get_rng_state(), state)
    assert random.getstate() == drawn


def test_the_answer_meets_torchs_defaults_whatever_the_notebook_did(task):
    def looks(x):
        seen.append((torch.is_grad_enabled(), torch.get_default_dtype()))
        return x + x

    seen = []
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert judge(task, looks, seed=0, hidden=True).state == "done"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert set(seen) == {(True, torch.float32)}


def test_a_debuggers_profile_function_is_given_back(task):
    def debugger(frame, event, arg):
        pass

    before = sys.getprofile()
    sys.setprofile(debugger)
    try:
        for function in (seeds, stops):
            ask(task, function)
            assert sys.getprofile() is debugger
    finally:
        sys.setprofile(before)


def test_every_call_gets_inputs_of_its_own(task):
    def spoils(x):
        x.zero_()

    assert ask(task, spoils).changed_input == "x"
    assert ask(task, lambda x: x + x).changed_input is None


def learning():
    return Case("x", lambda generator: {"x": torch.randn(3, generator=generator).requires_grad_()})


@pytest.mark.parametrize(
    ("function", "cut"),
    [
        (lambda x: x + x, False),
        (lambda x: x.detach() * 2, True),
        (lambda x: torch.tensor([float(v) for v in x.detach()]), True),
        (lambda x: (x + x).sum().item(), True),
    ],
)
def test_a_result_that_is_cut_off_from_what_wants_a_gradient(function, cut):
    group = Group("learning", "it works", 1, (learning(),), "try.")
    assert ask(Exercise("double", function, (), (group,), (), ()), function).cut is cut


def test_nothing_is_cut_where_no_gradient_is_wanted(task):
    assert ask(task, lambda x: x.detach() + x).cut is False


def linear():
    def draw(generator):
        model = nn.Linear(2, 2)
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(torch.randn(p.shape, generator=generator))
        return {"model": model, "y": torch.tensor([0, 1])}

    return Case("a layer", draw)


def adds_a_layer(model, y):
    model.register_parameter("more", nn.Parameter(torch.zeros(1)))


@pytest.mark.parametrize(
    ("function", "changed"),
    [
        (lambda model, y: model(torch.ones(1, 2)).sum().backward(), None),
        (lambda model, y: model.eval(), None),
        (lambda model, y: model.double(), "model"),
        (lambda model, y: nn.init.zeros_(model.bias), "model"),
        (adds_a_layer, "model"),
        (lambda model, y: y.clamp_(0, 0), "y"),
        (lambda model, y: y.resize_(1), "y"),
    ],
)
def test_which_changes_to_an_input_count(function, changed):
    """.grad is scratch paper in torch; parameters, their dtype and the data are not."""
    group = Group("layer", "it works", 1, (linear(),), "try.")
    assert ask(Exercise("layer", function, (), (group,), (), ()), function).changed_input == changed


def deep(x):
    def helper():
        raise LookupError("below")  # the line

    helper()


def from_elsewhere(x):
    return torch.nn.functional.softmax(x, dim=5)  # the line


@pytest.mark.parametrize("function", [deep, from_elsewhere])
def test_an_error_comes_back_as_text_with_the_learners_line(task, function):
    error = ask(task, function).raised
    assert error.line.endswith("# the line")
    assert error.kind in ("LookupError", "IndexError")
    assert ("below" in error.text) == (function is deep)


def test_what_an_error_says_is_cut(task):
    def shouts(x):
        raise type("E" * 9999, (Exception,), {})("x" * 1_000_000)

    error = ask(task, shouts).raised
    assert (len(error.kind), len(error.text)) == (100, 2000)


def test_same_is_strict_about_dtype_and_shape():
    a = torch.ones(2)
    assert same(a, a.clone())
    assert not same(a, a.double())
    assert not same(a, torch.ones(2, 1))
    assert same(0.1, 0.1)
    assert not same(0.1, 0.2)

"""Right answers in many styles pass, hidden parts included; the library's own are refused."""

import functools

import pytest
import torch
from answers import ANSWERS

import imbal_lab.methods as methods
from imbal_lab import checks, data, exercises, models
from imbal_lab.checks.wording import lines_of


def judge(task, function, *, seed, hidden):
    """A function of this process, judged."""
    return checks.judge(
        checks.Known(task, seed), checks.asking(task, function, seed), hidden=hidden
    )


RIGHT = [
    pytest.param(exercise, function, id=f"{exercise}-{style}")
    for exercise, answers in ANSWERS.items()
    for style, function in answers.right.items()
]


@pytest.mark.parametrize(("exercise", "function"), RIGHT)
@pytest.mark.parametrize("seed", [0, 11, 4711])
def test_a_right_answer_passes_in_every_style(exercise, function, seed):
    verdict = judge(exercises.get(exercise), function, seed=seed, hidden=True)
    assert verdict.state == "done", lines_of(verdict)
    assert verdict.fraction == 1


@pytest.mark.parametrize("hidden", [True, False])
def test_a_right_answer_with_extra_arguments_and_a_partial_of_it_pass(hidden):
    def general(grads, eps, power=2):
        return grads / (grads.abs().pow(power).sum(1, keepdim=True).pow(1 / power) + eps)

    mine = functools.partial(general, eps=1e-15)
    assert judge(exercises.get("unit_directions"), mine, seed=1, hidden=hidden).state == "done"


def imports_inside(grads):
    from imbal_lab.methods import unit_directions

    return unit_directions(grads)


def uses_the_step(grads):
    """x - pcngd_step(x, one class, 1) is that class's unit direction."""
    zero = torch.zeros_like(grads[0])
    return torch.stack([-methods.pcngd_step(zero, g[None], 1.0) for g in grads])


def caught_on_the_way(grads):
    try:
        methods.unit_directions(grads)
    finally:
        n = grads.norm(dim=1, keepdim=True)
    return torch.where(n > 0, grads / n, 0.0)


def registry(grads):
    step, zero = methods.get("pcngd").step, torch.zeros_like(grads[0])
    return torch.stack([-step(zero, g[None], 1.0) for g in grads])


@functools.wraps(methods.unit_directions)
def wrapped(*args):
    return methods.unit_directions(*args)


unit_directions = methods.unit_directions


class Callable:
    def __call__(self, grads):
        return getattr(methods, "unit_" + "directions")(grads)


@pytest.mark.parametrize(
    "function",
    [
        methods.unit_directions,
        exercises.get("unit_directions").reference,
        unit_directions,
        wrapped,
        imports_inside,
        uses_the_step,
        caught_on_the_way,
        registry,
        functools.partial(methods.unit_directions),
        lambda grads: getattr(methods, "unit_directions")(grads),  # noqa: B009
        lambda grads: next(map(methods.unit_directions, [grads])),
        torch.no_grad()(methods.unit_directions),
        Callable(),
        lambda grads: exercises.get("pcngd_step").mistakes[9].functions[0](0, grads, 1),
    ],
)
def test_the_librarys_own_answer_is_refused_however_it_is_called(function):
    verdict = judge(exercises.get("unit_directions"), function, seed=0, hidden=True)
    assert (verdict.state, verdict.fraction, verdict.mistake) == ("not yet", 0, None)
    seen, why, advice = lines_of(verdict)
    assert "it runs the library's own answer" in seen
    assert "wants to see yours" in why
    assert "unit_directions(grads)" in advice


@pytest.mark.parametrize("exercise", exercises.names())
def test_no_reference_is_accepted_as_an_answer(exercise):
    task = exercises.get(exercise)
    verdict = judge(task, task.reference, seed=0, hidden=True)
    assert (verdict.state, verdict.fraction) == ("not yet", 0)


def test_other_parts_of_the_library_may_be_used():
    def mine(grads):
        models.mlp([2, 3], seed=0)
        data.load("gauss2d_binary", rho=10)
        return torch.nn.functional.normalize(grads, dim=1)

    assert judge(exercises.get("unit_directions"), mine, seed=0, hidden=True).state == "done"

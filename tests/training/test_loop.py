import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.data import batches_of
from imbal_lab.instruments import Recorder, Recording
from imbal_lab.methods import (
    METHODS,
    class_gradients,
    gd_step,
    pcngd_step,
    product_step,
    rescaled_step,
)
from imbal_lab.training import train


def params_of(model):
    return parameters_to_vector(model.parameters()).detach().clone()


class Counted:
    """A step that counts its calls."""

    def __init__(self, step=gd_step):
        self.step, self.calls = step, 0

    def __call__(self, params, grads, lr):
        self.calls += 1
        return self.step(params, grads, lr)


@pytest.mark.parametrize("name", ["gd", "pcngd"])
def test_the_same_records_as_an_ordinary_loop(name, dataset, fresh):
    """Recorder, PerClass and torch.optim.SGD, put together by hand."""
    method, model = METHODS[name], fresh()
    recorder = Recorder(model, dataset)
    criterion, optimizer = method.build(model, dataset.counts, lr=0.05)
    for t in range(13):
        if t in (0, 5, 10, 12):
            recorder.record(t)
        if t < 12:
            optimizer.zero_grad()
            criterion(model(dataset.x), dataset.y).backward()
            optimizer.step()
    trained = fresh()
    run = Recording.of(train(dataset, trained, method.step, lr=0.05, steps=12, every=5))
    for ours, theirs in zip(run, recorder.recording(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(params_of(trained), params_of(model), rtol=0, atol=1e-12)
    assert (params_of(trained) - params_of(fresh())).norm() > 0.05


def mini_batches(dataset, kind="natural", seed=1):
    return batches_of(kind, dataset.y, 11, seed=seed)


@pytest.mark.parametrize("name", ["sgd", "sgd_o", "pcnsgd", "pcnsgd_o"])
def test_mini_batches_are_those_of_an_ordinary_loop(name, dataset, fresh):
    """The registry's criterion, torch's SGD and the same batches, put together by hand."""
    method, model = METHODS[name], fresh()
    recorder = Recorder(model, dataset)
    criterion, optimizer = method.build(model, dataset.counts, lr=0.05)
    batches, t = mini_batches(dataset, method.batches), 0
    recorder.record(0)
    for _ in range(3):  # epochs
        for rows in batches:
            optimizer.zero_grad()
            criterion(model(dataset.x[rows]), dataset.y[rows]).backward()
            optimizer.step()
            t += 1
            if t % 3 == 0:
                recorder.record(t)
    trained, batches = fresh(), mini_batches(dataset, method.batches)
    run = train(dataset, trained, method.step, lr=0.05, steps=t, every=3, batches=batches)
    records = [record for record in run if record.step % 3 == 0]
    for ours, theirs in zip(Recording.of(records), recorder.recording(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(params_of(trained), params_of(model), rtol=0, atol=1e-12)
    whole = fresh()
    list(train(dataset, whole, method.step, lr=0.05, steps=t))
    assert (params_of(whole) - params_of(model)).abs().max() > 1e-4


@pytest.mark.parametrize("every", [1, 4])
def test_rescaling_gets_the_class_gradients_of_both(every, dataset, fresh):
    """Step by step by hand; whether a record is due plays no part."""
    model, batches = fresh(), mini_batches(dataset)
    for rows in [*batches, *batches]:
        grads = class_gradients(model, dataset.x[rows], dataset.y[rows], 2)
        full = class_gradients(model, dataset.x, dataset.y, 2)
        new = rescaled_step(params_of(model), grads, full, 0.05)
        vector_to_parameters(new, model.parameters())
    trained, batches = fresh(), mini_batches(dataset)
    run = train(
        dataset,
        trained,
        METHODS["pcnsgd_r"].step,
        lr=0.05,
        steps=2 * len(batches),
        every=every,
        batches=batches,
        full_gradients=METHODS["pcnsgd_r"].full_gradients,
    )
    list(run)
    torch.testing.assert_close(params_of(trained), params_of(model), rtol=0, atol=1e-14)


def test_rescaling_without_mini_batches_is_pcngd(dataset, fresh):
    rescaled, plain = fresh(), fresh()
    list(train(dataset, rescaled, product_step, lr=0.1, steps=9, full_gradients=True))
    list(train(dataset, plain, pcngd_step, lr=0.1, steps=9))
    torch.testing.assert_close(params_of(rescaled), params_of(plain), rtol=0, atol=1e-13)


def test_records_are_of_the_whole_set_and_cost_nothing_when_not_due(dataset, fresh):
    seen = []

    def watched(model, x, y, num_classes):
        seen.append(len(y))
        return class_gradients(model, x, y, num_classes)

    batches = mini_batches(dataset)
    size, n = sum(batches.sizes), len(dataset.y)
    options = {"lr": 0.1, "steps": 4, "gradients": watched}
    records = list(train(dataset, fresh(), gd_step, every=2, batches=batches, **options))
    assert seen == [n, size, size, n, size, size, n]
    assert records[0].loss.equal(next(train(dataset, fresh(), gd_step, **options)).loss)


def test_without_class_gradients_in_the_records_the_rest_is_the_same(dataset, fresh):
    def run(**options):
        batches = mini_batches(dataset)
        return Recording.of(
            train(dataset, fresh(), pcngd_step, lr=0.05, steps=9, batches=batches, **options)
        )

    whole, light = run(), run(record_gradients=False)
    for name in ("step", "loss", "recall"):
        assert torch.equal(getattr(whole, name), getattr(light, name))
    assert light.grad_norm.isnan().all()
    assert light.cosine.isnan().all()


def test_mini_batches_are_the_same_at_the_same_seed(dataset, fresh):
    ends = []
    for seed in (1, 1, 2):
        model = fresh()
        batches = mini_batches(dataset, seed=seed)
        list(train(dataset, model, pcngd_step, lr=0.1, steps=9, batches=batches))
        ends.append(params_of(model))
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def test_a_list_of_your_own_row_numbers(dataset, fresh):
    """Where a class is missing its gradient is zero, and PCNSGD goes on."""
    batches = [torch.tensor([0, 1, 2]), torch.tensor([3, len(dataset.y) - 1])]
    model = fresh()
    first, *_, last = train(dataset, model, pcngd_step, lr=0.01, steps=5, batches=batches)
    assert last.loss.isfinite().all()
    assert not torch.equal(first.loss, last.loss)


@pytest.mark.parametrize("none_left", [[], iter([torch.tensor([0, 43])])])
def test_batches_that_run_out(none_left, dataset, fresh):
    with pytest.raises(ValueError, match="batches: there are none left; give what can be looped"):
        list(train(dataset, fresh(), gd_step, lr=0.1, steps=2, batches=none_left))


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [
        (6, 1, [0, 1, 2, 3, 4, 5, 6]),
        (7, 3, [0, 3, 6, 7]),
        (6, 3, [0, 3, 6]),
        (2, 9, [0, 2]),
        (0, 1, [0]),
    ],
)
def test_records_at_zero_every_and_the_last(steps, every, expected, dataset, fresh):
    step = Counted()
    records = train(dataset, fresh(), step, lr=0.1, steps=steps, every=every)
    assert [record.step for record in records] == expected
    assert step.calls == steps


def test_nothing_runs_before_next_and_closing_cancels(dataset, fresh):
    step, model = Counted(), fresh()
    run = train(dataset, model, step, lr=0.1, steps=100)
    assert step.calls == 0
    assert next(run).step == 0
    assert step.calls == 0
    next(run)
    next(run)
    assert step.calls == 2
    where = params_of(model)
    run.close()
    assert list(run) == []
    assert step.calls == 2
    assert torch.equal(params_of(model), where)


def test_your_own_gradients_drive_the_step_and_the_record(dataset, fresh):
    def doubled(model, x, y, num_classes):
        return 2 * class_gradients(model, x, y, num_classes)

    run = Recording.of(train(dataset, fresh(), gd_step, lr=0.1, steps=3, gradients=doubled))
    twice = Recording.of(train(dataset, fresh(), gd_step, lr=0.2, steps=3))
    torch.testing.assert_close(run.loss, twice.loss)
    torch.testing.assert_close(run.grad_norm, 2 * twice.grad_norm)


def test_the_randomness_of_others_is_left_alone(dataset, fresh):
    torch.manual_seed(0)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    list(train(dataset, fresh(), pcngd_step, lr=0.1, steps=3))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()
    assert random.getstate() == states[2]


def test_one_thread_inside_and_as_many_as_before_outside(dataset, fresh):
    inside = []

    def watched(*args):
        inside.append(torch.get_num_threads())
        if len(inside) == 3:
            raise KeyError
        return class_gradients(*args)

    torch.set_num_threads(2)
    try:
        run = train(dataset, fresh(), gd_step, lr=0.1, steps=5, gradients=watched)
        for _ in range(2):
            next(run)
            assert torch.get_num_threads() == 2
        with pytest.raises(KeyError):
            next(run)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)  # what all tests run with
    assert inside == [1, 1, 1]


def test_twice_the_same_run(dataset, fresh):
    one, two = (
        Recording.of(train(dataset, fresh(), pcngd_step, lr=0.1, steps=5)) for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_step_may_return_another_dtype_or_its_own_buffer(dtype, dataset, fresh):
    buffer = torch.zeros(len(params_of(fresh())), dtype=dtype)  # the model is float64

    def own(params, grads, lr):
        return buffer.copy_(gd_step(params, grads, lr))

    model = fresh()
    list(train(dataset, model, own, lr=0.1, steps=2))
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    end = params_of(model)
    buffer.zero_()
    assert torch.equal(params_of(model), end)


@pytest.mark.parametrize("lr", [0, -0.1, math.nan, math.inf])
def test_a_step_size_that_is_not_positive(lr, dataset, fresh):
    with pytest.raises(ValueError, match=r"lr=.*must be a positive number, such as 0.01"):
        next(train(dataset, fresh(), gd_step, lr=lr, steps=1))


@pytest.mark.parametrize(("steps", "every"), [(-1, 1), (3, 0)])
def test_steps_and_every(steps, every, dataset, fresh):
    with pytest.raises(ValueError, match=f"steps={steps}, every={every}: use steps >= 0 and"):
        next(train(dataset, fresh(), gd_step, lr=0.1, steps=steps, every=every))


@pytest.mark.parametrize(
    ("step", "gave"),
    [
        (lambda params, grads, lr: params - lr * grads, r"\[2, 32\]"),
        (lambda params, grads, lr: None, "NoneType"),
    ],
)
def test_a_step_of_the_wrong_shape(step, gave, dataset, fresh):
    with pytest.raises(ValueError, match=rf"step: must return .* \[32\], gave {gave}"):
        list(train(dataset, fresh(), step, lr=0.1, steps=1))


def test_gradients_of_the_wrong_shape(dataset, fresh):
    def total(model, x, y, num_classes):
        return class_gradients(model, x, y, num_classes).sum(dim=0)

    with pytest.raises(ValueError, match=r"gradients: must .* \[2, 32\], gave \[32\]"):
        next(train(dataset, fresh(), gd_step, lr=0.1, steps=1, gradients=total))


def test_a_run_that_diverges_stops_with_the_remedy(dataset, fresh):
    run = train(dataset, fresh(), lambda p, g, lr: p / (p - p), lr=0.1, steps=5)
    next(run)
    with pytest.raises(FloatingPointError, match=r"lr=0.1: .* after step 1; try a smaller step"):
        next(run)


def test_nan_gradients_are_not_swept_under_the_carpet(dataset, fresh):
    def mean_of_nothing(model, x, y, num_classes):
        rows = class_gradients(model, x, y, num_classes)
        return rows.index_fill(0, torch.tensor(1), math.nan)

    run = train(dataset, fresh(), pcngd_step, lr=0.1, steps=1, gradients=mean_of_nothing)
    with pytest.raises(FloatingPointError, match="division by zero"):
        list(run)


def test_batch_normalisation_is_refused_with_the_remedy(dataset):
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    with pytest.raises(ValueError, match=r"BatchNorm1d in training mode.*use nn\.GroupNorm"):
        next(train(dataset, model, gd_step, lr=0.1, steps=1))
    assert model[1].num_batches_tracked == 0

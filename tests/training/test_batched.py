import dataclasses
import random

import numpy as np
import pytest
import torch

from imbal_lab.methods import METHODS
from imbal_lab.training import batched
from imbal_lab.training.batched import train_together
from imbal_lab.training.group import why_serial
from imbal_lab.training.result import Result
from imbal_lab.training.serial import train_alone

# In single precision rounding differs from the first step on, and training makes it grow.
TOLERANCE = {"float64": 1e-10, "float32": 2e-3}


def distance(one: Result, other: Result) -> float:
    """Largest difference of losses and logits; recalls may differ by one example."""
    pairs = zip(one[1:6:2], other[1:6:2], strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


def different(run):
    """Runs that differ in everything in which a batched group may."""
    full = run.technique.batches != "mixed"
    return [
        run,
        dataclasses.replace(run, seed=1, rho=run.rho if full else 4, lr=2 * run.lr),
        dataclasses.replace(run, seed=2, momentum=0.9, lr=run.lr / 4),
        dataclasses.replace(run, weight_decay=0.1, momentum=0.5),
    ]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("method", METHODS)
def test_a_hundred_steps_together_are_a_hundred_steps_alone(method, dtype, tiny):
    options = {"widths": (2, 12, 4), "activation": "relu"}
    # The scale of LDAM makes the loss thirty times as steep.
    lr = 0.002 if method == "ldam" else 0.05
    run = tiny(
        method=method, dtype=dtype, steps=100, every=25, batch=24, lr=lr, model_options=options,
        schedule="cosine",
    )  # fmt: skip
    if why_serial(run):
        assert method.startswith("pcn")
        return
    runs = different(run)
    together = train_together(runs)
    for run, result in zip(runs, together, strict=True):
        alone = train_alone(run)
        assert distance(result, alone) < TOLERANCE[dtype]
        assert torch.equal(result.step, alone.step)
        assert (result.test_recall - alone.test_recall).abs().max() <= 1 / 5
        assert (result.train_loss[0] - result.train_loss[-1]).abs().max() > 1e-2
        assert result.path == "batched"


def test_runs_that_differ_end_differently(tiny):
    """So that the test above cannot pass because a setting is ignored on both paths."""
    results = train_together(different(tiny(steps=30)))
    for i, one in enumerate(results):
        for other in results[:i]:
            assert distance(one, other) > 1e-3


@pytest.mark.parametrize("method", ["sgd", "absgd", "class_weights"])
def test_one_that_diverges_leaves_the_others_alone(method, tiny):
    run = tiny(method=method, steps=40, every=10, batch=24, model_options={
        "widths": (2, 12, 4), "activation": "relu"
    })  # fmt: skip
    runs = [dataclasses.replace(run, seed=s, lr=lr) for s, lr in ((0, 0.05), (1, 1e6), (2, 0.05))]
    results, without = train_together(runs), train_together(runs[::2])
    assert [result.diverged for result in results] == [False, True, False]
    for ours, expected in zip(results[::2], without, strict=True):
        for a, b in zip(ours[:-1], expected[:-1], strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-13)
    alone = train_alone(runs[1])
    assert torch.equal(results[1].train_loss.isnan(), alone.train_loss.isnan())
    assert torch.equal(results[1].test_recall.isnan(), alone.test_recall.isnan())


def test_one_batch_beyond_the_limit_is_not_forgotten(tiny, monkeypatch):
    """Even where the model is back within it when it is measured."""
    verdicts = iter([True, True, False, True, True, True])

    def once(logits, dim):
        return torch.tensor([True, next(verdicts)])

    monkeypatch.setattr(batched, "within_limit", once)
    fine, bad = train_together([tiny(every=2), tiny(every=2, seed=1)])
    assert not fine.diverged
    assert bad.train_loss.isnan().all(dim=1).tolist() == [False, False, True, True]


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_convolutions_together_and_alone_and_one_that_diverges(dtype, tiny):
    run = tiny(data="mnist1d", data_options={"n_max": 30, "n_test": 5}, model="cnn1d",
               model_options={}, dtype=dtype, batch=16, steps=100, method="cdt")  # fmt: skip
    runs = [dataclasses.replace(run, seed=s, lr=lr) for s, lr in ((0, 0.05), (1, 1e38), (2, 0.1))]
    results = train_together(runs)
    assert [result.diverged for result in results] == [False, True, False]
    for k in (0, 2):
        assert distance(results[k], train_alone(runs[k])) < TOLERANCE[dtype]


def test_training_sets_of_different_sizes(tiny):
    runs = [tiny(steps=20, data_options={"n_max": n, "n_test": t}) for n, t in ((40, 5), (15, 9))]
    for run, result in zip(runs, train_together(runs), strict=True):
        assert distance(result, train_alone(run)) < 1e-10


def test_more_steps_than_are_drawn_ahead(tiny):
    run = tiny(steps=120, batch=4)
    (result,) = train_together([run])
    assert distance(result, train_alone(run)) < 1e-10


def test_no_steps_at_all(tiny):
    (result,) = train_together([tiny(steps=0)])
    assert distance(result, train_alone(tiny(steps=0))) == 0
    assert result.step.tolist() == [0]


def test_it_says_after_every_step_that_it_goes_on(tiny):
    steps = []
    train_together([tiny(), tiny(seed=1)], advance=steps.append)
    assert steps == [2] * 6


def test_the_randomness_of_others_is_left_alone(tiny):
    torch.manual_seed(0)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    train_together([tiny(), tiny(seed=1)])
    train_alone(tiny(method="pcnsgd", batch=24))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()
    assert random.getstate() == states[2]


@pytest.mark.parametrize("train", [lambda run, *a: train_together([run], *a), train_alone])
def test_one_thread_inside_and_as_many_as_before_outside(train, tiny):
    inside = []

    def watched(steps):
        inside.append(torch.get_num_threads())
        if len(inside) == 3:
            raise KeyError

    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError):
            train(tiny(), *(() if train is not train_alone else ("serial",)), watched)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)  # what all tests run with
    assert inside == [1, 1, 1]

"""Seeds, two methods side by side, the cache, and a pinned run."""

import pytest
import torch

from imbal_lab.explore import Setting
from imbal_lab.explore.runs import KEPT_RUNS, Runs
from imbal_lab.explore.scenes import SCENES
from imbal_lab.explore.trained import Own


@pytest.fixture
def runs():
    return Runs(SCENES["absgd"], Own())


SETTING = Setting("absgd", "gauss2d", "absgd", rho=20, seed=5)


def exhaust(runs, job):
    return sum(1 for _ in runs.train(job))


def test_seeds_go_on_in_turn_and_are_those_of_single_runs(short_runs, runs):
    job = runs.job(SETTING, seeds=3)
    going = runs.train(job)
    for _ in range(7):
        next(going)
    assert [len(run.records) for run in job.sides[0]] == [3, 2, 2]
    for _ in going:
        pass
    assert [run.setting.seed for run in job.sides[0]] == [5, 6, 7]
    alone = runs.job(Setting(**{**vars(SETTING), "seed": 6}))
    exhaust(Runs(SCENES["absgd"], Own()), alone)
    assert torch.equal(job.sides[0][1].recording.loss, alone.sides[0][0].recording.loss)


def test_side_by_side_is_on_the_same_data_and_weights(short_runs, runs):
    job = runs.job(SETTING, beside="sgd")
    exhaust(runs, job)
    ours, theirs = (side[0].recording for side in job.sides)
    assert torch.equal(ours.loss[0], theirs.loss[0])
    assert not torch.equal(ours.loss[-1], theirs.loss[-1])


def test_a_finished_run_is_not_trained_again(short_runs, runs):
    assert not runs.filled(runs.job(SETTING))
    first = runs.job(SETTING)
    assert exhaust(runs, first) == 13
    again = runs.job(SETTING)
    assert runs.filled(again)
    assert again.sides[0][0].recording is first.sides[0][0].recording
    more = runs.job(SETTING, seeds=3)
    assert not runs.filled(more)
    assert exhaust(runs, more) == 2 * 13  # the two seeds that are new


def test_the_learners_own_runs_are_never_kept(short_runs):
    """What they call may have changed since."""
    calls = []

    def ones(losses, lam):
        calls.append(1)
        return torch.ones_like(losses)

    runs = Runs(SCENES["absgd"], Own(ones))
    mine = SETTING.with_method("mine")
    exhaust(runs, runs.job(mine))
    before = len(calls)
    assert not runs.filled(runs.job(mine))
    exhaust(runs, runs.job(mine))
    assert len(calls) == 2 * before


def test_a_run_that_was_cancelled_is_not_kept(short_runs, runs):
    going = runs.train(runs.job(SETTING))
    next(going)
    going.close()
    assert not runs.filled(runs.job(SETTING))


def test_the_cache_is_bounded(short_runs, runs):
    for seed in range(KEPT_RUNS + 3):
        run = runs.job(Setting(**{**vars(SETTING), "seed": seed})).sides[0][0]
        runs._keep(run)
    assert len(runs._finished) == KEPT_RUNS


def test_one_side_that_fails_leaves_the_other(short_runs):
    def broken(losses, lam):
        raise KeyError("lam")

    runs = Runs(SCENES["absgd"], Own(broken))
    job = runs.job(SETTING.with_method("mine"), beside="sgd")
    exhaust(runs, job)
    assert "KeyError" in job.problem[0]
    assert len(job.sides[1][0].records) == 13

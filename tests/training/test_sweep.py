import concurrent.futures
import inspect
import multiprocessing
import signal
import subprocess
import sys

import platformdirs
import pytest
import torch

from imbal_lab.training import sweep as sweep_function
from imbal_lab.training.group import Group, grouped
from imbal_lab.training.serial import train_alone
from imbal_lab.training.store import Store
from imbal_lab.training.sweep import CACHE


def sweep(runs, cache=None, **options):
    return sweep_function(runs, cache=cache, progress=False, **options)


def same(one, other):
    return one.path == other.path and all(
        torch.equal(a, b) for a, b in zip(one[:-1], other[:-1], strict=True)
    )


@pytest.fixture
def runs(tiny):
    """Three groups of two and two runs that stand alone, mixed."""
    return [
        tiny(method=method, seed=seed, batch=24)
        for seed in (0, 1)
        for method in ("cdt", "pcnsgd", "sgd", "arb")
    ]


@pytest.fixture
def trained(monkeypatch):
    """The runs that are trained from here on, in this process."""
    seen, train = [], Group.train

    def watched(group, *args):
        seen.extend(group.runs)
        return train(group, *args)

    monkeypatch.setattr(Group, "train", watched)
    return seen


def test_results_are_in_the_order_of_the_runs_and_say_how_they_came(runs):
    for run, result in zip(runs, sweep(runs), strict=True):
        alone = train_alone(run)
        torch.testing.assert_close(result.test_logits, alone.test_logits, rtol=0, atol=1e-12)
        assert result.path.split(":")[0] == ("serial" if run.method == "pcnsgd" else "batched")


def test_the_same_run_twice_is_trained_once(tiny, trained):
    one, two, other = sweep([tiny(), tiny(rho=10.0), tiny(seed=1)])
    assert same(one, two)
    assert not same(one, other)
    assert len(trained) == 2


def test_no_runs():
    assert sweep([]) == []


def test_what_is_kept_is_not_trained_again(runs, trained, tmp_path):
    first = sweep(runs[:5], tmp_path)
    assert len(trained) == 5
    second = sweep(runs, tmp_path)
    assert set(trained[5:]) == set(runs[5:])
    assert all(same(a, b) for a, b in zip(first, second[:5], strict=True))
    assert len(sweep(iter(runs), tmp_path)) == len(runs)
    assert len(trained) == len(runs)


def test_without_a_cache_nothing_is_kept(tiny, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep([tiny()])
    sweep([tiny()])
    assert len(trained) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_trained_again(runs, trained, tmp_path):
    before = sweep(runs, tmp_path)
    Store(tmp_path).file(runs[2]).write_bytes(b"PK")
    del trained[:]
    with pytest.warns(UserWarning, match="damaged and not used"):
        after = sweep(runs, tmp_path)
    assert trained == [runs[2]]
    torch.testing.assert_close(after[2].test_logits, before[2].test_logits, rtol=0, atol=1e-12)
    assert same(sweep(runs, tmp_path)[2], after[2])


def test_the_default_cache_is_the_users():
    assert inspect.signature(sweep_function).parameters["cache"].default == CACHE
    assert CACHE.is_relative_to(platformdirs.user_cache_dir("imbal-lab"))


def test_a_run_that_cannot_be_trained_stops_the_sweep_before_it_begins(runs, trained, tiny):
    with pytest.raises(ValueError, match="rho=1000"):
        sweep([*runs, tiny(rho=1000)])
    assert trained == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_what_was_finished_before_an_interruption_is_kept(stop, runs, tmp_path, monkeypatch):
    train, groups = Group.train, grouped(runs)

    def interrupted(group, *args):
        if group == groups[2]:
            raise stop
        return train(group, *args)

    monkeypatch.setattr(Group, "train", interrupted)
    with pytest.raises(stop):
        sweep(runs, tmp_path)
    finished = [run for run in runs if Store(tmp_path).get(run) is not None]
    assert set(finished) == {run for group in groups[:2] for run in group.runs}


def spawned(workers):
    return concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn")
    )


def test_two_processes_give_the_same_and_keep_it(runs, trained, tmp_path):
    with spawned(2) as executor:
        elsewhere = sweep(runs, tmp_path, executor=executor)
    assert trained == []
    assert all(same(a, b) for a, b in zip(elsewhere, sweep(runs), strict=True))
    assert all(same(a, Store(tmp_path).get(run)) for a, run in zip(elsewhere, runs, strict=True))


class Held(concurrent.futures.Executor):
    """Breaks the first task and never begins another."""

    def __init__(self):
        self.tasks = []

    def submit(self, *_):
        self.tasks.append(concurrent.futures.Future())
        if len(self.tasks) == 1:
            self.tasks[0].set_exception(RuntimeError("broken"))
        return self.tasks[-1]


def test_an_error_in_a_task_cancels_what_has_not_begun(runs):
    executor = Held()
    with pytest.raises(RuntimeError, match="broken"):
        sweep(runs, executor=executor)
    assert [task.cancelled() for task in executor.tasks] == [False] + [True] * 4


KILLED = """
import sys
from imbal_lab.training import Run, sweep
from imbal_lab.training.store import Store

put = Store.put
def slow(self, run, result):
    put(self, run, result)
    print("kept", flush=True)
    sys.stdin.read(1)  # wait here: killed between two files, or let on

Store.put = slow
sweep({runs!r}, cache={cache!r}, progress=False)
"""


def test_killed_midway_and_begun_again_equals_never_killed(runs, trained, tmp_path):
    code = KILLED.format(runs=runs, cache=str(tmp_path))
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for _ in range(3):
        assert program.stdout.readline() == b"kept\n"
        program.stdin.write(b"x")
        program.stdin.flush()
    program.send_signal(signal.SIGKILL)
    program.communicate()
    kept = sum(Store(tmp_path).get(run) is not None for run in runs)
    assert 3 <= kept < len(runs)
    resumed = sweep(runs, tmp_path)
    assert len(trained) == len(runs) - kept
    for a, b in zip(resumed, sweep(runs), strict=True):
        assert a.path == b.path
        torch.testing.assert_close(a.test_logits, b.test_logits, rtol=0, atol=1e-12)
        torch.testing.assert_close(a.train_loss, b.train_loss, rtol=0, atol=1e-12)


def test_the_bar_counts_steps_and_says_what_is_done(runs, tmp_path, capsys):
    sweep(runs[:1], tmp_path)
    sweep_function(runs, cache=tmp_path)
    shown = capsys.readouterr().err
    assert "5 batched, 2 one by one, 1 cached" in shown
    assert f"{7 * 6}/{7 * 6}" in shown

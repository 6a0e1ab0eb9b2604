"""The worker: newest wins, cancels within a step, survives, stops, ends. No sleeping for luck:
every wait is for an event, with a generous limit that only a failure reaches."""

import threading
import time

import pytest

from imbal_lab.explore import live
from imbal_lab.explore.live import Live

LIMIT = 20.0


def wait_until(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.005)


class Bench:
    """A Live whose jobs are functions that return an iterator; keeps what it was told."""

    def __init__(self):
        self.painted, self.failed = [], []
        self.live = Live(
            lambda job: job(),
            lambda job, state: self.painted.append((job, state)),
            lambda job, problem: self.failed.append((job, problem)),
        )

    def states(self, job):
        return [state for j, state in self.painted if j is job]


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.live.close()


def short():
    yield from range(3)


def forever_job():
    """A job without end that says how often it was advanced."""
    steps = []

    def job():
        while True:
            steps.append(1)
            yield
            time.sleep(0.001)

    return job, steps


def test_first_and_last_are_painted(bench):
    bench.live.request(short)
    wait_until(lambda: "done" in bench.states(short))
    assert bench.states(short)[0] == "running"
    assert bench.states(short)[-1] == "done"


def test_paints_are_rationed(bench, monkeypatch):
    monkeypatch.setattr(live, "PAINT_EVERY", 1e9)

    def many():
        yield from range(1000)

    bench.live.request(many)
    wait_until(lambda: "done" in bench.states(many))
    assert bench.states(many) == ["running", "done"]


def test_the_newest_request_wins_and_the_old_run_stops_within_a_step(bench):
    job, steps = forever_job()
    bench.live.request(job)
    wait_until(lambda: steps)
    bench.live.request(short)
    at_request = len(steps)
    wait_until(lambda: "done" in bench.states(short))
    assert len(steps) <= at_request + 1
    assert "done" not in bench.states(job)


def test_a_fast_drag_runs_its_end_and_does_not_starve(bench, monkeypatch):
    """Requests faster than the debounce: some run starts before the drag ends."""
    monkeypatch.setattr(live, "DEBOUNCE", LIMIT)  # waiting for a pause alone would never start
    seen = []
    deadline = time.monotonic() + LIMIT
    while not seen:
        assert time.monotonic() < deadline, "the drag starved the worker"
        bench.live.request(lambda: seen.append(1) or iter(()))
        time.sleep(0.01)


def test_requests_close_together_run_once(bench, monkeypatch):
    monkeypatch.setattr(live, "DEBOUNCE", 0.5)
    monkeypatch.setattr(live, "PATIENCE", LIMIT)
    for _ in range(5):
        bench.live.request(forever_job()[0])
    bench.live.request(short)
    wait_until(lambda: "done" in bench.states(short))
    assert {job for job, _ in bench.painted} == {short}


@pytest.mark.parametrize("problem", [ValueError("no"), SystemExit(2), NotImplementedError()])
def test_an_exception_is_reported_and_the_worker_survives(bench, problem):
    def broken():
        yield
        raise problem

    bench.live.request(broken)
    wait_until(lambda: bench.failed)
    assert bench.failed == [(broken, problem)]
    bench.live.request(short)
    wait_until(lambda: "done" in bench.states(short))


def test_stop_ends_the_run_and_says_so(bench):
    job, steps = forever_job()
    bench.live.request(job)
    wait_until(lambda: steps)
    bench.live.stop()
    wait_until(lambda: "stopped" in bench.states(job))
    at_stop = len(steps)
    bench.live.request(short)
    wait_until(lambda: "done" in bench.states(short))
    assert len(steps) == at_stop


def test_close_ends_the_thread_also_during_a_run():
    before = set(threading.enumerate())
    bench = Bench()
    job, steps = forever_job()
    bench.live.request(job)
    wait_until(lambda: steps)
    bench.live.close()
    assert set(threading.enumerate()) == before
    bench.live.request(short)  # ignored
    assert set(threading.enumerate()) == before
    assert not bench.states(short)


def test_run_works_in_the_calling_thread_and_paints_once(bench):
    bench.live.run(short)
    assert bench.painted == [(short, "done")]
    assert bench.live._thread is None

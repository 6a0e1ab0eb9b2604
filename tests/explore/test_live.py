"""The worker: newest wins, cancels within a step, survives, stops, ends. No sleeping for luck:
every wait is for an event, with a generous limit that only a failure reaches."""

import contextlib
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
        self.painted, self.failed, self.stuck = [], [], []
        self.live = Live(
            lambda job: job(),
            lambda job, state: self.painted.append((job, state)),
            lambda job, problem: self.failed.append((job, problem)),
            lambda job, seconds: self.stuck.append((job, seconds)),
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


def fails():
    yield
    raise ValueError


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
    first = forever_job()[0]
    for job in (first, *(forever_job()[0] for _ in range(5)), short):
        bench.live.request(job)
    wait_until(lambda: "done" in bench.states(short))
    assert {job for job, _ in bench.painted} <= {first, short}  # none of those between


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
    assert set(threading.enumerate()) <= before
    bench.live.request(short)  # ignored
    assert set(threading.enumerate()) <= before
    assert not bench.states(short)


def test_opening_comes_back_with_the_end_and_paints_once(bench):
    bench.live.open(short)
    assert bench.painted == [(short, "done")]
    assert bench.live._thread is None


def test_opening_comes_back_after_a_while_and_the_run_goes_on(bench):
    job, steps = forever_job()
    bench.live.open(job, seconds=0.05)
    assert bench.painted[0] == (job, "running")
    seen = len(steps)
    wait_until(lambda: len(steps) > seen)
    bench.live.stop()
    wait_until(lambda: bench.painted[-1] == (job, "stopped"))


@pytest.mark.parametrize("job", [short, fails])
def test_a_run_that_ends_while_opening_gives_up_is_not_called_running(bench, monkeypatch, job):
    """The page would say "step 300 of 300" for ever."""
    ending = threading.Event()

    def at_the_end(told):
        def tell(job, what):
            if what != "running":
                ending.set()
                time.sleep(0.05)  # the one who gave up waits for us, with the lock
            told.append((job, what))

        return tell

    told = []
    monkeypatch.setattr(bench.live, "_paint", at_the_end(told))
    monkeypatch.setattr(bench.live, "_fail", at_the_end(told))
    monkeypatch.setattr(bench.live._rests, "wait", lambda seconds: not ending.wait(LIMIT))
    bench.live.open(job, seconds=5.0)
    assert [what != "running" for _, what in told] == [True]


def test_opening_comes_back_when_a_step_does_not(bench, monkeypatch):
    monkeypatch.setattr(live, "STUCK_AFTER", 0.3)
    bench.live.open(lambda: endless([]))
    assert len(bench.stuck) == 1


def test_a_finished_job_is_shown_at_once_in_the_calling_thread(bench):
    bench.live.show(short)
    assert bench.painted == [(short, "done")]
    assert bench.live._thread is None


def test_showing_a_finished_job_cancels_the_run_that_is_under_way(bench):
    job, steps = forever_job()
    bench.live.request(job)
    wait_until(lambda: steps)
    bench.live.show(short)
    wait_until(lambda: bench.live._thread is None)
    assert bench.painted[-1] == (short, "done")
    assert set(bench.states(job)) == {"running"}


def test_no_thread_is_left_when_there_is_nothing_to_do(bench):
    before = set(threading.enumerate())
    for _ in range(3):
        bench.live.request(short)
        wait_until(lambda: "done" in bench.states(short))
        wait_until(lambda: set(threading.enumerate()) <= before)
        bench.painted.clear()


def endless(inside):
    """A step that never returns, and keeps every exception it can."""
    yield
    inside.append(1)
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.001)


def test_a_step_that_is_stuck_gives_way_to_a_request_that_came_before_it_counted_as_stuck(
    bench, monkeypatch
):
    inside = []
    bench.live.request(lambda: endless(inside))
    wait_until(lambda: inside)
    bench.live.request(short)
    assert not bench.stuck
    monkeypatch.setattr(live, "STUCK_AFTER", 0.3)
    wait_until(lambda: "done" in bench.states(short))


@pytest.mark.parametrize("wish", ["stop", "request"])
def test_a_step_that_does_not_return_is_said_and_can_be_interrupted(bench, monkeypatch, wish):
    monkeypatch.setattr(live, "STUCK_AFTER", 0.3)
    inside = []

    def job():
        return endless(inside)

    bench.live.request(job)
    wait_until(lambda: inside and bench.stuck)
    assert bench.stuck == [(job, 0.3)]  # once
    if wish == "stop":
        bench.live.stop()
        wait_until(lambda: bench.states(job)[-1] == "stopped")
    else:
        bench.live.request(short)
        wait_until(lambda: "done" in bench.states(short))
    wait_until(lambda: bench.live._thread is None)
    assert not bench.failed


def test_a_step_that_takes_its_time_is_not_interrupted(bench):
    entered, go = threading.Event(), threading.Event()

    def slow():
        entered.set()
        assert go.wait(LIMIT)
        yield

    bench.live.request(slow)
    assert entered.wait(LIMIT)
    bench.live.request(short)
    go.set()
    wait_until(lambda: "done" in bench.states(short))
    assert not bench.failed
    assert not bench.stuck


def test_two_threads_never_paint_at_a_time(bench):
    """Callbacks of a front end with subshells come from several threads."""
    inside, most = [], []

    def paint(job, state):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()

    bench.live._paint = paint
    job, _ = forever_job()

    def move():
        for _ in range(5):
            bench.live.show(short)
            bench.live.request(job)

    movers = [threading.Thread(target=move) for _ in range(4)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    wait_until(lambda: len(most) >= 5)
    assert max(most) == 1


def test_a_single_request_starts_at_once(bench, monkeypatch):
    monkeypatch.setattr(live, "PATIENCE", LIMIT)
    monkeypatch.setattr(live, "DEBOUNCE", LIMIT)
    began = time.monotonic()
    started = []
    bench.live.request(lambda: started.append(time.monotonic() - began) or iter(()))
    wait_until(lambda: started)
    assert started[0] < LIMIT / 2


def test_a_drag_that_never_rests_is_painted_all_the_same(bench):
    """Each request comes before the first step of the run before it is over."""

    def slow():
        for _ in range(100):
            time.sleep(0.03)
            yield

    deadline = time.monotonic() + LIMIT
    while len(bench.painted) < 3:
        assert time.monotonic() < deadline, "the drag starved the picture"
        bench.live.request(lambda: slow())
        time.sleep(0.01)
    assert {state for _, state in bench.painted} == {"running"}

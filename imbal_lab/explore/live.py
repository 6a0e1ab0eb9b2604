"""One worker thread that trains while the page stays alive.

Widget callbacks only post requests: recent kernels run them in a thread and event loop of their
own, older ones in the main thread while no cell runs, and this is right in both. The newest
request wins, and the run before it stops within one step.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, Literal, TypeVar

Job = TypeVar("Job")
State = Literal["running", "done", "stopped"]

DEBOUNCE = 0.05  # seconds without a newer request before a run starts
PATIENCE = 0.15  # seconds a request waits at most, however fast the slider is dragged
PAINT_EVERY = 0.1  # seconds between two paints


class Live(Generic[Job]):
    """Runs the newest of the requested jobs, one at a time, in one daemon thread.

    Args:
        start: makes the run of a job, an iterator that works one step at a time.
        paint: called with (job, state) after the first step, at most ten times a second, and
            when the run is done or was stopped.
        fail: called with (job, exception) when a job raises; the worker survives.
    """

    def __init__(
        self,
        start: Callable[[Job], Iterable[object]],
        paint: Callable[[Job, State], None],
        fail: Callable[[Job, BaseException], None],
    ) -> None:
        self._start, self._paint, self._fail = start, paint, fail
        self._changed = threading.Condition()
        self._wanted: Job | None = None
        self._generation = 0  # grows with every request, stop and close
        self._closed = False
        self._thread: threading.Thread | None = None

    def run(self, job: Job) -> None:
        """Run a job to its end in the calling thread and paint it once."""
        for _ in self._start(job):
            pass
        self._paint(job, "done")

    def request(self, job: Job) -> None:
        """Run this job next; a run that is under way stops."""
        with self._changed:
            if self._closed:
                return
            self._wanted, self._generation = job, self._generation + 1
            if self._thread is None:  # the first request starts the worker
                self._thread = threading.Thread(target=self._work, name="explore", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop the run that is under way, and forget one that waits."""
        with self._changed:
            forgotten = self._wanted
            self._wanted, self._generation = None, self._generation + 1
            self._changed.notify_all()
        if forgotten is not None:  # or the page would still say that it runs
            self._paint(forgotten, "stopped")

    def close(self) -> None:
        """Stop, and end the worker thread."""
        with self._changed:
            self._closed, self._generation = True, self._generation + 1
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted is not None or self._closed)
                first = time.monotonic()
                while not self._closed and time.monotonic() - first < PATIENCE:
                    if not self._changed.wait(DEBOUNCE):
                        break
                if self._closed:
                    return
                job, generation, self._wanted = self._wanted, self._generation, None
            if job is not None:  # stopped while it waited
                self._run(job, generation)

    def _run(self, job: Job, generation: int) -> None:
        try:
            painted = float("-inf")
            for _ in self._start(job):
                if generation != self._generation:
                    if self._wanted is None and not self._closed:
                        self._paint(job, "stopped")
                    return
                if time.monotonic() - painted >= PAINT_EVERY:
                    self._paint(job, "running")
                    painted = time.monotonic()
            if generation == self._generation:
                self._paint(job, "done")
        except (Exception, SystemExit) as problem:  # the learner's code may raise anything
            if generation == self._generation:
                self._fail(job, problem)

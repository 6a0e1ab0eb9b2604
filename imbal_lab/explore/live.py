"""One worker thread that trains while the page stays alive.

Widget callbacks only post requests: recent kernels run them in a thread and event loop of their
own, older ones in the main thread while no cell runs, and this is right in both. The newest
request wins, and the run before it stops within one step. The thread ends when there is nothing
left to do, so that a page nobody touches costs nothing.
"""

import ctypes
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Literal, TypeVar

Job = TypeVar("Job")
State = Literal["running", "done", "stopped"]

DEBOUNCE = 0.05  # seconds between requests that count as one drag; a single one starts at once
PATIENCE = 0.15  # seconds after which there is a start and a picture, however fast the drag
PAINT_EVERY = 0.1  # seconds between two paints, and at least
REST = 0.5  # of the time since its run began, after a paint: on a logarithmic axis of steps a
LONGEST_REST = 0.3  # picture changes ever more slowly; but no more seconds than this
LET_GO = 0.002  # seconds after a paint in which another thread sends it
STUCK_AFTER = 5.0  # seconds after which a step counts as one that does not return


class Interrupted(BaseException):
    """Raised inside a step that does not return; no learner's ``except Exception`` keeps it."""


class Live(Generic[Job]):
    """Runs the newest of the requested jobs, one at a time, in one daemon thread.

    Args:
        start: makes the run of a job, an iterator that works one step at a time.
        paint: called with (job, state) after the first step, at most ten times a second, and
            when the run is done or was stopped; never twice at a time, and never with a job
            after a newer one.
        fail: called with (job, exception) when a job raises; the worker survives.
        stuck: called once with (job, seconds) when a step has not returned for that long. A stop
            or a newer request then interrupts it, which Python code obeys and a call inside a
            compiled library does not. Without it, steps may take their time.
    """

    def __init__(
        self,
        start: Callable[[Job], Iterable[object]],
        paint: Callable[[Job, State], None],
        fail: Callable[[Job, BaseException], None],
        stuck: Callable[[Job, float], None] | None = None,
    ) -> None:
        self._start, self._paint, self._fail, self._stuck = start, paint, fail, stuck
        self._changed = threading.Condition()
        self._painting = threading.RLock()
        self._wanted: Job | None = None
        self._generation = 0  # grows with every request, stop and close
        self._closed = False
        self._stopped = -1  # the generation of the last stop
        self._ended = -1  # the generation whose end was painted
        self._asked = self._painted = self._next_paint = float("-inf")  # times
        self._set_out = 0.0  # when the run that is under way began
        self._dragged = False
        self._thread: threading.Thread | None = None
        self._watcher: threading.Thread | None = None
        self._began: float | None = None  # when the step that is under way began
        self._job: Job | None = None  # whose step that is
        self._unseen = False
        self._rests = threading.Event()  # nothing is left to do, or a step does not return

    def open(self, job: Job, seconds: float | None = None) -> None:
        """Run the first job and come back when it has ended, or does not return from a step.

        It goes on without us after so many ``seconds``. What comes before is not painted, since
        nobody sees it yet.
        """
        self._unseen = True
        generation = self._next(job)
        rests = self._rests.wait(seconds)
        self._unseen = False
        if not rests:
            self._paint_if_newest(job, "running", generation)

    def show(self, job: Job, state: State = "done") -> None:
        """Paint a job that has ended, at once; a run that is under way stops."""
        self._paint_if_newest(job, state, self._next(None))

    def request(self, job: Job) -> None:
        """Run this job next; a run that is under way stops."""
        self._next(job)

    def stop(self) -> None:
        """Stop the run that is under way, and forget one that waits."""
        forgotten = self._wanted
        generation = self._next(None, stop=True)
        if forgotten is not None:  # or the page would still say that it runs
            self._paint_if_newest(forgotten, "stopped", generation)

    def close(self) -> None:
        """Stop, and end the worker thread."""
        self._closed = True
        threads = self._thread, self._watcher
        self._next(None)
        for thread in threads:
            if thread is not None and thread is not threading.current_thread():
                thread.join(timeout=5)

    def _next(self, job: Job | None, *, stop: bool = False) -> int:
        """Make this the newest wish, and return its number."""
        with self._changed:
            self._wanted = None if self._closed else job
            self._generation += 1
            now = time.monotonic()
            self._dragged, self._asked = now - self._asked < DEBOUNCE, now
            if stop:
                self._stopped = self._generation
            if self._thread is None and self._wanted is not None:
                self._begin()
            self._interrupt_if_stuck()
            self._changed.notify_all()
            return self._generation

    def _begin(self) -> None:
        """Start the worker, and somebody who watches it."""
        self._thread = threading.Thread(target=self._work, name="explore", daemon=True)
        self._thread.start()
        if self._stuck is not None:
            watch = (self._thread, self._stuck)
            self._watcher = threading.Thread(
                target=self._watch, args=watch, name="explore-watch", daemon=True
            )
            self._watcher.start()

    def _overdue(self) -> bool:
        """Whether the step that is under way began too long ago."""
        began = self._began
        return began is not None and time.monotonic() - began > STUCK_AFTER

    def _interrupt_if_stuck(self) -> None:
        """Raise Interrupted in a step that does not return."""
        worker = self._thread
        if self._stuck is not None and worker is not None and self._overdue():
            self._began = time.monotonic()  # it has as long again to obey
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(worker.ident or 0), ctypes.py_object(Interrupted)
            )

    def _work(self) -> None:
        while True:
            try:
                wish = self._settled()
                if wish is None:
                    return
                self._run(*wish)
            except Interrupted:  # it came a moment too late for the step it was meant for
                continue

    def _watch(self, worker: threading.Thread, stuck: Callable[[Job, float], None]) -> None:
        """Say once of a step that it does not return, and interrupt it for a job that waits."""
        said = None
        while worker.is_alive():
            worker.join(STUCK_AFTER / 5)
            began = self._began
            if self._wanted is not None or self._closed:
                with self._changed:
                    self._interrupt_if_stuck()
            elif began != said and self._overdue():
                said = began
                with self._painting:
                    if self._job is not None and self._overdue():
                        stuck(self._job, STUCK_AFTER)
                self._rests.set()

    def _settled(self) -> tuple[Job, int] | None:
        """The newest wish, when no newer one comes for a moment; None if there is none."""
        with self._changed:
            until = time.monotonic() + PATIENCE
            while self._wanted is not None and self._dragged and time.monotonic() < until:
                if not self._changed.wait(DEBOUNCE):
                    break
            job, self._wanted = self._wanted, None
            if job is None:
                self._thread = None
                self._rests.set()
                return None
            return job, self._generation

    def _run(self, job: Job, generation: int) -> None:
        self._job, self._set_out = job, time.monotonic()
        try:
            first = True
            for _ in self._timed(self._start(job)):
                if not self._unseen and (first or time.monotonic() >= self._next_paint):
                    self._paint_if_newest(job, "running", generation)
                    time.sleep(LET_GO)
                first = False
                if generation != self._generation:
                    break
            self._paint_if_newest(job, "done", generation)
        except Interrupted:
            pass
        except (Exception, SystemExit) as problem:  # the learner's code may raise anything
            with self._painting:
                if generation == self._generation:
                    self._fail(job, problem)
                    self._ended = generation
        if self._stopped == generation + 1:
            self._paint_if_newest(job, "stopped", self._stopped)

    def _timed(self, steps: Iterable[object]) -> Iterator[None]:
        """The steps, each with a note of when it began."""
        going = iter(steps)
        while True:
            self._began = time.monotonic()
            try:
                next(going)
            except StopIteration:
                return
            finally:
                self._began = None
            yield

    def _paint_if_newest(self, job: Job, state: State, generation: int) -> None:
        """Paint, unless there is a newer wish; but a drag that never rests is shown as well."""
        with self._painting:
            starved = state == "running" and time.monotonic() - self._painted > PATIENCE
            if self._closed or (generation != self._generation and not (starved and self._wanted)):
                return
            if state == "running" and generation == self._ended:
                return  # whoever saw it running waited here until its end was painted
            began = time.monotonic()
            self._paint(job, state)
            self._ended = self._ended if state == "running" else generation
            self._painted = time.monotonic()
            rest = min(REST * (self._painted - self._set_out), LONGEST_REST)
            self._next_paint = max(began + PAINT_EVERY, self._painted + rest)

"""Who does the work: threads here, each of which waits for a student's process, or a cluster."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    InvalidStateError,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from imbal_lab.grading.course import CourseError
from imbal_lab.grading.gradebook.conversion import printable

if TYPE_CHECKING:
    from distributed import Client

THREAD = "imbal-lab-grade"
GONE = ("closing", "closed")  # a client's status, when it gave up to connect again
SECONDS = 5  # that a scheduler has to answer


@contextmanager
def workers_here(count: int | None) -> Iterator[tuple[Executor, int]]:
    """`count` workers on this machine, by default one a core, and how many jobs to keep in flight.

    Where the run is stopped, nothing is waited for: see `leave`.
    """
    count = count or _cores()
    workers = ThreadPoolExecutor(count, thread_name_prefix=THREAD)
    try:
        yield workers, 2 * count
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        raise
    workers.shutdown()


def leave(code: int) -> None:
    """End this process at once with `code` if workers of a run that was stopped still wait.

    They wait for students' processes, for minutes perhaps; those end, and clean up, with this one.
    """
    if any(thread.name.startswith(THREAD) for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def workers_of_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a Dask scheduler, and how many jobs to keep in flight: two a thread.

    Raises CourseError where nothing answers there, no worker is connected to it, or one of them
    has another version of Imbal Lab.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise CourseError("--cluster needs Dask: pip install 'imbal-lab[cluster]'") from error
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"no Dask scheduler at {address!r} ({printable(str(error))})") from error
    with client, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")  # a large notebook
        _check_workers(client)
        yield Watched(client), 2 * sum(client.nthreads().values())


class Watched(Executor):
    """A client's executor whose futures fail when the scheduler is lost; Dask's wait for ever."""

    def __init__(self, client: Client) -> None:
        self.client, self.executor = client, client.get_executor()
        self.waiting: set[Future] = set()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future:
        if self.client.status in GONE:
            raise BrokenExecutor("the scheduler is gone")
        future = self.executor.submit(work, *args, **options)
        self.waiting.add(future)
        future.add_done_callback(self.waiting.discard)
        return future

    def _watch(self) -> None:
        while self.client.status not in GONE:
            time.sleep(0.5)
        for future in tuple(self.waiting):
            with suppress(InvalidStateError):
                future.set_exception(BrokenExecutor("the scheduler is gone"))


def _check_workers(client: Client) -> None:
    if not client.nthreads():
        raise CourseError("the scheduler has no workers; start some: dask worker ADDRESS")
    here = version("imbal-lab")
    try:
        others = client.run(version, "imbal-lab")
    except PackageNotFoundError as error:
        raise CourseError(f"a worker lacks Imbal Lab {here}: pip install it there") from error
    other = next((address for address, there in others.items() if there != here), None)
    if other:
        raise CourseError(f"the worker at {other} has Imbal Lab {others[other]}, not {here}")

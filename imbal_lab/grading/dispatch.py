"""Hand jobs to workers, a few at a time, and take results as they come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from imbal_lab.grading.course import CourseError
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.judging.graded import Graded, Job
from imbal_lab.grading.tasks import Task
from imbal_lab.sandbox import ConfinementError
from imbal_lab.student_process.parent_process import StartError

TRIES = 2


def dispatch(
    work: Callable[[Job], Graded], tasks: Iterable[Task], workers: Executor, in_flight: int
) -> Generator[tuple[Task, Graded | str], None, None]:
    """Yield each task with its result, in the order in which they finish.

    `work` runs on the workers, at most `in_flight` of it at once, and is tried again where a worker
    was lost. If that does not help, the result is the reason, and the others go on.
    Raises CourseError where a worker cannot confine students' code or start a process for it, or
    no worker is left.
    """
    waiting = iter(tasks)
    running: dict[Future[Graded], tuple[Task, int]] = {}

    def start(task: Task, attempt: int) -> None:
        try:
            running[workers.submit(work, task.job)] = task, attempt
        except Exception as error:  # a pool that is broken or shut down, a scheduler that is gone
            reason = printable(f"{type(error).__name__}: {error}")
            raise CourseError(f"no worker takes any more work ({reason})") from error

    try:
        while True:
            while len(running) < in_flight and (task := next(waiting, None)) is not None:
                start(task, 1)
            if not running:
                return
            wait(running, return_when=FIRST_COMPLETED)
            for future in [each for each in running if each.done()]:
                task, attempt = running.pop(future)
                result = _result(future)
                if isinstance(result, str) and attempt < TRIES:
                    start(task, attempt + 1)
                else:
                    yield task, result
    finally:
        for future in running:
            future.cancel()


def _result(future: Future[Graded]) -> Graded | str:
    """What the worker found, or why there is nothing."""
    try:
        return future.result()
    except ConfinementError as error:
        raise CourseError(f"a worker refused: {error}") from error
    except StartError as error:
        raise CourseError(f"a worker cannot begin: {error}") from error
    except Exception as error:  # of the worker or of the way to it: Dask has its own kinds
        return printable(f"the worker was lost ({type(error).__name__}: {error})")

"""Sweep: many runs, each result kept on disk the moment it is there."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path

import numpy as np
import platformdirs
from tqdm import tqdm

from imbal_lab.training.group import Group, grouped
from imbal_lab.training.result import Result
from imbal_lab.training.run import Run
from imbal_lab.training.serial import Advance
from imbal_lab.training.store import Store, as_arrays, from_arrays

CACHE = Path(platformdirs.user_cache_dir("imbal-lab"), "runs")

Finished = Iterator[tuple[Group, list[Result]]]


def sweep(
    runs: Iterable[Run],
    *,
    cache: str | os.PathLike[str] | None = CACHE,
    executor: Executor | None = None,
    progress: bool = True,
) -> list[Result]:
    """Train every run and return the results in the order of ``runs``.

    Runs that differ only in seed, rho, data options, step size, momentum and weight decay are
    trained as one batched program where model and method allow it, the others one by one, with
    the same results up to rounding; ``Result.path`` says which it was, and why.

    ``cache`` is a folder for finished runs, by default in the user's cache folder; those found
    there are not trained again, so that an interrupted sweep goes on where it was. They are found
    by what the run says, not by the code that trains it: after you changed a method, name another
    folder. None keeps nothing.

    ``executor`` is any ``concurrent.futures`` executor, such as a ProcessPoolExecutor with the
    "spawn" context (a script then needs ``if __name__ == "__main__":``); a group of up to 25 runs
    is one task, and the results are written here. ``progress`` draws a bar on stderr.

    torch's threads and the global random states are as they were afterwards. Raises ValueError
    for a run that cannot be trained, before anything is trained.
    """
    runs = list(runs)
    store = None if cache is None else Store(cache)
    known = {run: store.get(run) if store else None for run in runs}
    results = {run: result for run, result in known.items() if result is not None}
    groups = grouped([run for run, result in known.items() if result is None])
    with tqdm(
        total=sum(run.steps for group in groups for run in group.runs),
        desc=_described(groups, len(results)),
        unit="step",
        disable=not progress,
    ) as bar:
        for group, found in _finished(groups, executor, bar.update):
            for run, result in zip(group.runs, found, strict=True):
                results[run] = result
                if store:
                    store.put(run, result)
    return [results[run] for run in runs]


def _described(groups: Sequence[Group], cached: int) -> str:
    batched = sum(len(group.runs) for group in groups if not group.why_serial)
    alone = sum(1 for group in groups if group.why_serial)
    counts = {"batched": batched, "one by one": alone, "cached": cached}
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "no runs"


def _finished(groups: Sequence[Group], executor: Executor | None, advance: Advance) -> Finished:
    """Groups with their results, as they come; whatever is not begun is cancelled at an error."""
    if executor is None:
        for group in groups:
            yield group, group.train(advance)
        return
    tasks = {executor.submit(_arrays, group): group for group in groups}
    try:
        for task in as_completed(tasks):
            advance(sum(run.steps for run in tasks[task].runs))
            yield tasks[task], [from_arrays(arrays) for arrays in task.result()]
    finally:
        for task in tasks:
            task.cancel()


def _arrays(group: Group) -> list[dict[str, np.ndarray]]:
    """What a task of an executor does; arrays, since tensors would cross as shared memory."""
    return [as_arrays(result) for result in group.train()]

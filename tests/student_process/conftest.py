"""One warm parent for all tests here, and a fresh submission for each."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imbal_lab.student_process.submission import Budget, CellRun, Submission, WarmParent

SHORT = Budget(cell=2, call=1, exercise=2, submission=60)


@pytest.fixture(scope="session")
def parent() -> Iterator[WarmParent]:
    with WarmParent() as parent:
        yield parent


@pytest.fixture
def submission(parent: WarmParent) -> Iterator[Submission]:
    with parent.submission(SHORT) as submission:
        yield submission


@pytest.fixture
def run_all() -> Callable[..., list[CellRun]]:
    """``run_all(submission, *sources)``: each cell from the state after the one before."""

    def run(submission: Submission, *sources: str) -> list[CellRun]:
        runs: list[CellRun] = []
        for source in sources:
            state = runs[-1].state if runs else submission.start
            runs.append(submission.run(state, source))
        return runs

    return run


@pytest.fixture
def processes() -> Callable[[], set[int]]:
    """Everything alive that descends from this process, by /proc."""

    def found() -> set[int]:
        parents = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            state, parent, *_ = stat.rpartition(")")[2].split()
            if state != "Z":
                parents[int(name)] = int(parent)
        below = {os.getpid()}
        while more := {child for child, up in parents.items() if up in below} - below:
            below |= more
        return below - {os.getpid()}

    return found

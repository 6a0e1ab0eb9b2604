"""What a worker is given to do. It is light to import, so a worker can begin at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from imbal_lab.grading.judging.graded import Graded, Job
from imbal_lab.grading.judging.warm_parents import warm_parent


def work(job: Job) -> Graded:
    """As `grade_submission`; both this process and its warm parent import torch meanwhile."""
    begin(unsafe=job.unsafe)
    from imbal_lab.grading.judging.grade_submission import grade_submission

    return grade_submission(job)


def begin(*, unsafe: bool, layers: Sequence[str] | None = None) -> None:
    """Have the warm parent started, and wait for nothing. `layers`: what a probe has granted."""
    threading.Thread(target=_start, args=(unsafe, layers), daemon=True).start()


def _start(unsafe: bool, layers: Sequence[str] | None) -> None:
    with suppress(Exception):  # whoever asks for the warm parent next meets it again
        warm_parent(unsafe=unsafe, layers=layers)

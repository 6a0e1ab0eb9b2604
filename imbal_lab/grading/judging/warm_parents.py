"""The one warm parent of this process, from which the students' processes are forked."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence

from imbal_lab.student_process.launcher import WarmParent

_parents: dict[bool, WarmParent] = {}  # by whether it is unsafe
_lock = threading.Lock()


def warm_parent(*, unsafe: bool, layers: Sequence[str] | None = None) -> WarmParent:
    """The parent that all threads share, started when it is first asked for, with those `layers`.

    Raises ConfinementError where students' code cannot be confined here, StartError where it does
    not come up.
    """
    with _lock:
        if unsafe not in _parents:
            _parents[unsafe] = WarmParent(unsafe=unsafe, layers=layers).__enter__()
        return _parents[unsafe]


@atexit.register
def close_warm_parents() -> None:
    """End them, and every student's process with them. The next to ask starts a new one."""
    with _lock:
        while _parents:
            _parents.popitem()[1].__exit__(None, None, None)

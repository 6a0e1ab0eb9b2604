"""The processes below one: which they are, the CPU time they took, and their end.

From /proc, by each process's list of children (Linux with CONFIG_PROC_CHILDREN, as distributions
have it). ``psutil`` finds children by reading every process of the machine, seven times as dear.
"""

import contextlib
import os
import signal
import time
from collections.abc import Collection

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def tree(root: int) -> list[int]:
    """``root`` and all that descend from it, parents first; empty when it has been buried.

    Who forks at that moment may be missing.
    """
    found = [root] if os.path.exists(f"/proc/{root}") else []
    for process in found:
        found += _children(process)  # the loop goes on over what is added
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of ``root``, of all below it, and of those of them that are buried."""
    return sum(_ticks(process) for process in tree(root)) / TICKS


def kill_below(root: int, spare: Collection[int] = ()) -> None:
    """Kill all that descend from ``root``, again until only ``spare`` and the dead are left."""
    pause = 0.001
    while kill_once_below(root, spare):
        time.sleep(pause)  # they take a moment to die
        pause = min(2 * pause, 0.05)


def kill_once_below(root: int, spare: Collection[int] = ()) -> bool:
    """Kill all that are seen below ``root`` but ``spare``; whether there was anybody.

    Nothing is waited for, so who is being forked at this moment may live on.
    """
    living = [p for p in tree(root)[1:] if p not in spare and _lives(p)]
    for process in living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return bool(living)


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/children") as file:
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended
    return found


def _stat(process: int) -> list[str]:
    """The fields of /proc/N/stat after the name, which may hold anything; empty when buried."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _lives(process: int) -> bool:
    return _stat(process)[:1] not in ([], ["Z"], ["X"])


def _ticks(process: int) -> int:
    """Of its own, and of its children that it has buried."""
    return sum(map(int, _stat(process)[11:15]))

"""Limits on one process and its children: memory, files, processes. They cannot be raised again.

``setrlimit(2)``. Memory is RLIMIT_DATA, which gives a clean MemoryError; RLIMIT_AS counts address
space, of which torch reserves far more than it uses. The traps: NPROC counts every task (process
or thread) of the *user* and does not bind root at all, so root must become somebody else first;
DATA counts a process, so children multiply it, and it counts no shared memory (seccomp refuses
that).
"""

import os
import sys
from dataclasses import dataclass, fields

if sys.platform != "win32":
    import resource


@dataclass(frozen=True)
class Limits:
    """Bytes, except where it says number. Raises ValueError for what is not a positive integer.

    memory: private memory of one process, all that it had before included
    file_size: of the largest file; writing beyond it is an OSError
    scratch: all files in scratch together, where namespaces are granted
    open_files: number of file descriptors
    tasks: number of processes and threads at once
    """

    memory: int = 4 * 2**30
    file_size: int = 64 * 2**20
    scratch: int = 256 * 2**20
    open_files: int = 256
    tasks: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or not 0 < value < 2**62:
                raise ValueError(f"{field.name}={value!r}: give an integer from 1 on, below 2**62")


def set_limits(limits: Limits) -> None:
    """Set them for this process and all its children; a limit that was lower stays."""
    chosen = {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.tasks + _tasks_of_user(os.geteuid()),
        resource.RLIMIT_CORE: 0,
    }
    for name, value in chosen.items():
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def _tasks_of_user(user: int) -> int:
    """Processes and threads in sight that the kernel counts for ``user`` already, less this one.

    /proc/N/task is a folder with one folder a task, each of them a link more than two.
    """
    tasks = -1
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            found = os.stat(f"/proc/{name}/task")
        except OSError:  # it has ended
            continue
        tasks += (found.st_nlink - 2) * (found.st_uid == user)
    return max(tasks, 0)

"""Limits: numbers that are checked, set for good, and count the tasks that run already."""

import os
import resource
import threading
from pathlib import Path

import pytest

from imbal_lab.sandbox import Limits
from imbal_lab.sandbox.rlimits import _tasks_of_user, set_limits

FIELDS = ("memory", "file_size", "scratch", "open_files", "tasks")


@pytest.mark.parametrize("bad", [0, -1, 2.5, "1", True, None, 2**62])
@pytest.mark.parametrize("name", FIELDS)
def test_bad_limits_are_named(name, bad):
    with pytest.raises(ValueError, match=rf"{name}={bad!r}: give an integer from 1 on"):
        Limits(**{name: bad})


def test_they_are_set_hard_and_lower_ones_stay(in_child, user):
    def work(_):
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 40))
        set_limits(Limits(memory=2**33, file_size=5, open_files=64))
        names = ("DATA", "FSIZE", "NOFILE", "CORE")
        return [resource.getrlimit(getattr(resource, f"RLIMIT_{n}")) for n in names]

    assert in_child(work, user).value == [[2**33] * 2, [5, 5], [40, 40], [0, 0]]


def tasks_by_status(user):
    """The independent route: what every process says of itself."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            said = dict(line.split(":\t", 1) for line in path.read_text().splitlines())
        except OSError:
            continue
        count += int(said["Threads"]) * (int(said["Uid"].split()[0]) == user)
    return count


def test_tasks_of_the_user_are_counted_with_threads(in_child):
    """As a user whom nobody else is, so that the count does not move."""
    user = os.geteuid() if os.geteuid() else 0x7800_0000 + os.getpid()

    def work(_):
        before = _tasks_of_user(user)
        if os.geteuid() == 0:
            os.setresuid(user, user, user)
        import ctypes

        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable, so that /proc is its own
        stop = threading.Event()
        for _ in range(3):
            threading.Thread(target=stop.wait, daemon=True).start()
        child = os.fork()
        if not child:
            stop.wait()
        found = _tasks_of_user(user) + 1, tasks_by_status(user), before
        os.kill(child, 9)
        os.waitpid(child, 0)
        return found

    ours, theirs, before = in_child(work).value
    assert ours == theirs
    if os.geteuid() == 0:
        assert (ours, before) == (5, 0)

"""Give up what a privileged process has: root becomes a stranger, capabilities become none.

A stranger is a user id without name, files or processes, drawn anew each time. So what belongs to
the course is not the student's, nor is another student's process, and RLIMIT_NPROC, which counts
per user, counts this one alone.

The traps. Groups go first: without root they can no longer be left. After a change of user the
kernel holds the process for a set-user-id program ("not dumpable"): /proc/self belongs to root.
"""

import ctypes
import os
from pathlib import Path

from imbal_lab.sandbox.kernel import libc_call, prctl

STRANGERS = 0x7000_0000  # and 2**24 on: beyond the ranges of users, services and containers
NOBODY = 65534
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION_3 = 0x20080522


def draw_user(uid_map: str | None = None) -> int:
    """The user id to become: our own, or as root a stranger's; ``nobody`` where ids are few.

    ``uid_map`` is /proc/self/uid_map. Raises OSError if root has not even ``nobody`` to become.
    """
    if os.geteuid() != 0:
        return os.geteuid()
    ranges = (Path("/proc/self/uid_map").read_text() if uid_map is None else uid_map).splitlines()
    known = [(int(first), int(count)) for first, _, count in map(str.split, ranges)]
    for user in (STRANGERS + int.from_bytes(os.urandom(3), "big"), NOBODY):
        if any(first <= user < first + count for first, count in known):
            return user
    raise OSError("root has no other user id here: /proc/self/uid_map holds none")


def become(user: int) -> None:
    """Turn from root into ``user``, with the group of the same number, and drop capabilities.

    For who is not root only the capabilities go (they have some in namespaces of their own).
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    drop_capabilities()


def drop_capabilities() -> None:
    """Empty the effective, permitted, inheritable and ambient sets of this thread."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    libc_call("capset", header, (ctypes.c_uint32 * 6)())

"""A view of the machine with nothing in it: network, processes, mounts, messages, names.

``unshare(2)``. Root makes them at once; anybody else first makes a user namespace in which they
may, where the system grants that (some distributions and most containers do not). Who is in one
sees only itself as a user, so nothing outside is gained.

The trap: a process does not enter its new process namespace, its children do. So a child goes on
and the caller stays behind as its keeper (keeper.py).
"""

import os
from pathlib import Path

from imbal_lab.sandbox.kernel import libc_call

MOUNTS, HOST_NAME, MESSAGES, USER, PROCESSES, NETWORK = (
    0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
)  # fmt: skip


def unshare_everything() -> None:
    """New namespaces for this process; the process namespace for its children only.

    Raises OSError where the kernel does not grant them, and if the process has several threads.
    """
    everything = MOUNTS | HOST_NAME | MESSAGES | PROCESSES | NETWORK
    if os.geteuid() == 0:
        libc_call("unshare", everything)
        return
    user, group = os.geteuid(), os.getegid()
    libc_call("unshare", everything | USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")

"""What a running Python reads of the system: its own files, libraries, a few devices."""

import os
import sys
from pathlib import Path

SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/sbin",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
    "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
    "/sys/devices/system/cpu",
)  # fmt: skip


def runtime_paths() -> list[Path]:
    """Those that this user can reach; nothing of a course, unless Python is installed in it."""
    own = (sys.prefix, sys.base_prefix)
    return [Path(path) for path in (*SYSTEM, *own) if os.path.exists(path)]

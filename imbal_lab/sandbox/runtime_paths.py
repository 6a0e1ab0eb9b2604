"""What a running Python reads of the system: its own files, libraries, a few devices."""

import sys
from pathlib import Path

SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/sbin",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
    "/dev/zero", "/dev/random", "/dev/urandom", "/sys/devices/system/cpu",
)  # fmt: skip


def runtime_paths() -> list[Path]:
    """Paths that exist here and hold nothing of a course, unless Python is installed inside it."""
    own = (sys.prefix, sys.base_prefix)
    return [path for path in map(Path, (*SYSTEM, *own)) if path.exists()]

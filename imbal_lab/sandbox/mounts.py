"""A root folder of one's own, in a new mount namespace: what is not listed does not exist.

``mount(2)``, ``mount_setattr(2)`` (Linux 5.12) and ``pivot_root(2)``. The listed paths keep their
names and are read-only, so what Landlock leaves open (permissions, times, sockets by path) is
closed here too; a path in a folder that only root may enter can be reached all the same. Scratch
is a memory disk: many small files cannot exceed its size, and it ends with its last process.

The trap: with the capabilities of its namespaces a process can undo all this; they must go after.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from imbal_lab.sandbox.kernel import libc_call

READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS, BIND = 1, 2, 4, 8, 0x1000
RECURSIVE, PRIVATE, DETACH = 0x4000, 0x40000, 2
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MOST_FILES = 16384


def new_root(scratch: Path, readable: Iterable[Path], size: int, user: int) -> None:
    """See only ``readable``, a new /proc, and ``scratch``: ``size`` bytes in memory, ``user``'s.

    ``scratch`` is an absolute path of a folder. A readable path that is not there, or that this
    user cannot reach, is left out. Raises OSError where the kernel refuses a step.
    """
    group = user if os.geteuid() == 0 else os.getegid()
    _mount("none", Path("/"), None, RECURSIVE | PRIVATE)  # nothing of this is seen outside
    _set_read_only(Path("/"), AT_RECURSIVE)  # the copies below inherit it
    _mount("tmpfs", scratch, "tmpfs", NO_SETUID | NO_DEVICES, "size=1m,mode=755")
    for path in sorted(readable, key=lambda path: len(path.parts)):  # above before below
        _show(path, scratch)
    place = _below(scratch, scratch)
    place.mkdir(parents=True, exist_ok=True)
    own = f"size={size},nr_inodes={MOST_FILES},mode=700,uid={user},gid={group}"
    _mount("tmpfs", place, "tmpfs", NO_SETUID | NO_DEVICES, own)
    _below(scratch, Path("/proc")).mkdir(exist_ok=True)
    _mount(
        "proc",
        _below(scratch, Path("/proc")),
        "proc",
        READ_ONLY | NO_SETUID | NO_DEVICES | NO_PROGRAMS,
    )
    _set_read_only(scratch)
    _enter(scratch)


def _show(path: Path, root: Path) -> None:
    """The file or folder ``path`` under its own name below ``root``, with all mounts in it."""
    place = _below(root, path)
    try:
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            path.stat()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    _mount(str(path), place, None, BIND | RECURSIVE)


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _enter(root: Path) -> None:
    """``root`` becomes /; the old one is put on top of it and taken away (pivot_root(2))."""
    os.chdir(root)
    libc_call("syscall", PIVOT_ROOT[os.uname().machine], b".", b".")
    libc_call("umount2", b".", DETACH)
    os.chdir("/")


def _mount(what: str, where: Path, kind: str | None, flags: int, options: str = "") -> None:
    name = None if kind is None else kind.encode()
    libc_call("mount", os.fsencode(what), os.fsencode(where), name, flags, options.encode())


def _set_read_only(where: Path, flags: int = 0) -> None:
    """And without set-user-id. The structure's first field is what to set, the others stay 0."""
    attributes = (ctypes.c_uint64 * 4)(READ_ONLY | NO_SETUID)
    size = ctypes.sizeof(attributes)
    libc_call("syscall", MOUNT_SETATTR, AT_FDCWD, os.fsencode(where), flags, attributes, size)

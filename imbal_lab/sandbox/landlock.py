"""Landlock: which files this process may read and change, and no TCP, no signals to the outside.

Linux 5.13, three system calls (https://docs.kernel.org/userspace-api/landlock.html). Whatever is
not allowed below a listed path is refused with EACCES (a link or rename across: EXDEV). Inherited
by children, kept over exec, never undone.

The traps. Files that are open already stay open. It binds one thread. It does not look at
permissions, times and owners of files (seccomp refuses those), nor before ABI 3 at emptying a file.

A file of our own, because the packages on PyPI are young: the best known stops at files, and knows
neither TCP nor signals.
"""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from imbal_lab.sandbox.kernel import libc_call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = (1 << b for b in range(6, 12))
MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(12, 16))

ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READING = EXECUTE | READ_FILE | READ_DIR
NOT_IN_SCRATCH = MAKE_CHAR | MAKE_BLOCK | MAKE_SOCK | IOCTL_DEV
TCP = 0b11  # bind, connect
OUTSIDE = 0b11  # abstract unix sockets, signals


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi_version() -> int:
    """What the kernel's Landlock knows, from 1 on; 0 where there is none."""
    try:
        return libc_call("syscall", CREATE_RULESET, None, 0, VERSION)
    except OSError:
        return 0


def restrict(scratch: Path, readable: Sequence[Path], abi: int | None = None) -> None:
    """From now on: all below ``scratch``, reading below ``readable``, /dev/null, nothing else.

    A readable path may be a folder or a file; one that does not exist, or that this user cannot
    reach, allows nothing. ``abi`` is the kernel's unless a lower one is asked for. Raises OSError
    where there is no Landlock, without ``no_new_privs``, and if ``scratch`` cannot be opened.
    """
    abi = abi_version() if abi is None else abi
    handled = _file_rights(abi)
    ruleset = _new_ruleset(abi, handled)
    try:
        _allow(ruleset, scratch, handled & ~NOT_IN_SCRATCH)
        _allow_if_there(ruleset, Path("/dev/null"), READ_FILE | WRITE_FILE)
        for path in readable:
            _allow_if_there(ruleset, path, READING)
        libc_call("syscall", RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _file_rights(abi: int) -> int:
    """All file rights that a kernel with this ABI knows."""
    known = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
    return (1 << known) - 1


def _new_ruleset(abi: int, handled: int) -> int:
    """Its descriptor; an older kernel gets the shorter structure that it knows."""
    length = 1 + (abi >= 4) + (abi >= 6)
    attributes = (ctypes.c_uint64 * 3)(handled, TCP, OUTSIDE)
    return libc_call("syscall", CREATE_RULESET, attributes, 8 * length, 0)


def _allow_if_there(ruleset: int, path: Path, rights: int) -> None:
    try:
        _allow(ruleset, path, rights)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return


def _allow(ruleset: int, path: Path, rights: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not path.is_dir():
            rights &= ON_FILES
        rule = _PathBeneath(rights, parent)
        libc_call("syscall", ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)

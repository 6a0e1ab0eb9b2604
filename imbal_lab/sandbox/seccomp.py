"""seccomp: a small program in the kernel looks at every system call and refuses those on a list.

``prctl(PR_SET_SECCOMP)`` with classic BPF (seccomp(2)). A refused call fails with EPERM, as for a
user without the right. Inherited by children, kept over exec, never undone.

The traps. Numbers differ by architecture, and a process can call in another one's: that ends it.
A list of what is refused says nothing about calls invented later: those fail as if missing, and so
does the x32 way of calling, whose numbers are above all others. The filter sees no memory, hence
``clone3``, whose flags are behind a pointer, is missing too; the C library then takes ``clone``.

A file of our own, because ``pyseccomp`` wants a C library of the system's, and a list of numbers
is what one can review.
"""

import ctypes
import errno
import platform
from collections.abc import Iterator
from typing import NamedTuple

from imbal_lab.sandbox.kernel import prctl
from imbal_lab.sandbox.system_calls import CONDITIONAL, NEWEST, NUMBERS

PR_SET_SECCOMP, FILTER = 22, 2
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, audit name

LOAD, AND, EQUAL, GREATER, RETURN = 0x20, 0x54, 0x15, 0x25, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # places in struct seccomp_data
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000

NEW_NAMESPACES = 0x7E02_0000  # mounts, cgroups, host name, messages, user, processes, network
TYPE_INTO_TERMINAL, TERMINAL_SELECTION = 0x5412, 0x541C
SHARED_WITHOUT_FILE, MAP_TYPE_AND_ANONYMOUS = 0x21, 0x2F

Statement = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


class Condition(NamedTuple):
    """``argument & mask == value`` is refused; with ``unless``, everything else is."""

    call: str
    argument: int
    mask: int
    value: int
    unless: bool = False


CONDITIONS = (
    Condition("clone", 0, NEW_NAMESPACES, 0, unless=True),
    Condition("ioctl", 1, 0xFFFF_FFFF, TYPE_INTO_TERMINAL),
    Condition("ioctl", 1, 0xFFFF_FFFF, TERMINAL_SELECTION),
    Condition("mmap", 3, MAP_TYPE_AND_ANONYMOUS, SHARED_WITHOUT_FILE),
    Condition("prlimit64", 0, 0xFFFF_FFFF, 0, unless=True),  # another process's limits
)


def refuse_system_calls() -> None:
    """Install the filter for this thread and its children.

    Raises OSError where the kernel does not take it, without ``no_new_privs``, and on an
    architecture for which there is no list.
    """
    statements = program(platform.machine())
    code = (_Statement * len(statements))(*(_Statement(*parts) for parts in statements))
    prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(_Program(len(statements), code)))


def program(machine: str) -> list[Statement]:
    """The filter for ``machine``, as ``platform.machine()`` names it."""
    if machine not in ARCHITECTURES:
        raise OSError(f"no list of system calls for {machine!r}, only for {list(ARCHITECTURES)}")
    column, audit_name = ARCHITECTURES[machine]
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, audit_name),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        *_fail_if(GREATER, NEWEST, errno.ENOSYS),
        *_fail_if(EQUAL, CONDITIONAL["clone3"][column], errno.ENOSYS),
        *_refused(column),
        *(part for condition in CONDITIONS for part in _conditional(condition, column)),
        (RETURN, 0, 0, ALLOW),
    ]


def _refused(column: int) -> Iterator[Statement]:
    for numbers in NUMBERS.values():
        number = numbers[column]
        if number is not None:
            yield from _fail_if(EQUAL, number, errno.EPERM)


def _conditional(condition: Condition, column: int) -> Iterator[Statement]:
    """Jumps over itself for other calls, and leaves the call's number loaded as it found it."""
    refused, passed = (1, 0) if condition.unless else (0, 1)
    yield EQUAL, 0, 5, CONDITIONAL[condition.call][column]
    yield LOAD, 0, 0, ARGUMENTS + 8 * condition.argument  # the low half, on both architectures
    yield AND, 0, 0, condition.mask
    yield EQUAL, refused, passed, condition.value
    yield RETURN, 0, 0, FAIL | errno.EPERM
    yield LOAD, 0, 0, NUMBER


def _fail_if(test: int, number: int, error: int) -> list[Statement]:
    return [(test, 0, 1, number), (RETURN, 0, 0, FAIL | error)]


class _Statement(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("constant", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("statements", ctypes.POINTER(_Statement)))

"""Calls into the C library and the kernel that Python has no function for."""

import ctypes
import os
from functools import cache
from typing import Any


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def libc_call(name: str, *arguments: Any) -> int:
    """``name(*arguments)`` of the C library; integers go as C longs, bytes and None as pointers.

    Raises OSError, with the call's name, where it returns -1.
    """
    function = getattr(_libc(), name)
    function.restype = ctypes.c_long if name == "syscall" else ctypes.c_int
    result = function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    return int(result)


def prctl(option: int, *arguments: Any) -> int:
    """``prctl`` with its five arguments; those not given are 0, as the kernel asks for."""
    return libc_call("prctl", option, *arguments, *[0] * (4 - len(arguments)))

"""What a running Python reads of the system: its own files, libraries, a few devices."""

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
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


def visible(readable: Sequence[Path], hidden: Sequence[Path]) -> list[Path]:
    """``runtime_paths()`` and ``readable``, but for what is ``hidden`` in them.

    A folder around a hidden one is replaced by everything else in it.
    """
    places = (*runtime_paths(), *readable)
    return without(places, tuple(path.resolve() for path in hidden)) if hidden else list(places)


@cache
def without(places: tuple[Path, ...], hidden: tuple[Path, ...]) -> list[Path]:
    """Looked up once for all forks: it reads the folders on the way."""
    return [part for place in places for part in _around(place, hidden)]


def _around(place: Path, hidden: tuple[Path, ...]) -> Iterator[Path]:
    real = place.resolve()
    if any(real.is_relative_to(one) for one in hidden):
        return
    if not any(one.is_relative_to(real) for one in hidden):
        yield place
    elif not place.parent.resolve().is_relative_to(real):  # else a link back up, without an end
        for child in sorted(place.iterdir()):
            yield from _around(child, hidden)

"""When students' code is not run at all: files, network and limits must each be confined."""

import os
from collections.abc import Collection

from imbal_lab.sandbox.landlock import abi_version

LAYERS = (
    "namespaces", "unprivileged", "rlimits", "no_new_privs", "landlock", "seccomp", "bubblewrap",
)  # fmt: skip


class ConfinementError(RuntimeError):
    """The layers given, or granted here, leave files, network or limits open; says which."""


def check_names(layers: Collection[str]) -> None:
    """Raise ValueError for a layer that does not exist."""
    if isinstance(layers, str) or not set(layers) <= set(LAYERS):
        raise ValueError(f"layers={layers!r}: give a collection of some of {', '.join(LAYERS)}")


def left_open(layers: Collection[str], *, root: bool, abi: int) -> list[str]:
    """Which of "files", "network" and "limits" these layers do not confine.

    ``root``: whether the process starts as root; ``abi``: of the kernel's Landlock. A layer that
    does not hold without another counts as absent: with the capabilities of its namespaces a
    process could undo them, and Landlock and seccomp ask for ``no_new_privs``. Landlock leaves
    permissions of one's own files, and before ABI 3 their content, to be changed: seccomp must
    stop that, or a user who owns none.
    """
    has = set(layers)
    has -= set() if "no_new_privs" in has else {"landlock", "seccomp"}
    has -= set() if "unprivileged" in has else {"namespaces"}
    stranger = root and "unprivileged" in has
    landlock = "landlock" in has and (stranger or (abi >= 3 and "seccomp" in has))
    confined = {
        "files": landlock or bool(has & {"bubblewrap", "namespaces"}),
        "network": bool(has & {"bubblewrap", "namespaces", "seccomp"}),
        "limits": "rlimits" in has and (stranger or not root),
    }
    return [what for what, holds in confined.items() if not holds]


def why_refused(layers: Collection[str]) -> str | None:
    """One sentence if a process started now with these layers would not be confined, else None."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    missing = left_open(layers, root=root, abi=abi_version() if "landlock" in layers else 0)
    if not missing:
        return None
    return (
        f"students' code cannot be confined here ({', '.join(missing)} would stay open): "
        "grade on Linux 6.2 or later, on Windows in WSL2, on a Mac in a Linux container; "
        "only your own notebooks may be run unsafe"
    )

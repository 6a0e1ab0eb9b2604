"""bubblewrap, the other launcher: a program starts where only the listed paths exist.

Debian's package `bubblewrap`, the program `bwrap`. It makes the namespaces itself, so it serves
where the kernel has no Landlock and Python's process cannot make them. What it starts still calls
``confine(scratch, IN_BUBBLEWRAP)`` for the rest.

The trap: started by root, the program is root until it has become somebody else in ``confine``; so
it gets the rights to do that, and no others.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from imbal_lab.sandbox.runtime_paths import visible

IN_BUBBLEWRAP = ("unprivileged", "rlimits", "no_new_privs", "seccomp", "bubblewrap")
TO_BECOME_SOMEBODY = (
    "--cap-add",
    "CAP_SETUID",
    "--cap-add",
    "CAP_SETGID",
    "--cap-add",
    "CAP_CHOWN",
)


def bubblewrap_command(
    program: Sequence[str],
    scratch: Path,
    readable: Sequence[Path] = (),
    hidden: Sequence[Path] = (),
) -> list[str]:
    """The command that runs ``program`` in ``scratch``, with ``readable`` and Python in sight.

    What is ``hidden`` in these is not; /tmp is a megabyte of memory. ``scratch`` exists and belongs
    to the user who starts it; it stays an ordinary folder. Raises FileNotFoundError if bubblewrap
    is not installed.
    """
    launcher = shutil.which("bwrap")
    if launcher is None:
        raise FileNotFoundError("bwrap: not found; apt-get install bubblewrap, or its like")
    place = str(scratch.resolve())
    shown = [str(path) for path in _without_devices(visible(readable, hidden))]
    as_root = os.geteuid() == 0
    return [
        launcher,
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *(TO_BECOME_SOMEBODY if as_root else ("--unshare-user",)),
        *("--proc", "/proc", "--dev", "/dev", "--size", "1048576", "--tmpfs", "/tmp"),
        *(part for path in shown for part in ("--ro-bind", path, path)),
        *("--bind", place, place, "--chdir", place),
        *("--", *program),
    ]


def inside_bubblewrap() -> bool:
    """Whether the root folder of this process is one that bubblewrap made."""
    mounts = Path("/proc/self/mountinfo")
    return mounts.exists() and " /newroot / " in mounts.read_text()


def _without_devices(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if not path.is_relative_to("/dev")]

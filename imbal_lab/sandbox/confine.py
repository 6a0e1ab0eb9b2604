"""Confine the calling process, layer by layer, in the one order that works.

Namespaces first, while there are rights to make them; then away with the rights; limits after the
change of user, for they count per user; ``no_new_privs`` before Landlock and seccomp, which ask for
it; seccomp last, because it refuses calls that the others need.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from imbal_lab.sandbox import keeper, landlock
from imbal_lab.sandbox.bubblewrap import inside_bubblewrap
from imbal_lab.sandbox.descriptors import close_descriptors
from imbal_lab.sandbox.mounts import new_root
from imbal_lab.sandbox.namespaces import unshare_everything
from imbal_lab.sandbox.no_new_privs import set_no_new_privs
from imbal_lab.sandbox.requirements import ConfinementError, check_names, why_refused
from imbal_lab.sandbox.rlimits import Limits, set_limits
from imbal_lab.sandbox.runtime_paths import visible
from imbal_lab.sandbox.seccomp import refuse_system_calls
from imbal_lab.sandbox.unprivileged import become, draw_user

STANDARD_STREAMS = (0, 1, 2)


def confine(
    scratch: Path,
    layers: Collection[str],
    *,
    readable: Sequence[Path] = (),
    hidden: Sequence[Path] = (),
    limits: Limits | None = None,
    keep: Sequence[int] = STANDARD_STREAMS,
    unsafe: bool = False,
) -> None:
    """Confine this process and its children for good; on return it stands in ``scratch``.

    ``scratch`` is an empty folder, the one place to write. ``readable`` files and folders can be
    read beside those of Python and the system, ``hidden`` ones in any of these cannot. ``keep`` are
    the file descriptors that stay open: what they lead to is not confined. ``layers`` are applied
    all or an error is raised; take those that ``granted(probe())`` found.

    With the layer "namespaces" this forks, and returns in a grandchild with another process id.
    The caller waits and ends as the grandchild does, with 128 + N after signal N; kill it, and all
    inside are killed. As root, scratch is then the stranger's.

    Call it in a process of its own, forked for it, with one thread; it gets a new session. Raises
    ConfinementError if files, network or limits would stay open and ``unsafe`` is not set,
    ValueError for a scratch that is no empty folder or an unknown layer, RuntimeError for more than
    one thread, OSError for a layer that the kernel refuses. After an error end the process: it may
    be half confined.
    """
    _check(scratch, layers, unsafe)
    if not layers:
        os.chdir(scratch)
        return
    limits = Limits() if limits is None else limits
    scratch = scratch.resolve()
    close_descriptors(keep)
    user = draw_user() if "unprivileged" in layers else os.geteuid()
    readable = visible(readable, hidden)
    if "namespaces" not in layers:
        if os.getpgrp() != os.getpid():  # else it leads a group already, and cannot leave it
            os.setsid()
        _apply(scratch, user, layers, readable, limits)
        return
    unshare_everything()
    line = keeper.leave_keeper()
    new_root(scratch, readable, limits.scratch, user)
    _apply(scratch, user, layers, [*readable, Path("/proc")], limits, line)


def _apply(
    scratch: Path,
    user: int,
    layers: Collection[str],
    readable: Sequence[Path],
    limits: Limits,
    line: int | None = None,
) -> None:
    """All layers but the namespaces; with ``line``, as the first process in them."""
    os.chdir(scratch)
    if user != os.geteuid() and line is None:
        os.chown(scratch, user, user)
    if "unprivileged" in layers:
        become(user)
    if "rlimits" in layers:
        set_limits(limits)
    if "no_new_privs" in layers:
        set_no_new_privs()
    if "landlock" in layers:
        landlock.restrict(scratch, readable)
    if line is not None:
        keeper.die_with_keeper(line)
    if "seccomp" in layers:
        refuse_system_calls()
    if line is not None:
        keeper.leave_first_process()


def _check(scratch: Path, layers: Collection[str], unsafe: bool) -> None:
    check_names(layers)
    refused = why_refused(layers)
    if refused and not unsafe:
        raise ConfinementError(refused)
    if "bubblewrap" in layers and not inside_bubblewrap():
        raise ConfinementError("layers: 'bubblewrap' is given, but bubblewrap did not start this")
    if not scratch.is_dir() or any(scratch.iterdir()):
        raise ValueError(f"scratch={str(scratch)!r}: give an existing, empty folder")
    threads = len(os.listdir("/proc/self/task")) if layers else 1
    if threads > 1:
        raise RuntimeError(f"{threads} threads: confine binds one; fork first, then call it")

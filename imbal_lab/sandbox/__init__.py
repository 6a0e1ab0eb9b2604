"""Confinement of students' code on Linux: what a process may still do once it is confined.

A grader forks a process, calls :func:`confine` in it, and only then runs the student's cells.

>>> from imbal_lab.sandbox import confine, granted, probe, why_refused
>>> grants = probe()                  # each layer tried in a throw-away process
>>> [grant.layer for grant in grants]
['namespaces', 'unprivileged', 'rlimits', 'no_new_privs', 'landlock', 'seccomp', 'bubblewrap']
>>> reason = why_refused(granted(grants))  # None, or the sentence why nobody is graded here

What each layer stops
---------------------
Every layer stands in one file, here in the order of application. With root's rights, or those of
its own namespaces, a process could undo the first; Landlock and seccomp ask for ``no_new_privs``.
So some count only together, and :func:`why_refused` knows which.

``namespaces``       No network, no process outside in sight or within reach of a signal, own
                     messages and host name. Of the files only the listed ones exist, read-only;
                     scratch is a memory disk of limited size. When the keeper, the process left
                     behind outside, ends or is killed, the kernel kills all that is inside.
``unprivileged``     Root becomes a user id of its own, one in sixteen million, that owns no file
                     and no other process. Nobody keeps a capability.
``rlimits``          Memory of a process (a MemoryError, not a dead machine), size of a file, open
                     files, processes and threads, core dumps. None can be raised again.
``no_new_privs``     A set-user-id program gives no rights; holds after exec and for ever.
``landlock``         Files: reading below the listed paths, everything in scratch, nothing else.
                     TCP from ABI 4 (kernel 6.7); from ABI 6 (6.12) signals and abstract sockets to
                     the outside. ABI 1 and 2 (before 6.2) let files outside be emptied: there it
                     counts only beside a change of user.
``seccomp``          Sockets of every kind, looking into other processes, mounts, new namespaces,
                     loading code into the kernel; permissions and times of files, which Landlock
                     leaves open; shared memory, which no rlimit counts. Calls of another
                     architecture end the process, calls newer than the list do not exist.
``bubblewrap``       The other launcher: the listed paths alone exist. It takes the place of
                     ``namespaces`` and ``landlock`` where they are not to be had.

Files, network and limits must be confined, or :func:`confine` raises :class:`ConfinementError`,
unless it is told ``unsafe=True``.

What no layer stops: side channels (timing, load); bugs of the kernel; using all that a limit
allows, which for memory is the limit times the number of tasks; and anything that is in the
process already when it is confined: its memory, its environment, and the file descriptors that it
is told to keep. Signals to one's own processes outside are stopped by ``namespaces``, by a change
of user, or by Landlock from ABI 6; nothing is refused for want of all three.

Cost: a few milliseconds, with ``namespaces`` some tens, because that forks twice more
(``tests/benchmarks/bench_confine.py``). A parent that has imported torch calls ``gc.freeze()``
first, or a collection in the child copies the parent's memory.
"""

from imbal_lab.sandbox.bubblewrap import bubblewrap_command
from imbal_lab.sandbox.confine import confine
from imbal_lab.sandbox.probe import Grant, granted, probe
from imbal_lab.sandbox.requirements import ConfinementError, why_refused
from imbal_lab.sandbox.rlimits import Limits

__all__ = [
    "ConfinementError",
    "Grant",
    "Limits",
    "bubblewrap_command",
    "confine",
    "granted",
    "probe",
    "why_refused",
]

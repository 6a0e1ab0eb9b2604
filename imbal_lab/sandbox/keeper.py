"""The two processes around a confined one where it has a process namespace of its own.

The *keeper* is the process that asked: it stays outside, waits, and ends as the confined process
ended. The *first process* (number 1 inside) buries orphans. If either of them ends, the kernel
kills every process inside, so nothing is left behind however hard somebody tries to hide.

Ended by signal N reads as exit code 128 + N.
"""

import os
import select
import signal
from typing import NoReturn

from imbal_lab.sandbox.descriptors import close_descriptors
from imbal_lab.sandbox.kernel import prctl

PR_SET_PDEATHSIG = 1


def leave_keeper() -> int:
    """Fork: the caller becomes the keeper and never returns, the child is the first process.

    Returns what :func:`die_with_keeper` wants.
    """
    line, held = os.pipe()
    child = _fork()
    if child:
        _wait_and_exit(child, held)
    os.close(held)
    os.setsid()
    return line


def die_with_keeper(line: int) -> None:
    """Be killed when the keeper ends. Call it after the last change of user, which forgets it."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    ended_already, _, _ = select.select([line], [], [], 0)
    if ended_already:
        os._exit(1)
    os.close(line)


def leave_first_process() -> None:
    """Fork again: the caller stays as the first process, the child goes on as an ordinary one."""
    child = _fork()
    if child:
        _wait_and_exit(child)


def _fork() -> int:
    """As ``os.fork``, but in the parent, from before the fork on, SIGINT raises no exception.

    A Ctrl-C, or a signal from inside, would otherwise bring the one who waits back to the caller's
    code, which is not confined.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    child = os.fork()
    if not child and handler is not None:  # None: somebody else's than Python's
        signal.signal(signal.SIGINT, handler)
    return child


def _wait_and_exit(child: int, *held: int) -> NoReturn:
    """Bury every child; exit as ``child`` did when it is among them. No way out but the exit.

    All but ``held`` is closed first: a pipe ends only when nobody holds it any more.
    """
    code = 1
    try:
        close_descriptors(held)
        while True:
            ended, status = os.wait()
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                code = 128 - code if code < 0 else code
                break
    finally:
        os._exit(code)

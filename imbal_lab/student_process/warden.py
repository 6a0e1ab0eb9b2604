"""The warden of one submission: everything that its processes leave behind ends with it.

An unconfined process that runs nobody's code. Below it stands the start state, confined; orphans
come to it. When the grader lets go of the lifeline (closes it, or is killed), or the start state
has ended, it kills all that is left below it, buries them and ends.
"""

import os
import select
import tempfile
from pathlib import Path
from typing import NoReturn

from imbal_lab.sandbox import Limits, confine
from imbal_lab.sandbox.descriptors import close_descriptors
from imbal_lab.sandbox.kernel import prctl
from imbal_lab.student_process.connection import Connection
from imbal_lab.student_process.process_tree import kill_below
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.shell import StudentShell
from imbal_lab.student_process.state import State

PR_SET_CHILD_SUBREAPER = 36
ROUND = 1000  # milliseconds between two burials


def guard(order: Message, line: int, lifeline: int) -> NoReturn:
    """Be the warden of the submission that ``order`` describes; its state speaks on ``line``."""
    try:
        os.setsid()
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        close_descriptors((0, 1, 2, line, lifeline))
        start = os.fork()
        if not start:
            os.close(lifeline)
            be_the_start(order, line)
        os.close(line)
        wait_for_the_end(start, lifeline)
    finally:
        kill_below(os.getpid())
        bury_all()
        os._exit(0)


def wait_for_the_end(start: int, lifeline: int) -> None:
    """Bury orphans until the grader lets go or the start state has ended."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(os.pidfd_open(start), select.POLLIN)
    while not poll.poll(ROUND):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def bury_all() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def be_the_start(order: Message, line: int) -> NoReturn:
    """Confine this process and serve; where that fails, say why and end."""
    speaker = Connection(line)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    try:
        scratch = Path(order["scratch"])
        confine(
            scratch,
            order["layers"],
            readable=[Path(path) for path in order["readable"]],
            hidden=[Path(path) for path in order["hidden"]],
            limits=Limits(**order["limits"]),
            keep=(0, 1, 2, line),
            unsafe=order["unsafe"],
        )
        os.environ.update(HOME=str(scratch), TMPDIR=str(scratch))
        tempfile.tempdir = None  # what was found before is not there any more
    except BaseException as error:
        speaker.send({"failed": f"{type(error).__name__}: {error}"[:1000]})
        os._exit(1)
    State(speaker, StudentShell.instance()).serve()

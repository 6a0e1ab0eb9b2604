"""A state of a student's notebook: a process that waits for orders and never changes by itself.

Orders are: "fork", another state that goes on from here, at the end of the socket that comes with
it; "cell" and "call", which are given to such a fork; and "nothing", to hear it. It ends with its
line. All this runs after the student's code: what it says is checked on the other side.
"""

import contextlib
import os
import signal
import sys
import warnings
from typing import NoReturn

from imbal_lab.student_process.answer import answer
from imbal_lab.student_process.connection import Connection
from imbal_lab.student_process.outputs import encode_outputs
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.shell import StudentShell
from imbal_lab.student_process.threads import renew_pools, wait_for_threads

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class State:
    """What this process is, from its fork on."""

    def __init__(self, line: Connection, shell: StudentShell) -> None:
        self.line, self.shell = line, shell

    def serve(self) -> NoReturn:
        """Obey until the line ends, which is the end of this process too."""
        try:
            wait_quietly()
            self.line.send({"hello": 0})
            while True:
                self.obey(*self.line.receive())
        finally:
            os._exit(0)

    def obey(self, order: Message, blobs: list[bytes], descriptors: list[int]) -> None:
        bury_children()
        match order["do"]:
            case "fork":
                self.fork(descriptors[0])
            case "cell":
                self.cell(order)
            case "call":
                self.call(order, blobs)
            case "nothing":
                self.line.send({"n": order["n"]})

    def fork(self, descriptor: int) -> None:
        """The child is a state of its own, with its own line and process group."""
        try:
            child = os.fork()
        except OSError:  # too many processes, or no memory: the line ends, which says so
            os.close(descriptor)
            return
        if child:
            os.close(descriptor)
            return
        os.setpgid(0, 0)
        self.line.close()
        self.line = Connection(descriptor)
        self.line.send({"hello": 0})

    def cell(self, order: Message) -> None:
        listen()
        ended, outputs = self.shell.run(order["source"])
        alone = wait_for_threads()
        wait_quietly()
        if not alone:
            self.leave_threads_behind()
        blobs: list[bytes] = []
        said = encode_outputs(outputs.found, blobs)
        self.line.send({"n": order["n"], "ended": ended, "outputs": said}, blobs)

    def call(self, order: Message, blobs: list[bytes]) -> None:
        listen()
        message, results = answer(order, blobs, self.shell.user_ns)
        wait_quietly()
        self.line.send(message | {"n": order["n"]}, results)

    def leave_threads_behind(self) -> None:
        """Go on in a fork, which has this thread only. The grader hears who it is talking to."""
        told, tell = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child:
            os.close(tell)
            os.read(told, 1)  # else the grader may see this end before it hears
            os._exit(0)
        self.line.send({"moved": 0})
        os.close(told)
        os.close(tell)
        renew_pools()


def wait_quietly() -> None:
    """No timer, no tracing, and no signal that can be kept off, disturbs a state that waits."""
    sys.settrace(None)
    sys.setprofile(None)
    for timer in TIMERS:
        signal.setitimer(timer, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def listen() -> None:
    """Signals arrive again."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def bury_children() -> None:
    """All that have ended, the student's own too: each still counts against the limit of tasks."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass

"""A state of a student's notebook: a process that waits for orders and never changes by itself.

Orders are: "fork", another state that goes on from here, at the end of the socket that comes with
it; "cell" and "call", which are given to such a fork; and "end". Everything here runs in the
student's process, after the student's code: what it says is checked on the other side.
"""

import os
import signal
from typing import NoReturn

from imbal_lab.student_process.answer import answer
from imbal_lab.student_process.connection import Connection
from imbal_lab.student_process.outputs import encode_outputs
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.shell import StudentShell

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class State:
    """What this process is, from its fork on."""

    def __init__(self, line: Connection, shell: StudentShell) -> None:
        self.line, self.shell = line, shell
        self.children: list[int] = []

    def serve(self) -> NoReturn:
        """Obey until the line ends, which is the end of this process too."""
        code = 1
        try:
            deaf()
            self.line.send({"hello": 0})
            while True:
                self.obey(*self.line.receive())
        except EOFError:
            code = 0
        finally:
            os._exit(code)

    def obey(self, order: Message, blobs: list[bytes], descriptors: list[int]) -> None:
        self.children = [child for child in self.children if not ended(child)]
        match order["do"]:
            case "fork":
                self.fork(descriptors[0])
            case "cell":
                self.cell(order)
            case "call":
                self.call(order, blobs)
            case _:
                raise EOFError

    def fork(self, descriptor: int) -> None:
        """The child is a state of its own, with its own line and process group."""
        child = os.fork()
        if child:
            os.close(descriptor)
            self.children.append(child)
            return
        os.setpgid(0, 0)
        self.line.close()
        self.line, self.children = Connection(descriptor), []
        self.line.send({"hello": 0})

    def cell(self, order: Message) -> None:
        hearing()
        ended, outputs = self.shell.run(order["source"])
        deaf()
        blobs: list[bytes] = []
        said = encode_outputs(outputs.found, blobs)
        self.line.send({"n": order["n"], "ended": ended, "outputs": said}, blobs)

    def call(self, order: Message, blobs: list[bytes]) -> None:
        hearing()
        message, results = answer(order, blobs, self.shell.user_ns)
        deaf()
        self.line.send(message | {"n": order["n"]}, results)


def deaf() -> None:
    """No timer, and no signal that can be kept off, disturbs a state that waits."""
    for timer in TIMERS:
        signal.setitimer(timer, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def hearing() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def ended(child: int) -> bool:
    """Whether it has, and it is buried now."""
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:  # the student's code has done it
        return True

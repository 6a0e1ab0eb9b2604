"""The process that is a warm parent, as the grader sees it: executed, asked, ended."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from imbal_lab.sandbox import bubblewrap_command
from imbal_lab.student_process.connection import Connection
from imbal_lab.student_process.protocol import Message

PROGRAM = """
import sys
sys.path[:] = {path!r}
from imbal_lab.student_process.warm_parent import main
main({descriptor})
"""
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "LANG": "C.UTF-8",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # see huge_pages
}
KEPT = ("PATH", "HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR")  # where matplotlib's list of fonts is
IN_MEMORY = {"HOME": "/tmp", "IPYTHONDIR": "/tmp/ipython", "MPLCONFIGDIR": "/tmp"}


class StartError(RuntimeError):
    """A process for students' code could not be started; says why."""


@dataclass(frozen=True)
class Place:
    """Where a submission runs: its warden, a descriptor that tells its end, its scratch folder.

    ``alone`` is the warm parent that was started for this submission only, if there is one.
    """

    warden: int
    ending: int
    scratch: Path
    alone: "ParentProcess | None" = None


class ParentProcess:
    """Executed in ``folder``, with ``path`` to import from; in bubblewrap with a ``scratch``.

    ``settings`` say how students' code is confined. Raises StartError if it does not come up with
    one thread.
    """

    def __init__(
        self, folder: Path, path: list[str], settings: Message, scratch: Path | None = None
    ) -> None:
        self.folder = folder
        here, there = socket.socketpair()
        self._line = Connection(here.detach())
        with there, (folder / "errors").open("wb") as errors:
            program = PROGRAM.format(path=path, descriptor=there.fileno())
            command = [sys.executable, "-I", "-S", "-B", "-c", program]
            environment = {name: os.environ[name] for name in KEPT if name in os.environ}
            environment |= ENVIRONMENT | {"IPYTHONDIR": str(folder / "ipython")}
            if scratch is not None:
                command = _wrapped(command, scratch, settings)
                environment |= IN_MEMORY
            self._process = _execute(command, folder, environment, there.fileno(), errors)
        try:
            ready, _ = self._ask(settings)
            if ready["threads"] != 1:
                raise StartError(f"the warm parent has {ready['threads']} threads, not one")
        except BaseException:
            self.stop()
            raise
        self.layers = tuple(ready["layers"])

    @property
    def id(self) -> int:
        """Of the process; in bubblewrap, of that."""
        return self._process.pid

    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def place(self, scratch: Path, line: int, lifeline: int) -> Place:
        """A start state that speaks on ``line`` and ends with ``lifeline``. Raises StartError."""
        _, (ending,) = self._ask({"scratch": str(scratch)}, [line, lifeline])
        return Place(_process_of(ending), ending, scratch)

    def stop(self) -> None:
        """End it, after the submissions that it placed."""
        self._line.close()
        self._process.wait()

    def _ask(self, order: Message, hand: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        try:
            self._line.send(order, hand=hand)
            answer, _, descriptors = self._line.receive()
        except (EOFError, OSError):
            raise StartError(f"the warm parent ended: {self._last_words()}") from None
        return answer, descriptors

    def _last_words(self) -> str:
        lines = (self.folder / "errors").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _wrapped(command: list[str], scratch: Path, settings: Message) -> list[str]:
    readable, hidden = (list(map(Path, settings[name])) for name in ("readable", "hidden"))
    return bubblewrap_command(command, scratch, readable, hidden)


def _execute(
    command: list[str], folder: Path, environment: dict[str, str], line: int, errors: IO[bytes]
) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        cwd=folder,
        env=environment,
        pass_fds=(line,),
        start_new_session=True,  # a Ctrl-C here is not theirs
    )


def _process_of(descriptor: int) -> int:
    """The id, as it is here, of the process that a pidfd stands for."""
    with open(f"/proc/self/fdinfo/{descriptor}") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))

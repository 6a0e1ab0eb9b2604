"""Starts and ends a warm parent, and has it place the processes of each submission."""

from __future__ import annotations

import os
import platform
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from imbal_lab.sandbox import ConfinementError, Limits, why_refused
from imbal_lab.student_process.budget import Budget
from imbal_lab.student_process.connection import Connection
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.removal import remove
from imbal_lab.student_process.stage import PACKAGE, import_path, make_stage

if TYPE_CHECKING:
    from imbal_lab.student_process.submission import Submission

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
    "JOBLIB_MULTIPROCESSING": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "LANG": "C.UTF-8",
}
BUBBLEWRAP = (
    "students' code could be confined by bubblewrap only, which starts programs and cannot confine "
    "a grader's forks: grade on Linux 6.2 or later with Landlock, or let users make namespaces"
)
KEPT = ("PATH", "HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR")  # where matplotlib's list of fonts is


ENDING = 30.0  # seconds


class StartError(RuntimeError):
    """A process for students' code could not be started; says why."""


@dataclass(frozen=True)
class Place:
    """Where a submission runs: its warden, a descriptor that tells its end, its scratch folder."""

    warden: int
    ending: int
    scratch: Path


class WarmParent:
    """Starts submissions, any number at once and from any thread. Use it in a ``with`` block.

    Entering costs some seconds (a process imports torch), once. ``layers`` are those of the
    sandbox; None takes all that this machine grants, or none with ``unsafe``. Entering raises
    ConfinementError where students' code would not be confined and ``unsafe`` is not set, and where
    this is not Linux; StartError where the process does not come up.
    """

    def __init__(
        self,
        *,
        unsafe: bool = False,
        layers: Sequence[str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.unsafe, self.layers = unsafe, layers
        self.limits = Limits() if limits is None else limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._folders: list[Path] = []
        self._ending: list[Place] = []  # submissions that were let go and are not cleared away
        self._number = 0

    def __enter__(self) -> Self:
        try:
            with self._lock:
                self._start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._stop()
        self.settle()
        with self._lock:
            for folder in self._folders:
                remove(folder)

    def submission(self, budget: Budget | None = None) -> Submission:
        """A new submission's processes, in a ``with`` block; entering it may raise StartError."""
        from imbal_lab.student_process.submission import Submission  # late: it brings torch

        return Submission(self, Budget() if budget is None else budget)

    @property
    def process(self) -> int:
        """The id of the warm parent's process."""
        assert self._process is not None
        return self._process.pid

    def place(self, line: int, lifeline: int) -> Place:
        """A confined start state that speaks on ``line`` and ends with ``lifeline``.

        A warm parent that has ended is started again. Raises StartError.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._stop()
                self._start()
            self._number += 1
            scratch = self.folder / f"scratch{self._number}"
            scratch.mkdir()
            answer, descriptors = self._ask({"scratch": str(scratch)}, [line, lifeline])
            return Place(answer["warden"], descriptors[0], scratch)

    def clear_away(self, place: Place) -> None:
        """What is left of a submission that was let go, when its warden has ended: soon.

        That takes the kernel a tenth of a second, which nobody waits for.
        """
        with self._lock:
            self._ending.append(place)
            self._clear_away(0)

    def settle(self) -> None:
        """Wait until nothing is left of all that were let go. Raises RuntimeError in vain."""
        with self._lock:
            self._clear_away(ENDING)

    def _clear_away(self, seconds: float) -> None:
        """Those that have ended, or end within so many seconds."""
        for place in tuple(self._ending):
            poll = select.poll()
            poll.register(place.ending, select.POLLIN)
            if poll.poll(seconds * 1000):
                os.close(place.ending)
                remove(place.scratch)
                self._ending.remove(place)
            elif seconds:
                raise RuntimeError(
                    "the processes of a submission could not be ended; look at the machine"
                )

    def _start(self) -> None:
        if platform.system() != "Linux":
            raise ConfinementError(
                f"students' code runs on Linux only, and this is {platform.system()}: "
                "on Windows use WSL2, on a Mac a Linux container"
            )
        self.folder = Path(tempfile.mkdtemp(prefix="imbal-lab-grading-")).resolve()
        self._folders.append(self.folder)
        self.folder.chmod(0o755)
        stage = self.folder / "stage"
        stage.mkdir()
        make_stage(stage)
        here, there = socket.socketpair()
        self._line = Connection(here.detach())
        with there, (self.folder / "errors").open("wb") as errors:
            self._process = self._execute(there.fileno(), import_path(stage), errors)
        ready, _ = self._ask(self._settings(stage))
        if ready["threads"] != 1:
            raise StartError(f"the warm parent has {ready['threads']} threads; it must have one")
        self.layers = tuple(ready["layers"])
        refused = BUBBLEWRAP if "bubblewrap" in self.layers else why_refused(self.layers)
        if refused and not self.unsafe:
            raise ConfinementError(refused)

    def _execute(self, descriptor: int, path: list[str], errors: IO[bytes]) -> subprocess.Popen:
        program = PROGRAM.format(path=path, descriptor=descriptor)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=self.folder,
            env=environment | ENVIRONMENT | {"IPYTHONDIR": str(self.folder / "ipython")},
            pass_fds=(descriptor,),
            start_new_session=True,  # a Ctrl-C here is not theirs
        )

    def _settings(self, stage: Path) -> Message:
        layers = () if self.unsafe and self.layers is None else self.layers
        return {
            "layers": layers,
            "unsafe": self.unsafe,
            "limits": asdict(self.limits),
            "readable": [*import_path(stage), sys.prefix],
            "hidden": [str(PACKAGE)],
        }

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

    def _stop(self) -> None:
        """End it, after the submissions that it placed; their files stay until we leave."""
        if self._process is not None:
            self._line.close()
            self._process.wait()
            self._process = None

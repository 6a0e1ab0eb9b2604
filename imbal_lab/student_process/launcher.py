"""Starts and ends a warm parent, and has it place the processes of each submission."""

from __future__ import annotations

import os
import platform
import select
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imbal_lab.sandbox import ConfinementError, Limits, why_refused
from imbal_lab.student_process.budget import Budget
from imbal_lab.student_process.parent_process import ParentProcess, Place
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.removal import remove
from imbal_lab.student_process.stage import PACKAGE, import_path, make_stage

if TYPE_CHECKING:
    from imbal_lab.student_process.submission import Submission

ENDING = 30.0  # seconds


class WarmParent:
    """Starts submissions, any number at once and from any thread. Use it in a ``with`` block.

    Entering costs some seconds (a process imports torch), once. ``layers`` are those of the
    sandbox; None takes all that this machine grants, or none with ``unsafe``. Entering raises
    ConfinementError where students' code would not be confined and ``unsafe`` is not set, and where
    this is not Linux; StartError where the process does not come up.

    Where only bubblewrap confines, which starts programs and cannot confine a fork, every
    submission gets a warm parent of its own in it: seconds each.
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
        self._process: ParentProcess | None = None
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
        return self._process.id

    def place(self, line: int, lifeline: int) -> Place:
        """A confined start state that speaks on ``line`` and ends with ``lifeline``.

        A warm parent that has ended is started again. Raises StartError.
        """
        with self._lock:
            if self._process is None or not self._process.lives():
                self._stop()
                self._start()
            self._number += 1
            scratch = self.folder / f"scratch{self._number}"
            scratch.mkdir()
            assert self._process is not None
            if "bubblewrap" not in self._process.layers:
                return self._process.place(scratch, line, lifeline)
        alone = ParentProcess(self.folder, self._path, self._settings(), scratch)
        return replace(alone.place(scratch, line, lifeline), alone=alone)

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
                if place.alone:
                    place.alone.stop()
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
        self._path = import_path(stage)
        self._process = ParentProcess(self.folder, self._path, self._settings())
        self.layers = self._process.layers
        refused = why_refused(self.layers)
        if refused and not self.unsafe:
            raise ConfinementError(refused)

    def _settings(self) -> Message:
        layers = () if self.unsafe and self.layers is None else self.layers
        return {
            "layers": layers,
            "unsafe": self.unsafe,
            "limits": asdict(self.limits),
            "readable": [*self._path, sys.prefix],
            "hidden": [str(PACKAGE)],
        }

    def _stop(self) -> None:
        """End it, after the submissions that it placed; their files stay until we leave."""
        if self._process is not None:
            self._process.stop()
            self._process = None

"""Who runs a student's notebook: the seam behind which the executor can be replaced."""

from __future__ import annotations

import sys
import tempfile
from typing import Protocol

from .conversion import convert, environment
from .course import Course


class Executor(Protocol):
    """Runs one submission and leaves its results where nbgrader keeps them."""

    def run(self, course: Course, lesson: str, student: str, seed: int) -> None:
        """Grade the submitted notebook of one student.

        Afterwards `autograded/STUDENT/LESSON/LESSON.ipynb` holds the outputs and the gradebook the
        points; the cases of the checks are drawn from `seed`.
        Raises ConversionError, with the reason in one line, where that is not possible.
        """


class NbgraderExecutor:
    """nbgrader's own autograde, in a kernel with this user's rights.

    It trusts the notebook: run it only on work of people you trust.
    """

    def run(self, course: Course, lesson: str, student: str, seed: int) -> None:
        """See Executor.run; checks read the seed from IMBAL_LAB_SEED."""
        directory = course.directory(assignment_id=lesson, student_id=student)
        with tempfile.TemporaryDirectory(prefix="imbal-lab-") as folder:
            if sys.platform != "win32":
                # Sockets in a private folder: no open port, and no warning about one. The path has
                # to be absolute, because kernel and client run in different folders.
                directory.config.KernelManager.transport = "ipc"
                directory.config.KernelManager.ip = f"{folder}/kernel"
            with environment(IMBAL_LAB_SEED=str(seed)):
                convert("Autograde", directory)

"""Read a submission from `submitted/STUDENT/LESSON/`, a folder that strangers may have filled."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.submissions.intake import MOST_BYTES

# Flags that a system does not have are 0: there, links and pipes are told by their status alone.
SAFELY = sum(
    getattr(os, name, 0)
    for name in ("O_RDONLY", "O_BINARY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY")
)
NOT_HANDED_IN = ("timestamp.txt",)  # nbgrader's own


class Submitted(NamedTuple):
    """The bytes that were handed in, None where there are none to be had, and what to say."""

    content: bytes | None
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


class NotTakenError(Exception):
    """A file that is not taken; the message says why."""


def read_submission(course: Course, lesson: str, student: str) -> Submitted:
    """What a student handed in for a lesson.

    LESSON.ipynb is taken; where it is missing, the newest other notebook, and where there is none,
    the one file that is there. Links, pipes, devices, folders, and files over the size limit of
    `imbal-lab collect` are never taken.
    """
    folder = course.notebook("submitted", student, lesson).parent
    if folder.is_symlink() or folder.parent.is_symlink():
        return Submitted(None, (), ("The folder is a link and was not followed.",))
    try:
        entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
        candidates, doubts = _candidates(entries, lesson)
    except OSError as error:
        return Submitted(None, (), (f"The folder cannot be read: {error.strerror}.",))
    if not candidates:
        return Submitted(None, (), (*doubts, f"There is no file {lesson}.ipynb."))
    return _taken(candidates, f"{lesson}.ipynb", doubts)


def _candidates(entries: list[Path], lesson: str) -> tuple[list[Path], list[str]]:
    """The files that may be the submission, best first, and what else bears a notebook's name."""
    files, doubts = [], []
    for path in entries:
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            files.append((path.name == f"{lesson}.ipynb", status.st_mtime, path))
        elif _is_notebook(path):
            doubts.append(f"{_shown(path)} is no ordinary file and was not opened.")
    notebooks = [path for *_, path in sorted(files, reverse=True) if _is_notebook(path)]
    others = [path for *_, path in files if path.name not in NOT_HANDED_IN]
    return notebooks or others[: len(others) == 1], doubts


def _taken(candidates: list[Path], expected: str, doubts: list[str]) -> Submitted:
    chosen, *others = candidates
    notes = []
    if chosen.name != expected:
        notes.append(f"The file was called {_shown(chosen)}; it was taken as {expected}.")
        if others:
            doubts.append(
                f"{len(candidates)} notebooks and none called {expected}: the newest was taken."
            )
    elif others:
        notes.append(f"Other notebooks beside {expected} were left: {len(others)}.")
    try:
        return Submitted(_content(chosen), tuple(notes), tuple(doubts))
    except NotTakenError as error:
        return Submitted(None, tuple(notes), (*doubts, f"{_shown(chosen)} {error}."))


def _content(path: Path) -> bytes:
    """The bytes of an ordinary file. Raises NotTakenError for all else."""
    try:
        descriptor = os.open(path, SAFELY)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotTakenError("is no ordinary file")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotTakenError(f"cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise NotTakenError(f"is larger than {MOST_BYTES // 2**20} MiB")
    return content


def _is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"


def _shown(path: Path) -> str:
    return repr(printable(path.name, 80))

"""Only one command grades a course at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from imbal_lab.grading.course import Course, CourseError


@contextmanager
def locked(course: Course) -> Iterator[None]:
    """Hold the course's lock. Raises CourseError where another command holds it.

    The lock ends with the process, however that ends; its empty file stays.
    """
    path = course.root / "autograded" / ".lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CourseError(
                "another imbal-lab grade or regrade works on this course; "
                "wait until it has ended, then run this again"
            ) from error
        yield

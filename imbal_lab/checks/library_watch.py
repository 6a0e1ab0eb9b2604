"""Noticing that an answer runs the library's own, in a process where both are at hand."""

import os
import sys
from pathlib import Path
from types import FrameType

from imbal_lab.checks.exercise import Function

PACKAGE = Path(__file__).parent.parent
FORBIDDEN = tuple(str(PACKAGE / room) + os.sep for room in ("gradients", "methods", "exercises"))


class LibraryWatch:
    """Notices, while it is open, whether any code of the library's answers runs."""

    def __init__(self, reference: Function) -> None:
        self.reference = reference.__code__
        self.seen = False

    def __enter__(self) -> None:
        self.before = sys.getprofile()
        sys.setprofile(self.look)

    def __exit__(self, *exc: object) -> None:
        if sys.getprofile() != self.look:
            self.seen = True  # somebody did not want to be watched
        sys.setprofile(self.before)

    def look(self, frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        if event == "call" and (code is self.reference or code.co_filename.startswith(FORBIDDEN)):
            self.seen = True

"""How much computing time students' code has, and the clock that stops it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE = 10  # wall time over CPU time: what only waits is stopped too


@dataclass(frozen=True)
class Budget:
    """CPU seconds of all processes of a submission together.

    cell: of one cell; call: of one call of a function; exercise: of all calls of one function;
    submission: of everything. A tenfold of wall time ends what waits and computes nothing.
    """

    cell: float = 30.0
    call: float = 10.0
    exercise: float = 30.0
    submission: float = 180.0


class OverTime(Exception):  # noqa: N818 - reads as a state
    """The clock has run down; the message says how in plain words."""


class Clock:
    """Measures from now on; each call is a look, which raises OverTime when ``seconds`` are over.

    ``read`` gives the CPU seconds of all processes, always from the same beginning. It costs more
    than most cells, so a clock that is never looked at counts its wall time, and one that is
    loses at most the time before its first look.
    """

    def __init__(self, read: Callable[[], float], seconds: float) -> None:
        self.read, self.seconds = read, seconds
        self.begun = time.monotonic()
        self.before: float | None = None
        self.seen = 0.0

    def __call__(self) -> None:
        now = self.read()
        self.before = now if self.before is None else self.before
        self.seen = max(self.seen, now - self.before)
        if self.seen > self.seconds:
            raise OverTime(f"it did not come to an end within {self.seconds:g} s")
        if time.monotonic() - self.begun > PATIENCE * self.seconds:
            raise OverTime(f"it was still waiting after {PATIENCE * self.seconds:g} s")

    @property
    def spent(self) -> float:
        """CPU seconds, as far as they were looked at."""
        return time.monotonic() - self.begun if self.before is None else self.seen

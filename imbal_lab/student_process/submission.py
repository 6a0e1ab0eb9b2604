"""One submission as the grader sees it: cells run from states of a notebook, calls asked of them.

Every cell runs in a fork of the state before it, and every group of calls in a fork that is thrown
away. Whatever a fork does, the state that it came from goes on: a crash, a hang or a flood costs
that cell or that call.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from imbal_lab.checks.call import Outcome
from imbal_lab.student_process.budget import PATIENCE, Budget, Clock, OverTime
from imbal_lab.student_process.channel import Channel, Died
from imbal_lab.student_process.family import Family, State
from imbal_lab.student_process.inputs import encode_input
from imbal_lab.student_process.launcher import WarmParent
from imbal_lab.student_process.outcomes import decode_outcome
from imbal_lab.student_process.outputs import CellError, Output, decode_outputs
from imbal_lab.student_process.parent_process import StartError
from imbal_lab.student_process.protocol import ProtocolError, field

__all__ = ["Budget", "CellRun", "StartError", "State", "Submission", "WarmParent"]

ENDED = ("ok", "error", "refused")
DIED = "the process that ran it ended in the middle (a crash, or code that ends it)"
NO_TIME = "the time for all of this was used up before it"
LEAST = 0.01  # seconds that are worth a beginning
AGE = 0.5  # seconds for which a reading of the CPU time is good enough


@dataclass(frozen=True)
class CellRun:
    """What running one cell came to.

    ``state`` goes on from here: the new one, or where the cell died the one before. ``ended`` is
    "ok", "error" (raised; what it defined before stands), "time", "died" or "refused"; ``says`` is
    a plain sentence for the last three.
    """

    state: State
    outputs: tuple[Output, ...]
    ended: str
    says: str = ""


class Submission:
    """The processes of one submission, from the start state on; for one thread.

    Leaving the ``with`` block ends all of them and removes their files.
    """

    def __init__(self, parent: WarmParent, budget: Budget) -> None:
        self.budget, self._family = budget, Family(parent)
        self._spent_on: dict[str, float] = {}
        self._read, self._read_at = 0.0, 0.0  # CPU seconds when last looked at, and when
        self._begun = 0.0

    def __enter__(self) -> Self:
        self._family.begin()
        self._begun = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._family.end()

    @property
    def start(self) -> State:
        """Before any cell."""
        return self._family.start

    @property
    def cpu_seconds(self) -> float:
        """CPU time of everything so far, in seconds; to be asked after the end too."""
        return self._family.cpu_seconds()

    def keep(self, state: State) -> None:
        """This state stays alive when a cell has run from it."""
        state.kept = True

    def run(self, state: State, source: str) -> CellRun:
        """Run one cell from ``state``."""
        line = None
        try:
            clock = self._clock(self.budget.cell)
            line = self._family.fork(state, clock)
            ended, outputs = self._run_cell(line, source, clock)
            self._family.sweep(line)
            self._family.check_foundation(clock)
        except (OverTime, Died, ProtocolError) as error:
            if line:
                line.close()
            self._family.sweep()
            late = isinstance(error, OverTime)
            return CellRun(state, (), "time" if late else "died", str(error) if late else DIED)
        new = self._family.add(line, state, source)
        return CellRun(new, outputs, ended, refusal(outputs) if ended == "refused" else "")

    def call(self, state: State, name: str, inputs: dict[str, Any]) -> Outcome:
        """Call the function ``name`` as it is in ``state``, in the fork that is open for calls."""
        blobs: list[bytes] = []
        order = {"do": "call", "name": name, "inputs": encode_input(inputs, blobs)}
        spent = self._spent_on.get(name, 0.0)
        try:
            clock = self._clock(self.budget.call, self.budget.exercise - spent)
        except OverTime:
            return Outcome(stopped="time")
        try:
            line = self._family.fork_for_calls(state, clock)
            return decode_outcome(*line.ask(order, clock, blobs))
        except (OverTime, Died, ProtocolError) as error:
            self.close_calls()
            return Outcome(stopped="time" if isinstance(error, OverTime) else "died")
        finally:
            self._spent_on[name] = spent + clock.spent

    def close_calls(self) -> None:
        """End the fork in which calls were made; the next call gets a fresh one."""
        self._family.close_calls()

    def _run_cell(self, line: Channel, source: str, clock: Clock) -> tuple[str, tuple[Output, ...]]:
        answer, blobs = line.ask({"do": "cell", "source": source}, clock)
        outputs = decode_outputs(field(answer, "outputs", list), blobs)
        ended = field(answer, "ended", str)
        if ended not in ENDED:
            raise Died("an end that does not exist")
        return ended, outputs

    def _clock(self, *seconds: float) -> Clock:
        """For the least of these limits and what is left of the whole. Raises OverTime if none."""
        if time.monotonic() > self._read_at + AGE:
            self._read, self._read_at = self.cpu_seconds, time.monotonic()
        waited = (time.monotonic() - self._begun) / PATIENCE
        least = min(*seconds, self.budget.submission - max(self._read, waited))
        if least < LEAST:
            raise OverTime(NO_TIME)
        return Clock(self._family.cpu_seconds, least)


def refusal(outputs: tuple[Output, ...]) -> str:
    """The sentence with which a cell was refused."""
    return outputs[-1].text if outputs and isinstance(outputs[-1], CellError) else ""

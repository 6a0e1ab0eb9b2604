"""One submission as the grader sees it: states of a notebook, cells run from them, calls asked.

Every cell runs in a fork of the state before it, and every group of calls in a fork that is thrown
away. Whatever a fork does, the state that it came from goes on: a crash, a hang or a flood costs
that cell or that call.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imbal_lab.checks.call import Outcome
from imbal_lab.student_process.budget import Budget, Clock, OverTime
from imbal_lab.student_process.channel import Channel, Died
from imbal_lab.student_process.inputs import encode_input
from imbal_lab.student_process.launcher import Launcher, Place, StartError
from imbal_lab.student_process.outcomes import decode_outcome
from imbal_lab.student_process.outputs import Output, decode_outputs
from imbal_lab.student_process.process_tree import cpu_seconds, kill_below, tree
from imbal_lab.student_process.protocol import ProtocolError, field

__all__ = ["Budget", "CellRun", "StartError", "State", "Submission", "WarmParent"]

ENDED = ("ok", "error", "refused")
DIED = "the process that ran it ended in the middle (a crash, or code that ends it)"
AGE = 0.5  # seconds for which a reading of the CPU time is good enough
STARTING, ENDING = 60.0, 30.0  # CPU seconds for the start; seconds of patience at the end


@dataclass(eq=False)
class State:
    """The notebook after some of its cells. Made by :class:`Submission` only."""

    line: Channel
    before: State | None = None
    source: str = ""  # of the cell that made it from the state before
    kept: bool = False


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


class WarmParent(Launcher):
    """Starts submissions, any number at once and from any thread. Use it in a ``with`` block.

    Entering costs some seconds (it imports torch), once. ``layers`` are those of the sandbox; None
    takes all that this machine grants, or none with ``unsafe``. Entering raises ConfinementError
    where students' code would not be confined and ``unsafe`` is not set, and where this is not
    Linux; StartError where the process does not come up.
    """

    def submission(self, budget: Budget | None = None) -> Submission:
        """A new submission's processes, in a ``with`` block; entering it may raise StartError."""
        return Submission(self, Budget() if budget is None else budget)


class Submission:
    """The processes of one submission, from the start state on; for one thread.

    Leaving the ``with`` block ends all of them and removes their files.
    """

    def __init__(self, parent: WarmParent, budget: Budget) -> None:
        self.parent, self.budget = parent, budget
        self.start = State(Channel(), kept=True)
        self._place: Place | None = None
        self._states: list[State] = []
        self._calls: tuple[State, Channel] | None = None
        self._spent_on: dict[str, float] = {}
        self._past = 0.0  # of wardens that have ended
        self._read, self._read_at = 0.0, 0.0  # CPU seconds when last looked at, and when

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def cpu_seconds(self) -> float:
        """CPU time of everything so far, in seconds."""
        return self._past + (cpu_seconds(self._place.warden) if self._place else 0.0)

    def keep(self, state: State) -> None:
        """This state stays alive when a cell has run from it."""
        state.kept = True

    def run(self, state: State, source: str) -> CellRun:
        """Run one cell from ``state``."""
        clock = self._clock(self.budget.cell)
        line = Channel()
        try:
            self._wake(state, clock)
            self._fork(state, line, clock)
            answer, blobs = line.ask({"do": "cell", "source": source}, clock)
            ended = field(answer, "ended", str)
            outputs = decode_outputs(field(answer, "outputs", list), blobs)
            if ended not in ENDED:
                raise Died("an end that does not exist")
        except (OverTime, Died, ProtocolError) as error:
            line.close()
            self._sweep()
            died = isinstance(error, Died | ProtocolError)
            return CellRun(state, (), "died" if died else "time", DIED if died else str(error))
        new = State(line, state, source)
        self._states.append(new)
        self._retire(state)
        self._sweep()
        return CellRun(new, outputs, ended, _refusal(outputs) if ended == "refused" else "")

    def call(self, state: State, name: str, inputs: dict[str, Any]) -> Outcome:
        """Call the function ``name`` as it is in ``state``, in the fork that is open for calls."""
        clock = self._clock(self.budget.call, self.budget.exercise - self._spent_on.get(name, 0.0))
        blobs: list[bytes] = []
        order = {"do": "call", "name": name, "inputs": encode_input(inputs, blobs)}
        try:
            answer, results = self._fork_for_calls(state, clock).ask(order, clock, blobs)
            outcome = decode_outcome(answer, results)
        except (OverTime, Died, ProtocolError) as error:
            self.close_calls()
            outcome = Outcome(stopped="time" if isinstance(error, OverTime) else "died")
        self._spent_on[name] = self._spent_on.get(name, 0.0) + clock.spent
        return outcome

    def close_calls(self) -> None:
        """End the fork in which calls were made; the next call gets a fresh one."""
        if self._calls:
            self._calls[1].close()
            self._calls = None
            self._sweep()

    def _fork_for_calls(self, state: State, clock: Clock) -> Channel:
        if self._calls and self._calls[0] is not state:
            self.close_calls()
        if not self._calls:
            self._wake(state, clock)
            self._calls = state, Channel()
            self._fork(state, self._calls[1], clock)
        return self._calls[1]

    def _fork(self, state: State, line: Channel, clock: Clock) -> None:
        """A fork of ``state`` at the end of ``line``, which is then waiting for orders."""
        state.line.send({"do": "fork"}, clock, hand=[line.theirs])
        line.hand_over()
        line.receive(clock)

    def _wake(self, state: State, clock: Clock) -> None:
        """Where the process of ``state`` is no more, make it again by its cells.

        A state ends when it has a successor; and a cell can kill states as well as itself.
        """
        if state.line.lives():
            return
        if state.before is None:
            self._end()
            self._begin()
            return
        self._wake(state.before, clock)
        state.line.close()
        line = Channel()
        try:
            self._fork(state.before, line, clock)
            line.ask({"do": "cell", "source": state.source}, clock)
        except BaseException:
            line.close()
            raise
        state.line = line
        self._states = [*(known for known in self._states if known is not state), state]
        self._retire(state.before)

    def _clock(self, *seconds: float) -> Clock:
        if time.monotonic() > self._read_at + AGE:
            self._read, self._read_at = self.cpu_seconds, time.monotonic()
        left = self.budget.submission - self._read
        return Clock(lambda: self.cpu_seconds, max(0.0, min(*seconds, left)))

    def _retire(self, state: State) -> None:
        """End a state that has a successor and is not kept."""
        if not state.kept:
            state.line.close()
            self._states.remove(state)

    def _sweep(self) -> None:
        """Kill what is left over of cells and calls: everything but the states that wait."""
        live = {state.line.process for state in self._states}
        if self._calls:
            live.add(self._calls[1].process)
        if self._place:
            kill_below(self._place.warden, live | self._frame)

    def _begin(self) -> None:
        """Start the processes: the warden, those that confine, the start state."""
        self.start.line, self._states = Channel(), [self.start]
        lifeline, self._lifeline = os.pipe()
        try:
            self._place = self.parent.place(self.start.line.theirs, lifeline)
        finally:
            os.close(lifeline)
        self.start.line.hand_over()
        try:
            hello, _ = self.start.line.receive(Clock(lambda: self.cpu_seconds, STARTING))
            reason = hello.get("failed", "")
        except (OverTime, Died) as error:
            reason = str(error)
        if reason:
            self._end()
            raise StartError(f"no student's process can be started: {reason}")
        self._frame = set(tree(self._place.warden))

    def _end(self) -> None:
        """End all processes and remove the scratch folder; the warden does most of it."""
        for state in self._states:
            state.line.close()
        if self._calls:
            self._calls[1].close()
        self._states, self._calls = [], None
        os.close(self._lifeline)
        if self._place:
            self._past, place, self._place = self.cpu_seconds, self._place, None
            wait_for(place.ending)
            remove(place.scratch)


def wait_for(ending: int) -> None:
    """Until the warden has ended. Raises RuntimeError if it does not within ``ENDING`` seconds."""
    poll = select.poll()
    poll.register(ending, select.POLLIN)
    ended = poll.poll(ENDING * 1000)
    os.close(ending)
    if not ended:
        raise RuntimeError("the processes of a submission could not be ended; look at the machine")


def remove(folder: Path) -> None:
    """With all that is in it, however deep, and whatever it lets its owner do."""
    try:
        folder.rmdir()  # with namespaces nothing is ever written there
    except OSError:
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", folder], stderr=subprocess.DEVNULL, check=False)


def _refusal(outputs: tuple[Output, ...]) -> str:
    return getattr(outputs[-1], "text", "") if outputs else ""

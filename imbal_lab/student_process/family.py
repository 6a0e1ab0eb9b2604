"""The processes of one submission: states that wait, forks of them, and the end of everything else.

A state whose process was killed is made again from the state before it, by running its cell again;
if the start state is gone, all of them are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from imbal_lab.student_process.budget import Clock, OverTime
from imbal_lab.student_process.channel import Channel, Died, Look
from imbal_lab.student_process.launcher import WarmParent
from imbal_lab.student_process.parent_process import Place, StartError
from imbal_lab.student_process.process_tree import cpu_seconds, kill_below, kill_once_below, tree

STARTING, FORKING = 60.0, 3.0  # CPU seconds


@dataclass(eq=False)
class State:
    """The notebook after some of its cells. Made by a submission only."""

    line: Channel
    before: State | None = None
    source: str = ""  # of the cell that made it from the state before
    kept: bool = False


class Family:
    """From ``begin`` to ``end``; not for several threads."""

    def __init__(self, parent: WarmParent) -> None:
        self.parent = parent
        self._calls: tuple[State, Channel] | None = None  # the fork in which calls are made
        self._states: list[State] = []
        self._place: Place | None = None
        self._past = 0.0  # CPU seconds of places that have ended

    def begin(self) -> None:
        """Start the processes that confine, and the start state. Raises StartError."""
        self.start = State(Channel(), kept=True)
        self._settle()

    def end(self) -> None:
        """Let go of all processes; the warden ends them, and the warm parent's side clears away."""
        self._past = self.cpu_seconds()  # a namespace that ends forgets what was spent in it
        for line in self._lines():
            line.close()
        self._states, self._calls = [], None
        os.close(self._lifeline)
        if self._place:
            self.parent.clear_away(self._place)
            self._place = None

    def cpu_seconds(self) -> float:
        """CPU time of everything so far."""
        return self._past + (cpu_seconds(self._place.warden) if self._place else 0.0)

    def fork(self, state: State, look: Look) -> Channel:
        """A line to a fork of ``state``, which waits for orders. Raises Died if none can be had.

        ``look`` bounds what it may cost to make the state again.
        """
        for _ in range(2):
            self._wake(state, look)
            line = Channel()
            try:
                self._fork(state, line)
                return line
            except (OverTime, Died):  # then the state itself is no more, or stopped
                line.close()
                state.line.close()
                self.sweep()
        raise Died("the state before it could not be had again")

    def add(self, line: Channel, before: State, source: str) -> State:
        """The state at the end of ``line``; the one before it ends, unless it is kept."""
        state = State(line, before, source)
        self._states.append(state)
        self._retire(before)
        return state

    def fork_for_calls(self, state: State, look: Look) -> Channel:
        """The fork of ``state`` that is open for calls, or a new one."""
        if self._calls and (self._calls[0] is not state or not self._calls[1].lives()):
            self.close_calls()
        if not self._calls:
            self._calls = state, self.fork(state, look)
        return self._calls[1]

    def close_calls(self) -> None:
        """End the fork in which calls were made."""
        if self._calls:
            self._calls[1].close()
            self._calls = None
            if self._place:  # no need to wait: the next one, and the end, kill who got away
                kill_once_below(self._place.warden, self._spared())

    def sweep(self, *spare: Channel) -> None:
        """Kill what is left over of cells and calls: everything but the states that wait."""
        if self._place:
            kill_below(self._place.warden, self._spared(*spare))

    def check_foundation(self, look: Look) -> None:
        """Raise Died if the start state is gone, with which all others go."""
        try:
            self.start.line.ask({"do": "nothing"}, look)
        except Died:
            self.start.line.close()
            raise

    def _settle(self) -> None:
        self._states = [self.start]
        lifeline, self._lifeline = os.pipe()
        try:
            self._place = self.parent.place(self.start.line.theirs, lifeline)
        finally:
            os.close(lifeline)
            self.start.line.hand_over()
        reason = self._greeting()
        if reason:
            self.end()
            raise StartError(f"no student's process can be started: {reason}")
        self._frame = set(tree(self._place.warden))

    def _greeting(self) -> str:
        """ "" when the start state has said hello, else what went wrong."""
        try:
            hello, _ = self.start.line.receive(Clock(self.cpu_seconds, STARTING))
            return str(hello.get("failed", ""))
        except (OverTime, Died) as error:
            return str(error)

    def _fork(self, state: State, line: Channel) -> None:
        look = Clock(self.cpu_seconds, FORKING)
        state.line.send({"do": "fork"}, look, hand=[line.theirs])
        line.hand_over()
        line.receive(look)

    def _wake(self, state: State, look: Look) -> None:
        """Make ``state`` again if its process is no more: it has a successor, or was killed."""
        if not self.start.line.lives():
            self.end()
            self.start.line = Channel()
            self._settle()
        if state.line.lives():
            return
        assert state.before is not None
        state.line.close()
        line = self.fork(state.before, look)
        try:
            line.ask({"do": "cell", "source": state.source}, look)
        except BaseException:
            line.close()
            raise
        state.line = line
        self._states = [*(known for known in self._states if known is not state), state]
        self._retire(state.before)

    def _retire(self, state: State) -> None:
        """End a state that has a successor and is not kept."""
        if not state.kept:
            state.line.close()
            self._states = [known for known in self._states if known is not state]

    def _spared(self, *spare: Channel) -> set[int]:
        return self._frame | {line.process for line in (*spare, *self._lines())}

    def _lines(self) -> list[Channel]:
        return [state.line for state in self._states] + ([self._calls[1]] if self._calls else [])

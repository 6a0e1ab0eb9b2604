"""Judging an answer to an exercise: which parts hold, and what went wrong first."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from torch import Tensor

from imbal_lab.checks.call import Ask, Outcome, Raised
from imbal_lab.checks.compare import difference, equal
from imbal_lab.checks.exercise import Case, Exercise, Group, Mistake
from imbal_lab.checks.known import Known
from imbal_lab.checks.printable import printable

State = Literal["not started", "not yet", "done"]

STOPPED = {
    "time": "it did not come to an end within the time limit",
    "died": "it ended the whole Python process",
}
CUT = "no gradient goes back through its result"


@dataclass(frozen=True)
class Finding:
    """The first thing that went wrong: where, and in which plain words."""

    group: Group
    case: Case
    outcome: Outcome
    seen: str
    rule: str | None = None  # a property that the result breaks, in its words


@dataclass(frozen=True)
class Verdict:
    """One answer, judged. ``passed`` holds one entry a judged group, in order."""

    exercise: Exercise
    groups: tuple[Group, ...]
    passed: tuple[bool, ...]
    finding: Finding | None = None
    mistake: Mistake | None = None

    @property
    def state(self) -> State:
        if self.finding is None:
            return "done"
        return "not started" if not_started(self.finding.outcome) else "not yet"

    @property
    def fraction(self) -> float:
        """Weight of the groups that passed over the weight of all that were judged."""
        earned = sum(g.weight for g, ok in zip(self.groups, self.passed, strict=True) if ok)
        return earned / sum(g.weight for g in self.groups)


def judge(known: Known, ask: Ask, *, hidden: bool) -> Verdict:
    """Judge the answer that ``ask`` calls; ``hidden`` groups take part at grading only.

    Exercise and seed are those of ``known``, and ``ask`` uses the same. Each case is asked once at
    most, in the order of the groups. After an answer that is not started, or out of time, nothing
    more is asked.
    """
    ask, exercise = cache(ask), known.exercise
    groups = tuple(g for g in exercise.groups if hidden or not g.hidden)
    findings = []
    for group in groups:
        findings.append(first_finding(known, group, ask))
        if findings[-1] and not_started(findings[-1].outcome):
            return Verdict(exercise, groups, (False,) * len(groups), findings[-1])
        if findings[-1] and findings[-1].outcome.stopped == "time":
            break
    passed = tuple(not f for f in findings) + (False,) * (len(groups) - len(findings))
    first = next((f for f in findings if f), None)
    mistake = diagnose(known, groups, ask, first) if first else None
    return Verdict(exercise, groups, passed, first, mistake)


def first_finding(known: Known, group: Group, ask: Ask) -> Finding | None:
    for case in group.cases:
        outcome = ask(group, case)
        seen = wrong(known, case, outcome)
        if seen:
            return Finding(group, case, outcome, seen, known.broken_property(case, outcome.result))
    return None


def wrong(known: Known, case: Case, outcome: Outcome) -> str | None:
    """What is wrong with ``outcome``, in plain words; None if nothing is."""
    if outcome.used_library:
        return "it runs the library's own answer"
    if outcome.stopped is not None:
        return STOPPED[outcome.stopped]
    if outcome.raised is not None:
        return f"it stopped with {error_text(outcome.raised)}"
    parted = difference(known.expected(case), outcome.result, known.exercise.axes)
    if parted is None and outcome.changed_input:
        return changes(outcome)
    if parted is None and outcome.cut:
        return CUT
    return parted


def changes(outcome: Outcome) -> str:
    return f"it changes its argument {outcome.changed_input} in place"


def diagnose(known: Known, groups: tuple[Group, ...], ask: Ask, first: Finding) -> Mistake | None:
    """The known mistake that does the same on every case up to the first group that failed.

    Later groups do not count: two people who make the same mistake may still treat a
    boundary case differently.
    """
    if first.outcome.used_library or first.outcome.stopped:
        return None
    places = [(g, case) for g in groups[: groups.index(first.group) + 1] for case in g.cases]
    theirs = []
    for group, case in places:
        theirs.append(ask(group, case))
        if theirs[-1].stopped:
            return None
    for mistake in known.exercise.mistakes:
        for version in mistake.functions:
            ours = (known.outcome(version, case) for _, case in places)
            if all(alike(a, b) for a, b in zip(ours, theirs, strict=True)):
                return mistake
    return None


def alike(known: Outcome, theirs: Outcome) -> bool:
    """Whether two calls did the same: same values, same shape, or the same error."""
    a, b = known.raised, theirs.raised
    if a is not None or b is not None:
        return a is not None and b is not None and (a.kind, a.text) == (b.kind, b.text)
    if (known.changed_input, known.cut) != (theirs.changed_input, theirs.cut):
        return False
    if isinstance(known.result, Tensor) and isinstance(theirs.result, Tensor):
        return equal(known.result, theirs.result)
    return known.result is None and theirs.result is None


def not_started(outcome: Outcome) -> bool:
    """Whether the answer cell is still bare: torch's own NotImplementedErrors carry a text."""
    error = outcome.raised
    return error is not None and error.kind == "NotImplementedError" and not error.text


def error_text(error: Raised) -> str:
    """Kind and first line of an error, short enough for one line and safe to print."""
    lines = error.text.splitlines()
    return f"{printable(error.kind)}: {printable(lines[0])}" if lines else printable(error.kind)

"""Judging a function against an exercise: which parts hold, and what went wrong first."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from imbal_lab.checks.call import Outcome, call
from imbal_lab.checks.compare import difference, equal
from imbal_lab.checks.exercise import Case, Exercise, Function, Group, Mistake

State = Literal["not started", "not yet", "done"]


@dataclass(frozen=True)
class Finding:
    """The first thing that went wrong: where, and in which plain words."""

    group: Group
    case: Case
    outcome: Outcome
    seen: str


@dataclass(frozen=True)
class Verdict:
    """One function, judged. ``passed`` holds one entry a judged group, in order."""

    exercise: Exercise
    seed: int
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


def judge(exercise: Exercise, function: Function, *, seed: int, hidden: bool) -> Verdict:
    """Judge ``function`` on every case; ``hidden`` groups take part at grading only."""
    groups = tuple(g for g in exercise.groups if hidden or not g.hidden)
    findings = []
    for group in groups:
        findings.append(first_finding(exercise, group, seed, function))
        if findings[-1] and not_started(findings[-1].outcome):
            return Verdict(exercise, seed, groups, (False,) * len(groups), findings[-1])
        if findings[-1] and out_of_time(findings[-1].outcome):
            passed = tuple(not f for f in findings) + (False,) * (len(groups) - len(findings))
            return Verdict(exercise, seed, groups, passed, findings[-1])
    first = next((f for f in findings if f), None)
    mistake = diagnose(exercise, groups, seed, function, first) if first else None
    return Verdict(exercise, seed, groups, tuple(not f for f in findings), first, mistake)


def first_finding(
    exercise: Exercise, group: Group, seed: int, function: Function
) -> Finding | None:
    for case in group.cases:
        outcome = call(exercise, case, seed, function)
        seen = wrong(exercise, case, seed, outcome)
        if seen:
            return Finding(group, case, outcome, seen)
    return None


def wrong(exercise: Exercise, case: Case, seed: int, outcome: Outcome) -> str | None:
    """What is wrong with ``outcome``, in plain words; None if nothing is."""
    if outcome.used_library:
        return "it runs the library's own answer"
    if out_of_time(outcome):
        return "it did not come to an end within the time limit"
    if outcome.error is not None:
        return f"it stopped with {error_text(outcome.error)}"
    expected = call(exercise, case, seed, exercise.reference).result
    parted = difference(expected, outcome.result, exercise.axes)
    if parted is None and outcome.changed_input:
        return changes(outcome)
    return parted


def changes(outcome: Outcome) -> str:
    return f"it changes its argument {outcome.changed_input} in place"


def broken_property(exercise: Exercise, seed: int, finding: Finding) -> str | None:
    """The first property that the result breaks, where it can be asked at all."""
    expected = call(exercise, finding.case, seed, exercise.reference).result
    result = finding.outcome.result
    if not isinstance(result, Tensor) or result.shape != expected.shape or result.is_complex():
        return None
    inputs = exercise.draw(finding.case, seed)
    return next((p.says for p in exercise.properties if not p.holds(inputs, result)), None)


def diagnose(
    exercise: Exercise, groups: tuple[Group, ...], seed: int, function: Function, first: Finding
) -> Mistake | None:
    """The known mistake that does the same on every case up to the first group that failed.

    Later groups do not count: two people who make the same mistake may still treat a
    boundary case differently.
    """
    if first.outcome.used_library:
        return None
    cases = [case for group in groups[: groups.index(first.group) + 1] for case in group.cases]
    theirs = [call(exercise, case, seed, function) for case in cases]
    for mistake in exercise.mistakes:
        for version in mistake.functions:
            known = (call(exercise, case, seed, version) for case in cases)
            if all(alike(a, b) for a, b in zip(known, theirs, strict=True)):
                return mistake
    return None


def alike(known: Outcome, theirs: Outcome) -> bool:
    """Whether two calls did the same: same values, same shape, or the same error."""
    if known.error is not None or theirs.error is not None:
        kind, text = type(known.error), text_of(known.error)
        return kind is type(theirs.error) and text == text_of(theirs.error)
    if known.changed_input != theirs.changed_input:
        return False
    if isinstance(known.result, Tensor) and isinstance(theirs.result, Tensor):
        return equal(known.result, theirs.result)
    return known.result is theirs.result


def not_started(outcome: Outcome) -> bool:
    """Whether the answer cell is still bare: torch's own NotImplementedErrors carry a text."""
    return isinstance(outcome.error, NotImplementedError) and not outcome.error.args


def out_of_time(outcome: Outcome) -> bool:
    """Whether the executor interrupted the call."""
    return isinstance(outcome.error, KeyboardInterrupt)


def text_of(error: BaseException | None) -> str:
    """The text of an error, which may itself be broken."""
    try:
        return str(error).strip()
    except Exception:
        return ""


def error_text(error: BaseException) -> str:
    """Kind and first line of an error, short enough for one line."""
    lines = text_of(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:100]}" if lines else type(error).__name__

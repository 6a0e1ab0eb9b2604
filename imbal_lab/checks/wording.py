"""The words of a verdict: one line of success, or what was seen, why, and what to try."""

import builtins
import re

from torch import Tensor

from imbal_lab.checks.call import Raised
from imbal_lab.checks.judge import CUT, Finding, Verdict, changes
from imbal_lab.checks.printable import printable

MARKS = {"not started": "○", "not yet": "✗", "done": "✓"}
WHY_STOPPED = {
    "time": (
        "a loop that never ends, or one far too long, was interrupted.",
        "run it on five examples first, and look at what ends your loop.",
    ),
    "died": (
        "exit(), a crash in compiled code, or more memory than there is, ends Python itself.",
        "take out exit() and quit(), and print the shapes of what you build: are they too large?",
    ),
}
OF_DTYPES = (
    "two tensors differ in precision: make new ones like those that you are given, with "
    ".new_zeros(...) or dtype=."
)
SAYS_DTYPE = re.compile(r"scalar type|same dtype|dtypes? .*(float|double)", re.IGNORECASE)
READ_ERROR = "call your function yourself, in a new cell: there Python shows the whole error."


def lines_of(verdict: Verdict) -> list[str]:
    """One line if the answer is done, else exactly three."""
    name, finding = verdict.exercise.id, verdict.finding
    if finding is None:
        return [success(verdict)]
    if verdict.state == "not started":
        return [
            f"{MARKS['not started']} {name}: not started.",
            "Why: the answer cell has not been run, or it still raises NotImplementedError, or a "
            "function does that it calls.",
            "Try: write your code in place of that line, run the cell, then run this check again.",
        ]
    why, advice = reason(verdict, finding)
    head = f"{MARKS['not yet']} {name}: {finding.group.name}"
    return [f"{head}: {seen(finding)}.", f"Why: {why}", f"Try: {advice}"]


def success(verdict: Verdict) -> str:
    shown = "; ".join(group.shows for group in verdict.groups)
    later = len(verdict.exercise.groups) - len(verdict.groups)
    more = f" {later} more part{'s' * (later > 1)} will be checked at grading." if later else ""
    return f"{MARKS['done']} {verdict.exercise.id}: shown: {shown}.{more}"


def seen(finding: Finding) -> str:
    """What was seen; of a hidden group no values, in no error text and no class's name either."""
    outcome = finding.outcome
    if not finding.group.hidden or outcome.used_library or outcome.stopped:
        return finding.seen
    if outcome.raised is None:
        return "the result is not the expected one"
    return f"it stopped with {outcome.raised.kind if of_python(outcome.raised) else 'an error'}"


def of_python(error: Raised) -> bool:
    """Whether it is one of Python's own errors, by whose name nobody can pass anything on."""
    kind = getattr(builtins, error.kind, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def reason(verdict: Verdict, finding: Finding) -> tuple[str, str]:
    """Why, and what to try: a known mistake, else the most that can be said for sure."""
    exercise, outcome, advice = verdict.exercise, finding.outcome, finding.group.advice
    if outcome.used_library:
        return (
            "the check wants to see yours, and this one runs the library's own answer.",
            f"write the formula yourself; it takes {exercise.signature} and torch.",
        )
    if verdict.mistake:
        return verdict.mistake.why, verdict.mistake.advice
    if outcome.stopped is not None:
        return WHY_STOPPED[outcome.stopped]
    if outcome.raised is not None:
        return of_an_error(verdict, finding, outcome.raised)
    if outcome.result is None:
        return "the function ends without handing anything back.", "end it with a return line."
    if not isinstance(outcome.result, Tensor):
        if not exercise.axes:
            return "what follows computes with a number.", "return a float, or one tensor entry."
        return (
            "what follows computes with one tensor, not with another kind of value.",
            "torch.tensor makes one of a list of numbers, torch.stack of a list of tensors, "
            "torch.from_numpy of an array.",
        )
    if not exercise.axes and outcome.result.dim():
        return "what follows computes with one number.", ".squeeze() makes one of a single entry."
    if finding.seen == changes(outcome):
        return (
            f"the result is right, but the caller still needs {outcome.changed_input} as it was.",
            "work on a copy: .clone() makes one of a tensor, copy.deepcopy one of a model.",
        )
    if finding.seen == CUT:
        return "the numbers are right, but what comes before could not learn from them.", advice
    if finding.rule:
        return f"a rule is broken: {finding.rule}", advice
    return "no known mistake fits; this is where yours and the expected result part.", advice


def of_an_error(verdict: Verdict, finding: Finding, error: Raised) -> tuple[str, str]:
    """Why, and what to try. Of a hidden group not even which line it was: a choice can tell."""
    if finding.group.hidden:
        why = "Python could not finish your function on an input that is not shown."
    else:
        why = stopped_at(error, verdict.exercise.signature)
    if error.kind == "NameError":
        return why, "run the cell that defines the missing name, then run this check again."
    if not finding.group.hidden and SAYS_DTYPE.search(error.text):
        return why, OF_DTYPES
    first = finding.group is verdict.exercise.groups[0]
    return why, READ_ERROR if first else finding.group.advice


def stopped_at(error: Raised, signature: str) -> str:
    """The line of the learner's own code at which Python stopped."""
    if error.line:
        return f"Python could not finish your line: {printable(error.line, 80)}"
    if error.kind == "TypeError":
        return f"Python could not start it; it is called as {signature}."
    return "Python stopped before there was a result."

"""The words of a verdict: one line of success, or what was seen, why, and what to try."""

import traceback

from torch import Tensor

from imbal_lab.checks.judge import Finding, Verdict, broken_property, changes, out_of_time

MARKS = {"not started": "○", "not yet": "✗", "done": "✓"}
READ_ERROR = "call your function yourself, in a new cell: there Python shows the whole error."


def lines_of(verdict: Verdict) -> list[str]:
    """One line if the answer is done, else exactly three."""
    name, finding = verdict.exercise.id, verdict.finding
    if finding is None:
        return [success(verdict)]
    if verdict.state == "not started":
        return [
            f"{MARKS['not started']} {name}: not started.",
            "Why: the answer cell has not been run, or still raises NotImplementedError.",
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
    """What was seen; of a hidden group no values, in no error text either."""
    if not finding.group.hidden or finding.outcome.used_library:
        return finding.seen
    if finding.outcome.error is not None and not out_of_time(finding.outcome):
        return f"it stopped with {type(finding.outcome.error).__name__}"
    return "the result is not the expected one"


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
    if out_of_time(outcome):
        return (
            "a loop that never ends, or one far too long, was interrupted.",
            "run it on five examples first, and look at what ends your loop.",
        )
    if isinstance(outcome.error, NameError):
        return (
            stopped_at(outcome.error, exercise.signature),
            "run the cell that defines the missing name, then run this check again.",
        )
    if outcome.error is not None:
        first = finding.group is exercise.groups[0]
        return stopped_at(outcome.error, exercise.signature), READ_ERROR if first else advice
    if outcome.result is None:
        return "the function ends without handing anything back.", "end it with a return line."
    if not isinstance(outcome.result, Tensor):
        if not exercise.axes:
            return "what follows computes with a number.", "return a float, or one tensor entry."
        return (
            "what follows computes with one tensor, not with another kind of value.",
            "torch.stack joins a list of rows; torch.from_numpy turns an array into a tensor.",
        )
    if not exercise.axes and outcome.result.dim():
        return "what follows computes with one number.", ".item() makes one of a single entry."
    if finding.seen == changes(outcome):
        return (
            f"the result is right, but the caller still needs {outcome.changed_input} as it was.",
            "work on a copy: .clone() makes one of a tensor, copy.deepcopy one of a model.",
        )
    broken = broken_property(exercise, verdict.seed, finding)
    if broken:
        return f"a rule is broken: {broken}", advice
    return "no known mistake fits; this is where yours and the expected result part.", advice


def stopped_at(error: BaseException, signature: str) -> str:
    """The line of the learner's own code at which ``error`` was raised."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is our call
    if not frames:
        return f"Python could not start it; it is called as {signature}."
    line = [f.line for f in frames if f.filename == frames[0].filename][-1]
    if not line:
        return "Python stopped before there was a result."
    return f"Python could not finish your line: {line if len(line) < 80 else line[:77] + '...'}"

"""What is said of an exercise whose answer cell did not get as far as the function."""

import pytest

from imbal_lab import exercises
from imbal_lab.checks import Known, Outcome, Raised, judge
from imbal_lab.checks.call import call
from imbal_lab.grading.judging.exercise_result import not_judged, of_verdict
from imbal_lab.student_process.outputs import CellError, Text
from imbal_lab.student_process.submission import CellRun

RATIO = exercises.get("imbalance_ratio")
NASTY = "\x1b[31m\u202eevil\n\x00" * 100


def bare(group, case):
    return Outcome(raised=Raised("NotImplementedError", "", ""))


def result(run, ask=bare):
    return of_verdict(judge(Known(RATIO, 1), ask, hidden=True), 4.0, run, 0.5)


@pytest.mark.parametrize("run", [None, CellRun(None, (), "ok", "")], ids=["no cell", "ran"])
def test_a_bare_answer_is_not_started(run):
    made = result(run)
    assert (made.state, made.score, made.points, made.cpu_seconds) == ("not started", 0, 4, 0.5)
    assert made.lines[0].startswith("○ imbalance_ratio: not started")
    assert [group.passed for group in made.groups] == [False, False, False]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (
            CellRun(None, (CellError("SyntaxError", "invalid syntax", ""),), "error", ""),
            "the answer cell stopped with SyntaxError: invalid syntax.",
        ),
        (CellRun(None, (), "error", ""), "the answer cell stopped with an error."),
        (CellRun(None, (), "time", "it took 30 s"), "the answer cell was stopped: it took 30 s."),
        (CellRun(None, (), "died", "it crashed"), "the answer cell was stopped: it crashed."),
        (CellRun(None, (Text("stderr", "x"),), "refused", "no input()"), "stopped: no input()."),
    ],
)
def test_an_answer_cell_that_failed_is_named(run, said):
    made = result(run)
    assert (made.state, made.score, len(made.lines)) == ("not yet", 0, 3)
    assert made.lines[0].startswith("✗ imbalance_ratio: ")
    assert made.lines[0].endswith(said)


@pytest.mark.parametrize("ended", ["error", "time", "died", "refused"])
def test_a_function_that_is_there_is_judged_whatever_became_of_its_cell(ended):
    """A cell may fail after the definition, or in a copy of it."""

    def right(group, case):
        return call(RATIO.reference, RATIO.draw(case, 1), RATIO.draw(case, 1))

    made = result(CellRun(None, (), ended, "x"), right)
    assert (made.state, made.score) == ("done", 4)


@pytest.mark.parametrize(
    "run",
    [
        CellRun(None, (CellError(NASTY, NASTY, NASTY),), "error", ""),
        CellRun(None, (), "refused", NASTY),
    ],
)
def test_what_comes_from_the_student_can_be_printed(run):
    assert all(line.isprintable() and len(line) < 330 for line in result(run).lines)


def test_what_was_not_judged_has_no_points_and_says_why():
    made = not_judged("imbalance_ratio", 4.0, RATIO, "the dog ate it.")
    assert (made.state, made.score, made.points, made.mistake) == ("not started", 0, 4, None)
    assert made.lines == (
        "○ imbalance_ratio: not judged.",
        "Why: the dog ate it.",
        "Try: nothing for now, a person will look at it.",
    )
    assert [group.name for group in made.groups] == [group.name for group in RATIO.groups]
    assert not_judged("unknown", 1.0, None, "x.").groups == ()

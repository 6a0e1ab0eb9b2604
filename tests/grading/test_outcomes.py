"""A check's report is believed only as far as its form holds."""

import copy

import pytest

from imbal_lab import checks
from imbal_lab.grading import outcomes
from imbal_lab.grading.outcomes import STATES, Group, read_outcomes

REPORT = {
    "exercise": "double",
    "state": "not yet",
    "seed": 5,
    "score": 1.0,
    "points": 2,
    "groups": [
        {"name": "shown", "hidden": False, "passed": True, "weight": 1},
        {"name": "secret", "hidden": True, "passed": False, "weight": 1},
    ],
    "mistake": "squares",
    "lines": ["seen", "why", "try"],
}


def executed(*outputs, grade_id="check-double"):
    """A notebook with one graded cell that has these outputs."""
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": grade_id, "grade": True}}}
    return {
        "cells": [{"cell_type": "markdown", "metadata": {}}, {**cell, "outputs": list(outputs)}]
    }


def shown(report):
    return {"output_type": "display_data", "data": {checks.MIME: report}}


def read(*outputs, **options):
    (outcome,) = read_outcomes(executed(*outputs, **options), {"double": 2.0})
    return outcome


def test_a_report_goes_by_the_name_that_the_checks_give_it(monkeypatch):
    monkeypatch.setattr(checks, "MIME", "application/another+json")
    assert read(shown(REPORT)).state == "not yet"


def test_sound_report():
    outcome = read(shown(REPORT))
    assert (outcome.state, outcome.score, outcome.points) == ("not yet", 1.0, 2.0)
    assert (outcome.mistake, outcome.lines) == ("squares", ("seen", "why", "try"))
    assert outcome.groups == (Group("shown", False, True, 1.0), Group("secret", True, False, 1.0))


def test_one_line_of_success():
    outcome = read(shown({**REPORT, "state": "done", "lines": ["well done"], "mistake": None}))
    assert (outcome.lines, outcome.mistake) == (("well done", "", ""), None)


def test_last_report_counts():
    assert read(shown(REPORT), shown({**REPORT, "score": 2.0})).score == 2.0


@pytest.mark.parametrize(
    "change",
    [
        {"exercise": "twice"},
        {"state": "brilliant"},
        {"score": 3},
        {"score": -1},
        {"score": float("nan")},
        {"score": True},
        {"score": "2"},
        {"lines": [1, 2, 3]},
        {"lines": None},
        {"mistake": ["x"]},
        {"groups": [{"name": "x", "hidden": 0, "passed": True, "weight": 1}]},
        {"groups": [{"name": "x"}]},
        {"groups": "xy"},
    ],
)
def test_damaged_report_is_no_result(change):
    outcome = read(shown({**REPORT, **change}))
    assert (outcome.state, outcome.score) == (outcomes.NO_RESULT, 0.0)
    assert "damaged" in outcome.lines[0]


@pytest.mark.parametrize("key", ["exercise", "state", "score", "groups", "lines"])
def test_missing_part_is_no_result(key):
    report = copy.deepcopy(REPORT)
    del report[key]
    assert read(shown(report)).state == outcomes.NO_RESULT


@pytest.mark.parametrize("report", [None, [], "x", 1])
def test_something_else_is_no_result(report):
    assert read(shown(report)).state == outcomes.NO_RESULT


def test_only_the_check_cell_may_report():
    outcome = read(shown(REPORT), grade_id="answer-double")
    assert (outcome.state, outcome.lines[0]) == (outcomes.NO_RESULT, "the check cell is missing")


def test_why_there_is_no_report():
    error = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": []}
    assert read(error).lines[0] == "the check did not run (NameError)"
    assert read({"output_type": "stream", "name": "stdout", "text": "hi"}).lines[0] == (
        "the check left no report"
    )


def test_long_texts_are_cut():
    outcome = read(shown({**REPORT, "lines": ["x" * 10**6], "groups": REPORT["groups"] * 1000}))
    assert len(outcome.lines[0]) == 2000
    assert len(outcome.groups) == 100


def test_every_state_is_known():
    assert [read(shown({**REPORT, "state": state})).state for state in STATES] == list(STATES)

"""The notebook that a grader opens: sound nbformat, safe outputs, the release's metadata."""

import json

import nbformat
import pytest

from imbal_lab.grading.judging.executed_notebook import executed_notebook
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.student_process.outputs import CellError, Text
from imbal_lab.student_process.submission import CellRun

HINT = "<details>\n<summary>Hint</summary>\n\nCount first.\n</details>"
MARKS = {"nbgrader": {"grade": True, "grade_id": "check-double", "points": 2}}
RELEASE = {
    "cells": [{"cell_type": "markdown", "metadata": {}, "source": ["<details>\n", HINT[10:]]}],
    "metadata": {"imbal_lab": {"lesson": "90_stub"}, "language_info": {"name": "python"}},
}


def run(*outputs, ended="ok", says=""):
    return CellRun(None, outputs, ended, says)


@pytest.fixture
def made():
    """One of every kind of cell, executed."""
    cells = (
        PlannedCell("markdown", HINT, None, None, "hint"),
        PlannedCell("markdown", "Mine: <script>alert(1)</script>", None, None, "mine"),
        PlannedCell("code", "print('a')", "answer-double", "double", "answer-double", {"x": 1}),
        PlannedCell("code", "1/0", None, None, "extra"),
        PlannedCell("code", "while True: pass", None, None, "loop"),
        PlannedCell("check", "check('double')", "check-double", "double", "check-double", MARKS),
        PlannedCell("check", "check('other')", "check-other", "other", "check-other"),
    )
    runs = {
        2: run(Text("stdout", "a\x1b[31m\n"), Text("result", "3")),
        3: run(CellError("ZeroDivisionError", "division by zero", "1/0"), ended="error"),
        4: run(ended="time", says="it did not come to an end within 30 s"),
    }
    content = executed_notebook(RELEASE, cells, runs, {"double": ("✗ double: no.", "Why: x.")})
    return json.loads(content)


def test_it_is_a_notebook_of_the_release(made):
    nbformat.validate(made)
    assert made["metadata"] == RELEASE["metadata"]
    assert [cell["id"] for cell in made["cells"]][2:] == [
        "answer-double", "extra", "loop", "check-double", "check-other",
    ]  # fmt: skip
    assert made["cells"][2]["metadata"] == {"x": 1}
    assert made["cells"][5]["metadata"] == MARKS


def test_cells_are_counted_in_the_order_in_which_they_ran(made):
    assert [cell.get("execution_count") for cell in made["cells"]] == [None, None, 1, 2, 3, 4, 5]


def test_a_students_text_loses_its_html_and_the_releases_keeps_it(made):
    assert made["cells"][0]["source"] == HINT
    assert "<script" not in made["cells"][1]["source"]
    assert "Mine: " in made["cells"][1]["source"]


def test_outputs_are_plain_and_errors_are_lines(made):
    answer, extra, loop = made["cells"][2:5]
    assert answer["outputs"][0] == {"output_type": "stream", "name": "stdout", "text": "a\n"}
    assert answer["outputs"][1]["data"] == {"text/plain": "3"}
    assert "ZeroDivisionError: division by zero" in extra["outputs"][0]["text"]
    (says,) = loop["outputs"]
    assert (says["name"], says["text"]) == (
        "stderr",
        "The cell was stopped: it did not come to an end within 30 s.\n",
    )


def test_a_check_says_its_lines(made):
    assert made["cells"][5]["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "✗ double: no.\nWhy: x.\n"}
    ]
    assert made["cells"][6]["outputs"] == []


def test_what_did_not_run_has_no_number_and_no_output():
    cells = (PlannedCell("code", "x = 1", None, None, "a"),)
    (cell,) = json.loads(executed_notebook(RELEASE, cells, {}, {}))["cells"]
    assert (cell["execution_count"], cell["outputs"]) == (None, [])


def test_half_a_character_does_not_stop_it():
    cells = (PlannedCell("code", "x = '\ud800'", None, None, "a"),)
    assert b"x = '?'" in executed_notebook(RELEASE, cells, {}, {})

"""Three lines and nothing else, in a real IPython shell and in a real kernel."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

RIGHT = """
import torch
from imbal_lab.checks import check
def unit_directions(grads):
    return torch.nn.functional.normalize(grads, dim=1)
"""
WRONG = RIGHT.replace("torch.nn.functional.normalize(grads, dim=1)", "grads / grads.norm()")
HALF = RIGHT.replace(
    "torch.nn.functional.normalize(grads, dim=1)", "grads / grads.norm(dim=1)[:, None]"
)
STOPS = RIGHT.replace("torch.nn.functional.normalize(grads, dim=1)", "grads / grads.shape[7]")
BARE = RIGHT.replace(
    "return torch.nn.functional.normalize(grads, dim=1)", "raise NotImplementedError()"
)
CHECK = "check('unit_directions', points=4)"
CELLS = {
    "wrong": (WRONG, "✗ unit_directions: three gradients", "Why: all classes are divided by one"),
    "bare": (BARE, "○ unit_directions: not started.", "Why: the answer cell has not been run"),
    "undefined": ("from imbal_lab.checks import check", "○ unit_directions: not started.", "Why: "),
    "stops": (STOPS, "✗ unit_directions: three grad", "your line: return grads / grads.shape[7]"),
}

LOUD = RIGHT.replace(
    "    return",
    """    import logging, os, sys, warnings
    warnings.simplefilter("always")
    warnings.warn("oh")
    logging.warning("oh")
    print("oh", file=sys.stderr)
    os.write(2, b"oh")
    return""",
)

SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
for source in json.load(sys.stdin):
    shell.run_cell(source)
"""


def in_ipython(*sources, **environment):
    """stdout and stderr of the cells, run by an IPython shell in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        input=json.dumps(sources),
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines(), done.stderr


def in_a_kernel(answer, **environment):
    """The outputs of the check cell in a kernel, and whether the cell failed."""
    cells = [nbformat.v4.new_code_cell(source) for source in (answer, CHECK)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", coalesce_streams=True)
    try:
        client.execute(env={**os.environ, **environment})
    except CellExecutionError:
        return notebook.cells[-1].outputs, True
    return notebook.cells[-1].outputs, False


@pytest.mark.parametrize("name", CELLS)
def test_ipython_shows_exactly_three_lines(name):
    answer, first, why = CELLS[name]
    out, err = in_ipython(answer, CHECK)
    assert err == ""
    assert len(out) == 3
    assert out[0].startswith(first)
    assert out[1].startswith("Why: ")
    assert why in out[1]
    assert out[2].startswith("Try: ")


@pytest.mark.parametrize("answer", [RIGHT, LOUD], ids=["quiet", "loud"])
def test_ipython_shows_success_and_nothing_else(answer):
    out, err = in_ipython(answer, CHECK)
    assert err == ""
    assert all(line.startswith("  ") for line in out[1:])  # one sentence, wrapped
    assert max(map(len, out)) <= 110
    assert out[0].startswith("✓ unit_directions: shown: every row has length 1")


def test_a_kernel_shows_three_lines_and_no_stack():
    (output,), failed = in_a_kernel(WRONG)
    assert failed
    assert (output.output_type, output.ename) == ("error", "CheckFailed")
    assert len(output.traceback) == 3
    assert output.evalue == "\n".join(output.traceback)


def test_a_kernel_hears_nothing_from_a_loud_answer():
    """nbgrader gives no points for a cell that has anything on stderr."""
    logs_to_the_notebook = "import logging\nlogging.basicConfig()\n"
    (output,), failed = in_a_kernel(logs_to_the_notebook + LOUD)
    assert not failed
    assert (output.output_type, output.name) == ("stream", "stdout")


def test_a_kernel_at_grading_prints_and_returns_the_points():
    """What stock nbgrader reads: the number is the partial credit."""
    outputs, failed = in_a_kernel(HALF, NBGRADER_EXECUTION="autograde", IMBAL_LAB_SEED="5")
    assert not failed
    assert [o.output_type for o in outputs] == ["stream", "execute_result"]
    assert outputs[0].name == "stdout"
    assert outputs[0].text.startswith("✗ unit_directions: a class without examples")
    assert float(outputs[1].data["text/plain"]) == 3.2

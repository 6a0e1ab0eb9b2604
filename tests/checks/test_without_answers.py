"""Checks in a process that has no answers: a student's, while it is being graded."""

import subprocess
import sys

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("imbal_lab.methods", "imbal_lab.exercises")):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
from imbal_lab.checks import Case, CheckFailed, Exercise, Group, Known, asking, check, judge
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", "-c", BLOCKED + code],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_a_check_says_in_three_lines_that_it_is_not_judged_here():
    done = run("""
def unit_directions(grads):
    return grads
try:
    check('unit_directions', points=2)
except CheckFailed as failed:
    print(*failed._render_traceback_(), sep="\\n")
    assert failed.__suppress_context__
""")
    assert done.stderr == ""
    first, why, advice = done.stdout.splitlines()
    assert first == "○ unit_directions: not judged here."
    assert why.startswith("Why: ")
    assert advice.startswith("Try: ")


def test_in_ipython_no_stack_is_shown():
    done = run("""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("from imbal_lab.checks import check")
shell.run_cell("check('unit_directions', points=2)")
""")
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == ""


def test_an_exercise_of_ones_own_is_judged():
    done = run("""
import torch
case = Case("one", lambda generator: {"x": torch.ones(2)})
group = Group("ones", "ones work", 1, (case,), "add.")
task = Exercise("twice", lambda x: 2 * x, ("entry",), (group,), (), ())
print(judge(Known(task, 0), asking(task, lambda x: x + x, 0), hidden=True).state)
""")
    assert (done.stdout.strip(), done.stderr) == ("done", "")

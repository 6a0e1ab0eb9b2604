"""Every lesson is run from its source: right answers shine, an untouched release is calm.

It prints the CPU seconds that each lesson takes and all of them together, with right answers,
kernel and imports included.
"""

import resource
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from imbal_lab.authoring.build import read_lessons, to_notebook
from imbal_lab.exercises import get, names

ROOT = Path(__file__).parents[2]
REFERENCES = {name: get(name).reference for name in names()}
BUDGET = 180  # CPU seconds a lesson
COURSE = 720  # CPU seconds, all lessons together
LESSONS = {lesson.name: lesson for lesson in read_lessons(ROOT)}
MEASURED: dict[str, float] = {}  # CPU seconds by lesson, as far as this run has come


def executed(notebook, folder):
    """The notebook after running every cell, errors kept; and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    NotebookClient(
        notebook,
        allow_errors=True,
        kernel_name="python3",
        coalesce_streams=True,  # one print may come in two messages
        resources={"metadata": {"path": str(folder)}},
        timeout=300,
    ).execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def outputs(notebook, kind):
    """(cell id, output) of every output of this kind."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(c.id, out) for c in code for out in c.outputs if out.output_type == kind]


def stderr(notebook):
    return [(cell, out.text) for cell, out in outputs(notebook, "stream") if out.name == "stderr"]


@pytest.fixture(params=LESSONS)
def lesson(request):
    return LESSONS[request.param]


def test_with_right_answers_everything_is_done(lesson, tmp_path, capsys):
    notebook = to_notebook(lesson, REFERENCES, answers=True)
    seconds = executed(notebook, tmp_path)
    MEASURED[lesson.name] = seconds
    with capsys.disabled():
        print(f"\n{lesson.name}: {seconds:.0f} CPU seconds of {BUDGET}")
    assert seconds < BUDGET
    assert [(cell, out.ename, out.evalue) for cell, out in outputs(notebook, "error")] == []
    assert stderr(notebook) == []
    said = dict(outputs(notebook, "stream"))
    checks = [cell.id for cell in lesson.cells if cell.role == "check"]
    assert checks
    assert [said[check].text for check in checks if not said[check].text.startswith("✓")] == []
    shown = dict(outputs(notebook, "execute_result")).get("extra-acceptance")
    assert shown is None or "✓" in shown.data["text/plain"]
    assert shown is None or "✗" not in shown.data["text/plain"]


def test_an_untouched_release_says_not_started_and_nothing_worse(lesson, tmp_path):
    path = ROOT / "notebooks" / lesson.name / f"{lesson.name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    executed(notebook, tmp_path)
    errors = outputs(notebook, "error")
    checks = [cell.id for cell in lesson.cells if cell.role == "check"]
    assert [cell for cell, _ in errors] == checks
    assert all(out.traceback[0].startswith("○") and len(out.traceback) == 3 for _, out in errors)
    assert stderr(notebook) == []


def test_the_whole_course_fits_its_budget(capsys):
    """After the lessons above; where only some were run, for those."""
    total = sum(MEASURED.values())
    with capsys.disabled():
        print(f"\n{len(MEASURED)} of {len(LESSONS)} lessons: {total:.0f} CPU seconds of {COURSE}")
    assert total < COURSE

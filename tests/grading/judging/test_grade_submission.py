"""One submission from bytes to points, with real processes, on the two released lessons."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from imbal_lab import exercises
from imbal_lab.authoring.answers import fill, lift
from imbal_lab.grading.judging import grade_submission as worker
from imbal_lab.grading.judging import judge_submission as judging
from imbal_lab.grading.judging.grade_submission import close_warm_parents, grade_submission
from imbal_lab.grading.judging.graded import Job
from imbal_lab.sandbox import ConfinementError, granted, probe, why_refused
from imbal_lab.student_process.submission import Budget

ROOT = Path(__file__).parents[3]
TOUR, DYNAMICS = "00_start_here", "02_learning_dynamics"
LIGHT, LOADS_DATA = "02_light", "given-5"
SEED = 77
STUB = "# YOUR CODE HERE\n    raise NotImplementedError()"


@pytest.fixture(scope="module", autouse=True)
def unsafe():
    """Whether this machine cannot confine: the judging is the same."""
    yield why_refused(granted(probe())) is not None
    close_warm_parents()


@pytest.fixture
def small(monkeypatch):
    """A budget that a loop uses up in seconds."""
    budget = Budget(cell=1.0, call=1.0, exercise=2.0, submission=30.0)
    monkeypatch.setattr(worker, "BUDGET", budget)


def released(lesson):
    """A lesson as it is handed out; LIGHT is the second without what takes a second to run."""
    name = DYNAMICS if lesson == LIGHT else lesson
    notebook = json.loads((ROOT / "notebooks" / name / f"{name}.ipynb").read_text("utf-8"))
    if lesson == LIGHT:
        notebook["cells"] = [c for c in notebook["cells"] if c["id"] != LOADS_DATA]
    return notebook


def right(notebook):
    """The released notebook with the library's own bodies in its answer cells."""
    for cell in notebook["cells"]:
        name = cell["id"].removeprefix("answer-")
        if name != cell["id"]:
            stub = "".join(cell["source"]).replace(STUB, "...")
            cell["source"] = fill(stub, lift(exercises.get(name).reference))
    return notebook


def handed_in(lesson, **answers):
    """All answers right, but for these; None leaves the cell as it was released."""
    notebook, bare = right(released(lesson)), released(lesson)
    for cell, untouched in zip(notebook["cells"], bare["cells"], strict=True):
        name = cell["id"].removeprefix("answer-")
        if name in answers:
            cell["source"] = untouched["source"] if answers[name] is None else answers[name]
    return notebook


@pytest.fixture
def grade(unsafe):
    """Grades a notebook or bytes against the release of a lesson."""

    def run(submission, lesson=LIGHT, release=None, seed=SEED):
        if not isinstance(submission, bytes):
            submission = json.dumps(submission).encode()
        release = json.dumps(release or released(lesson)).encode()
        return grade_submission(Job(lesson, "anna", submission, release, seed, unsafe))

    return run


def scores(graded):
    return {result.exercise: result.score for result in graded.exercises}


def lines(graded, exercise):
    return next(result.lines for result in graded.exercises if result.exercise == exercise)


@pytest.mark.parametrize(
    ("lesson", "points"),
    [
        (TOUR, {"imbalance_ratio": 1}),
        (DYNAMICS, {"class_gradients": 3, "unit_directions": 2, "pcngd_step": 2}),
    ],
)
def test_right_answers_get_all_points_and_nothing_to_look_at(grade, lesson, points):
    graded = grade(handed_in(lesson), lesson)
    assert scores(graded) == points
    assert (graded.notes, graded.flags, graded.doubts) == ((), (), ())
    for result in graded.exercises:
        assert (result.state, result.points, result.mistake) == (
            "done", points[result.exercise], None,
        )  # fmt: skip
        assert len(result.lines) == 1
        task = exercises.get(result.exercise)
        assert [(g.name, g.hidden, g.passed, g.weight) for g in result.groups] == [
            (g.name, g.hidden, True, g.weight) for g in task.groups
        ]
        assert 0 <= result.cpu_seconds < 30


def test_the_notebook_was_run_and_holds_what_the_cells_said(grade):
    graded = grade(handed_in(DYNAMICS), DYNAMICS)
    notebook = json.loads(graded.notebook)
    nbformat.validate(notebook)
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    assert cells[LOADS_DATA]["outputs"][-1]["text"].endswith("parameters: 2210\n")
    (said,) = cells["check-unit_directions"]["outputs"]
    assert said["text"] == "\n".join(lines(graded, "unit_directions")) + "\n"
    assert [c["id"] for c in notebook["cells"]] == [c["id"] for c in released(DYNAMICS)["cells"]]


def test_right_wrong_and_untouched_in_one_notebook(grade):
    graded = grade(
        handed_in(
            LIGHT,
            class_gradients=None,
            unit_directions="def unit_directions(grads):\n"
            "    return grads / grads.norm(dim=1, keepdim=True)",
            pcngd_step="def pcngd_step(params, grads, lr):\n"
            "    return params - lr * grads.sum(dim=0)",
        )
    )
    assert scores(graded) == {
        "class_gradients": 0,
        "unit_directions": pytest.approx(2 * 4 / 5),
        "pcngd_step": 0,
    }
    assert [r.state for r in graded.exercises] == ["not started", "not yet", "not yet"]
    assert [r.mistake for r in graded.exercises] == [None, "unguarded", "plain_gd"]
    assert [len(r.lines) for r in graded.exercises] == [3, 3, 3]
    assert graded.doubts == ()


@pytest.mark.parametrize(
    ("code", "first", "third"),
    [
        ("def unit_directions(grads)\n    pass", "stopped with SyntaxError", "run that cell again"),
        ("import nothing_of_this_name", "stopped with ModuleNotFoundError", "run that cell again"),
        ("import os\nos._exit(1)", "was stopped", "leave only the function"),
        (
            "while True:\n    pass",
            "was stopped: it did not come to an end within 1 s",
            "leave only",
        ),
    ],
    ids=["syntax", "import", "exit", "loop"],
)
def test_an_answer_cell_that_fails_costs_its_own_exercise(grade, small, code, first, third):
    graded = grade(handed_in(LIGHT, unit_directions=code))
    unit = next(r for r in graded.exercises if r.exercise == "unit_directions")
    assert (unit.state, unit.score, len(unit.lines)) == ("not yet", 0, 3)
    assert unit.lines[0].startswith("✗ unit_directions: the answer cell ")
    assert first in unit.lines[0]
    assert third in unit.lines[2]
    assert scores(graded)["class_gradients"] == 3
    assert graded.doubts == ()


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("import os\n    os._exit(1)", "it ended the whole Python process"),
        ("while True:\n        pass", "it did not come to an end within the time limit"),
        ("grads[0, 99]", "it stopped with IndexError"),
    ],
    ids=["exit", "loop", "error"],
)
def test_a_function_that_fails_costs_its_own_exercise(grade, small, code, seen):
    graded = grade(handed_in(LIGHT, unit_directions=f"def unit_directions(grads):\n    {code}"))
    unit = next(r for r in graded.exercises if r.exercise == "unit_directions")
    assert (unit.state, unit.score, len(unit.lines)) == ("not yet", 0, 3)
    assert seen in unit.lines[0]
    assert scores(graded)["class_gradients"] == 3
    assert graded.doubts == ()


def test_a_death_on_a_single_group_costs_that_group(grade):
    code = """
def unit_directions(grads):
    if len(grads) == 3 and (grads.norm(dim=1) == 0).any():
        import os
        os._exit(0)
    return F.normalize(grads, dim=1)
"""
    graded = grade(handed_in(LIGHT, unit_directions=code))
    unit = next(r for r in graded.exercises if r.exercise == "unit_directions")
    assert [g.passed for g in unit.groups] == [True, False, True, True]
    assert unit.score == pytest.approx(2 * 4 / 5)


def test_a_notebook_that_uses_up_its_whole_budget_needs_a_person(grade, monkeypatch):
    budget = Budget(cell=5.0, call=1.0, exercise=2.0, submission=2.0)
    monkeypatch.setattr(worker, "BUDGET", budget)
    graded = grade(handed_in(LIGHT, class_gradients="while True:\n    pass"))
    assert any("all that a submission gets" in doubt for doubt in graded.doubts)
    assert len(graded.exercises) == 3


LEAKS = """
import os, pathlib

def unit_directions(grads):
    text = repr([f"{v:.9g}" for v in grads.double().flatten().tolist()])
    print(text)
    os.system(f"echo {text}")
    store = pathlib.Path("seen.txt")
    try:
        before = store.read_text() if store.exists() else ""
        store.write_text(before + text)
    except OSError:
        before = ""
    if HOW == "text":
        raise ValueError(before + text)
    if HOW == "kind":
        raise type("K" + text, (Exception,), {})
    if HOW == "result":
        return type("R" + text, (), {})()
    if HOW == "line":
        exec(compile("raise ValueError(1)  # " + text, "/cell", "exec"))
    return F.normalize(grads, dim=1)
"""


@pytest.mark.parametrize("how", ["text", "kind", "result", "line", "print"])
@pytest.mark.parametrize("visible", ["wrong", "right"])
def test_no_hidden_input_leaves_by_any_road(grade, how, visible):
    """Where the visible groups are right, the hidden one speaks first."""
    code = f"HOW = {how!r}\n{LEAKS}"
    if visible == "right":
        code = code.replace(
            "    if HOW",
            "    if len(grads) < 5:\n        return F.normalize(grads, dim=1)\n    if HOW",
            1,
        )
    graded = grade(handed_in(LIGHT, unit_directions=code))
    task = exercises.get("unit_directions")
    hidden = [case for group in task.groups if group.hidden for case in group.cases]
    values = [v for case in hidden for v in task.draw(case, SEED)["grads"].flatten().tolist()]
    said = repr(replace(graded, notebook=b"")) + graded.notebook.decode()
    assert not [v for v in values if f"{v:.9g}"[:9] in said]
    unit = next(r for r in graded.exercises if r.exercise == "unit_directions")
    assert unit.groups[-1].passed is (how == "print")


def test_the_same_job_gives_the_same_result_and_another_seed_other_cases(grade):
    wrong = handed_in(LIGHT, unit_directions="def unit_directions(grads):\n    return 3 * grads")

    def timeless(graded):
        results = [replace(result, cpu_seconds=0.0) for result in graded.exercises]
        return replace(graded, cpu_seconds=0.0, exercises=tuple(results))

    first, again, other = (timeless(grade(wrong, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert lines(first, "unit_directions") != lines(other, "unit_directions")


def test_threads_share_the_parent(grade):
    notebooks = [handed_in(LIGHT, pcngd_step=code) for code in (None, "1/0")] * 2
    alone = [scores(grade(notebook)) for notebook in notebooks[:2]]
    with ThreadPoolExecutor(2) as pool:
        assert [scores(graded) for graded in pool.map(grade, notebooks)] == alone * 2


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"\x00\xff" * 100, b'{"cells": 3}', b"[1]"], ids=range(5)
)
def test_what_cannot_be_read_needs_a_person_and_gets_a_verdict(grade, content):
    graded = grade(content)
    assert scores(graded) == {"class_gradients": 0, "unit_directions": 0, "pcngd_step": 0}
    assert all(r.state == "not started" and len(r.lines) == 3 for r in graded.exercises)
    assert len(graded.doubts) == 1
    nbformat.validate(json.loads(graded.notebook))


def test_innocent_damage_costs_nothing_and_is_said(grade):
    notebook = handed_in(LIGHT)
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    cells = [c for c in notebook["cells"] if c["id"] != "check-pcngd_step"]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    graded = grade(notebook)
    assert scores(graded) == {"class_gradients": 3, "unit_directions": 2, "pcngd_step": 2}
    assert graded.notes
    assert graded.doubts == ()


def test_a_forgotten_import_costs_nothing(grade):
    code = """
def unit_directions(grads):
    lengths = np.linalg.norm(grads.numpy(), axis=1, keepdims=True)
    return torch.from_numpy(np.where(lengths == 0, 0, grads / np.where(lengths == 0, 1, lengths)))
"""
    graded = grade(handed_in(LIGHT, unit_directions=code))
    assert scores(graded)["unit_directions"] == 2
    mended = "needed `import numpy as np`; it was run for you."
    assert graded.notes == (f"unit_directions {mended}", f"pcngd_step {mended}")  # which calls it


def test_an_exercise_that_nobody_knows_is_a_doubt(grade):
    release = released(LIGHT)
    text = json.dumps(release).replace("unit_directions", "unit_dirextions")
    graded = grade(handed_in(LIGHT), release=json.loads(text))
    assert "This version of the course has no exercise called unit_dirextions." in graded.doubts
    assert scores(graded)["class_gradients"] == 3


def test_an_error_of_ours_is_a_doubt_and_every_exercise_has_a_result(grade, monkeypatch):
    def breaks(*args):
        raise RuntimeError("with a path in it")

    monkeypatch.setattr(judging, "run_cells", breaks)
    graded = grade(handed_in(LIGHT))
    (doubt,) = graded.doubts
    assert doubt.startswith("The grader failed at running the notebook: RuntimeError in test_grade")
    assert [r.lines[1] for r in graded.exercises] == [f"Why: {worker.OURS}"] * 3
    nbformat.validate(json.loads(graded.notebook))


def test_where_nothing_can_be_confined_nothing_is_graded(grade, monkeypatch):
    def refuses(unsafe):
        raise ConfinementError("no Landlock")

    monkeypatch.setattr(worker, "warm_parent", refuses)
    with pytest.raises(ConfinementError):
        grade(handed_in(LIGHT))


def test_points_are_the_releases_whatever_the_notebook_says(grade):
    notebook = handed_in(LIGHT)
    text = (
        json.dumps(notebook)
        .replace('"points": 2', '"points": 200')
        .replace("points=2", "points=200")
    )
    graded = grade(json.loads(text))
    assert math.fsum(scores(graded).values()) == 7

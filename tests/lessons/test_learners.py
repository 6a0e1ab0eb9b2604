"""Three synthetic learners take lesson 02, and a teacher grades them: scores and messages.

- `right`: every answer right, in a style of its own;
- `half`: one answer right, one right in parts, one wrong; no wrong code is on a mistakes list;
- `untouched`: the release as it was handed out.
"""

import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imbal_lab.exercises import get
from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook.tables import cases, connect, diagnoses, latest_runs

ROOT = Path(__file__).parents[2]
LESSON = "02_learning_dynamics"
RELEASED = ROOT / "notebooks" / LESSON / f"{LESSON}.ipynb"

RIGHT = {
    "class_gradients": """
def class_gradients(model, x, y, num_classes):
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = torch.zeros(num_classes, sum(p.numel() for p in model.parameters()), dtype=x.dtype)
    for label in y.unique().tolist():
        part = (losses * (y == label)).mean()
        gradient = torch.autograd.grad(part, list(model.parameters()), retain_graph=True)
        rows[label] = torch.nn.utils.parameters_to_vector(gradient)
    return rows
""",
    "unit_directions": """
def unit_directions(grads):
    lengths = (grads ** 2).sum(1).sqrt()
    lengths[lengths == 0] = 1.0
    return grads / lengths[:, None]
""",
    "pcngd_step": """
import warnings

def pcngd_step(params, grads, lr):
    warnings.warn("a right answer that chatters")
    new = params.clone()
    for gradient in grads:
        length = torch.linalg.norm(gradient)
        if length > 0:
            new -= lr * gradient / length
    return new
""",
}
HALF = {
    "class_gradients": RIGHT["class_gradients"],
    "unit_directions": """
def unit_directions(grads):
    return torch.nan_to_num(grads / grads.norm(dim=1, keepdim=True), nan=1.0)
""",
    "pcngd_step": """
def pcngd_step(params, grads, lr):
    lengths = grads.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return (1 - lr) * params - lr * (grads / lengths).sum(dim=0)
""",
}
# Per learner: exercise -> (state, score, mistake, what line 1 says, what line 2 says).
TABLE = {
    "right": {
        "class_gradients": ("done", 3, None, "shown: the rows add up", ""),
        "unit_directions": ("done", 2, None, "shown: every row has length 1", ""),
        "pcngd_step": ("done", 2, None, "shown: the step is the learning rate", ""),
    },
    "half": {
        "class_gradients": ("done", 3, None, "shown: the rows add up", ""),
        "unit_directions": (
            "not yet",
            2 * 4 / 5,
            None,
            "a class without examples, whose gradient is zero: class 1, parameter 0: "
            "expected 0, got 1",
            "a rule is broken: every row must have length 1, or 0 where",
        ),
        "pcngd_step": (
            "not yet",
            0,
            None,
            "three classes: parameter 0: expected",
            "rule is broken",
        ),
    },
    "untouched": {
        "class_gradients": ("not started", 0, None, "not started", "NotImplementedError"),
        "unit_directions": ("not started", 0, None, "not started", "NotImplementedError"),
        "pcngd_step": ("not started", 0, None, "not started", "NotImplementedError"),
    },
}
ROWS = [(who, exercise) for who, row in TABLE.items() for exercise in row]


def handed_in(answers):
    """The release with these answers, by exercise."""
    notebook = json.loads(RELEASED.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"].removeprefix("answer-"), cell["source"])
    return json.dumps(notebook)


def imbal_lab(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "imbal_lab.cli", *arguments],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith("NBGRADER")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def school(tmp_path_factory):
    """A course in which the three were collected, graded and given feedback by the commands."""
    home = tmp_path_factory.mktemp("school")
    (home / "course").mkdir()
    shutil.copy(ROOT / "course" / "nbgrader_config.py", home / "course")
    shutil.copytree(RELEASED.parent, home / "notebooks" / LESSON)
    inbox = home / "inbox"
    inbox.mkdir()
    written = {"right": RIGHT, "half": HALF, "untouched": {}}
    for who in TABLE:
        (inbox / f"{who}.ipynb").write_text(handed_in(written[who]), encoding="utf-8")
    said = {
        "release": imbal_lab("release", LESSON, cwd=home),
        "collect": imbal_lab("collect", LESSON, str(inbox), cwd=home),
        "grade": imbal_lab("grade", LESSON, cwd=home),
        "feedback": imbal_lab("feedback", LESSON, cwd=home),
        "export": imbal_lab("export", cwd=home),
    }
    assert {
        name: (run.returncode, run.stderr) for name, run in said.items() if run.returncode
    } == {}
    return Course.find(home), said


def rows_of(connection, table, run):
    chosen = connection.execute(table.select().where(table.c.run_id == run))
    return [dict(row) for row in chosen.mappings()]


@pytest.mark.parametrize(("who", "exercise"), ROWS)
def test_state_score_and_message(school, who, exercise):
    course, _ = school
    with connect(course) as connection:
        run = latest_runs(connection, LESSON)[who]
        row = next(
            r for r in rows_of(connection, diagnoses, run["id"]) if r["exercise"] == exercise
        )
    state, score, mistake, first, second = TABLE[who][exercise]
    assert (row["state"], row["score"], row["mistake"]) == (state, pytest.approx(score), mistake)
    assert first in row["line_1"]
    assert second in row["line_2"]


def test_hidden_parts_are_judged_with_a_seed_for_each_student(school):
    course, _ = school
    with connect(course) as connection:
        runs = latest_runs(connection, LESSON)
        hidden = [r for r in rows_of(connection, cases, runs["right"]["id"]) if r["hidden"]]
    assert len({run["seed"] for run in runs.values()}) == len(TABLE)
    assert {r["exercise"] for r in hidden} == set(RIGHT)
    assert all(r["passed"] for r in hidden)


def test_the_exported_scores(school):
    _, said = school
    scores = {row["student"]: row for row in csv.DictReader(io.StringIO(said["export"].stdout))}
    expected = {who: sum(r[1] for r in t.values()) for who, t in TABLE.items()}
    assert {who: float(row["score"]) for who, row in scores.items()} == pytest.approx(expected)


def test_nbgrader_validate_speaks_in_three_lines(school):
    """nbgrader cuts each line to its own width."""
    course, _ = school
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "nbgrader",
            "validate",
            str(course.notebook("submitted", "half", LESSON)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "✗ unit_directions: a class without examples" in run.stdout
    assert "Why: a rule is broken: every row must have length 1" in run.stdout
    assert "Try: 0/0 is NaN" in run.stdout
    assert "Traceback" not in run.stdout


def test_the_feedback_page_speaks_in_three_lines(school):
    course, _ = school
    page = (course.root / "feedback" / "half" / LESSON / f"{LESSON}.html").read_text("utf-8")
    assert "Why: a rule is broken" in page
    assert "most recent call last" not in page


def test_of_hidden_parts_the_page_gives_name_and_points_alone(school):
    """Only the line of a success says more: what all parts together have shown."""
    course, _ = school
    page = (course.root / "feedback" / "half" / LESSON / f"{LESSON}.html").read_text("utf-8")
    items = [words(item) for item in re.findall(r"<li>(.*?)</li>", page, re.DOTALL)]
    said = [item for item in items if "(hidden)" in item]
    hidden = {exercise: [g for g in get(exercise).groups if g.hidden] for exercise in RIGHT}
    names = [group.name for groups in hidden.values() for group in groups]
    assert len(said) == len(names) > 0
    for line, name in zip(said, names, strict=True):
        named = rf"[✓✗] (not )?passed : {re.escape(name)} \(hidden\) [\d.]+ of [\d.]+"
        assert re.fullmatch(named, line), line
    for exercise in ("unit_directions", "pcngd_step"):
        assert TABLE["half"][exercise][0] == "not yet"
        assert [g.name for g in hidden[exercise] if g.shows in words(page)] == []
        assert [g.name for g in hidden[exercise] if g.advice in words(page)] == []


def words(page):
    """The text of HTML, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())

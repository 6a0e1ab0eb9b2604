"""Strangers took each lesson with nothing but its release; their answers get full marks today.

`learners/<lesson>.ipynb` is the finished notebook of someone who had seen neither the package nor
its tests. What they wrote is put into today's release, by cell, and graded as a teacher would
have it graded: hidden parts, confinement and all. (An essay may answer an earlier wording.)
"""

import json
from pathlib import Path

import pytest

from imbal_lab.authoring.source import lesson_files, read_lesson
from imbal_lab.grading.judging.grade_submission import close_warm_parents, grade_submission
from imbal_lab.grading.judging.graded import Job
from imbal_lab.sandbox import granted, probe, why_refused

ROOT = Path(__file__).parents[2]
LEARNERS = sorted((Path(__file__).parent / "learners").glob("*.ipynb"))


@pytest.fixture(scope="module")
def unsafe():
    """Whether this machine cannot confine; one warm parent serves all the learners."""
    yield why_refused(granted(probe())) is not None
    close_warm_parents()


def text(cell):
    return "".join(cell["source"])


def own_cells(notebook):
    """What a learner wrote into answer and essay cells, by cell id."""
    own = [cell for cell in notebook["cells"] if cell["id"].startswith(("answer-", "essay-"))]
    return {cell["id"]: text(cell) for cell in own}


def test_a_stranger_took_every_lesson():
    lessons = {path.stem for path in lesson_files(ROOT) if read_lesson(path).kind == "lesson"}
    assert lessons <= {path.stem for path in LEARNERS}


@pytest.mark.parametrize("path", LEARNERS, ids=lambda path: path.stem)
def test_a_strangers_answers_get_full_marks_in_todays_release(path, unsafe):
    release = ROOT / "notebooks" / path.stem / path.name
    notebook = json.loads(release.read_text(encoding="utf-8"))
    written = own_cells(json.loads(path.read_text(encoding="utf-8")))
    assert written.keys() == own_cells(notebook).keys()
    assert not [id for id, source in written.items() if "YOUR ANSWER HERE" in source]
    for cell in notebook["cells"]:
        cell["source"] = written.get(cell["id"], cell["source"])
    submission = json.dumps(notebook).encode()
    graded = grade_submission(
        Job(path.stem, "stranger", submission, release.read_bytes(), 20, unsafe)
    )
    missed = {r.exercise: r.lines for r in graded.exercises if r.score != r.points}
    assert missed == {}
    assert (graded.flags, graded.doubts) == ((), ())

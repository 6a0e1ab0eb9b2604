"""Submissions made whole: what innocent damage costs (nothing), and what stands at each check.

The lesson here is a small one, so that its cells can be run by `exec`: what matters is which
function stands when the check of an exercise is reached.
"""

import copy
import itertools
import json
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

from imbal_lab.grading.submissions.repair import MOST_NOTES, repair

ROOT = Path(__file__).parents[3]
LESSONS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


def cell(id, kind, source, *flags, points=None):
    made = {"id": id, "cell_type": kind, "metadata": {}, "source": source}
    if flags:
        set_flags = {name: name in flags for name in ("grade", "solution", "locked", "task")}
        made["metadata"]["nbgrader"] = {"grade_id": id, "schema_version": 3, **set_flags}
    if points is not None:
        made["metadata"]["nbgrader"]["points"] = points
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def stub(name):
    return f"def {name}(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


GIVEN = "import math\nbase = 2\n\ndef half(x):\n    return x / 2"
QUESTION = "## Why so?\n\nExplain in a few sentences why doubling twice is the same as times four."
RELEASE = {
    "cells": [
        cell("card-1", "markdown", "# A lesson about numbers that grow", "locked"),
        cell("given-1", "code", GIVEN, "locked"),
        cell("task-double", "markdown", "## Exercise 1: write a function that doubles", "locked"),
        cell("answer-double", "code", stub("double"), "solution"),
        cell("check-double", "code", 'check("double", points=2)', "grade", "locked", points=2),
        cell("hint-double", "markdown", "<details>Adding a number to itself helps.</details>"),
        cell("task-square", "markdown", "## Exercise 2: write one that takes squares", "locked"),
        cell("answer-square", "code", stub("square"), "solution"),
        cell("check-square", "code", 'check("square", points=3)', "grade", "locked", points=3),
        cell("explore-own", "code", "explore(step=square, rho=10)"),
        cell("essay-why", "markdown", QUESTION, "grade", "solution", points=3),
        cell("given-2", "markdown", "## What to take home: growth compounds", "locked"),
    ],
    "metadata": {"imbal_lab": {"lesson": "90_growth"}, "kernelspec": {"name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
DOUBLE = "def double(x):\n    return x + x"
SQUARE = "def square(x):\n    return x * x"
ESSAY = QUESTION + "\n\nBecause two times two is four."
MARKED = [c["id"] for c in RELEASE["cells"] if c["metadata"]]


class Notebook:
    """A submission to damage: the release with both answers and the essay written."""

    def __init__(self, release=RELEASE):
        self.json = copy.deepcopy(release)
        if release is RELEASE:
            self["answer-double"]["source"] = DOUBLE
            self["answer-square"]["source"] = SQUARE
            self["essay-why"]["source"] = ESSAY

    @property
    def cells(self):
        return self.json["cells"]

    def place(self, id):
        return [c.get("id") for c in self.cells].index(id)

    def __getitem__(self, id):
        return self.cells[self.place(id)]

    def remove(self, *ids):
        for id in ids:
            del self.cells[self.place(id)]

    def add_below(self, id, source, kind="code", **changes):
        new = {"id": f"new-{len(self.cells)}", "cell_type": kind, "metadata": {}, "source": source}
        self.cells.insert(self.place(id) + 1, new | changes)

    def copy_below(self, id, source=None, below=None):
        """As JupyterLab does: a new id, the same metadata."""
        made = copy.deepcopy(self[id])
        self.add_below(below or id, source or made["source"], metadata=made["metadata"])

    def strip(self):
        for each in self.cells:
            each.pop("id")
            each["metadata"] = {}

    def repaired(self):
        return repair(json.dumps(self.json).encode(), RELEASE)


@pytest.fixture
def submission():
    return Notebook()


def standing(found):
    """What double(3) and square(3) give at their checks; no check is called from a cell."""
    results, names = {}, {"explore": lambda **settings: None}
    for planned in found.cells:
        if planned.kind == "check":
            try:
                results[planned.exercise] = names[planned.exercise](3)
            except (NotImplementedError, KeyError) as error:
                results[planned.exercise] = type(error).__name__
        elif planned.kind == "code":
            exec(planned.source, names)
    return results


def source_of(found, grade_id):
    return next(c.source for c in found.cells if c.grade_id == grade_id)


def is_sound(found, release=RELEASE):
    """Each marked or locked cell is there once, the locked ones as released; nbgrader agrees."""
    cells = {c["id"]: c for c in release["cells"] if "nbgrader" in c["metadata"]}
    there = [c.grade_id for c in found.cells if c.grade_id]
    assert sorted(there) == sorted(cells)
    assert len({c.id for c in found.cells}) == len(found.cells)
    for planned in found.cells:
        if planned.grade_id is None:
            assert "nbgrader" not in planned.metadata
            continue
        released = cells[planned.grade_id]
        assert planned.metadata == released["metadata"]
        assert planned.kind == {"check": "check"}.get(
            planned.grade_id.split("-")[0], released["cell_type"]
        )
        if released["metadata"]["nbgrader"]["locked"]:
            assert planned.source == "".join(released["source"])
    MetadataValidatorV3().validate_nb(as_notebook(found))
    nbformat.validate(as_notebook(found))


def as_notebook(found):
    made = {"check": nbformat.v4.new_code_cell, "code": nbformat.v4.new_code_cell}
    new = nbformat.v4.new_markdown_cell
    return nbformat.v4.new_notebook(
        cells=[
            made.get(c.kind, new)(c.source, id=c.id, metadata=copy.deepcopy(c.metadata))
            for c in found.cells
        ]
    )


def earns_all(found):
    is_sound(found)
    assert standing(found) == {"double": 6, "square": 9}
    assert source_of(found, "essay-why") == ESSAY
    assert found.doubts == ()
    assert found.readable


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_release_stays_as_it_is(path):
    release = json.loads(path.read_text("utf-8"))
    found = repair(path.read_bytes(), release)
    assert (found.notes, found.doubts, found.readable) == ((), (), True)
    assert [(c.id, c.source) for c in found.cells] == [
        (c["id"], "".join(c["source"])) for c in release["cells"]
    ]
    assert [c.exercise for c in found.cells if c.kind == "check"] == [
        c["id"].removeprefix("check-") for c in release["cells"] if c["id"].startswith("check-")
    ]
    is_sound(found, release)


def test_answers_stand_where_they_were_written(submission):
    found = submission.repaired()
    earns_all(found)
    assert found.notes == ()
    assert [c.id for c in found.cells] == [c["id"] for c in RELEASE["cells"]]
    roles = {c.grade_id: (c.kind, c.exercise) for c in found.cells}
    assert roles["answer-double"] == ("code", "double")
    assert roles["check-square"] == ("check", "square")
    assert roles["essay-why"] == ("markdown", None)


@pytest.mark.parametrize("id", [id for id in MARKED if not id.startswith(("answer", "essay"))])
@pytest.mark.parametrize("stripped", [False, True])
def test_a_deleted_cell_comes_back_in_its_place(submission, id, stripped):
    submission.remove(id)
    if stripped:
        submission.strip()
    found = submission.repaired()
    earns_all(found)
    assert [c.id for c in found.cells] == [c["id"] for c in RELEASE["cells"]]
    assert f"{id} was missing; it was put back as released." in found.notes


def test_all_locked_cells_deleted_at_once(submission):
    submission.remove(*(id for id in MARKED if not id.startswith(("answer", "essay"))))
    earns_all(submission.repaired())


def test_a_deleted_answer_comes_back_empty_and_costs_only_itself(submission):
    submission.remove("answer-double")
    found = submission.repaired()
    is_sound(found)
    assert standing(found) == {"double": "NotImplementedError", "square": 9}
    assert [c.id for c in found.cells] == [c["id"] for c in RELEASE["cells"]]
    assert found.notes == ("answer-double was missing; it was put back as released.",)


def test_a_deleted_essay_comes_back_as_its_question(submission):
    submission.remove("essay-why")
    found = submission.repaired()
    is_sound(found)
    assert source_of(found, "essay-why") == QUESTION
    assert found.doubts == ()


def test_cells_without_marks_may_go(submission):
    submission.remove("hint-double", "explore-own")
    found = submission.repaired()
    earns_all(found)
    assert found.notes == ()


def test_a_check_that_comes_back_stands_below_the_helpers(submission):
    submission["answer-double"]["source"] = "def double(x):\n    return twice(x)"
    submission.add_below("answer-double", "def twice(x):\n    return 2 * x")
    submission.remove("check-double", "hint-double")
    earns_all(submission.repaired())


def test_stripped_metadata_and_ids(submission):
    submission.strip()
    found = submission.repaired()
    earns_all(found)
    assert [c.id for c in found.cells] == [c["id"] for c in RELEASE["cells"]]
    assert found.notes == ("Cells without their ids, recognised by their content: 12.",)


@pytest.mark.parametrize("gone", ["id", "metadata"])
def test_either_the_id_or_the_metadata_is_enough(submission, gone):
    for each in submission.cells:
        each[gone] = {"id": "x" + each["id"], "metadata": {}}[gone]
    found = submission.repaired()
    earns_all(found)


def test_colab_keeps_ids_in_the_metadata(submission):
    for each in submission.cells:
        each["metadata"] = {"id": each.pop("id")}
    found = submission.repaired()
    earns_all(found)
    assert found.notes == ()


def test_a_fresh_notebook_with_the_answers_alone():
    made = {"cells": [{"cell_type": "code", "source": s} for s in (DOUBLE, SQUARE)]}
    found = repair(json.dumps(made).encode(), RELEASE)
    is_sound(found)
    assert standing(found) == {"double": 6, "square": 9}


@pytest.mark.parametrize(
    "source",
    [
        "double = lambda x: x + x",
        "import functools, operator\ndouble = functools.partial(operator.mul, 2)",
        "class Double:\n    def __call__(self, x): return 2 * x\ndouble = Double()",
        "if True:\n    def double(x): return 2 * x",
        "from operator import mul as double_of\ndef double(x): return double_of(x, 2)",
    ],
)
def test_an_answer_is_recognised_by_what_it_defines(submission, source):
    submission["answer-double"]["source"] = source
    submission.strip()
    found = submission.repaired()
    is_sound(found)
    assert standing(found) == {"double": 6, "square": 9}


def test_of_an_answer_edited_twice_the_last_before_the_check_counts(submission):
    submission.copy_below("answer-double", "def double(x):\n    return 7 * x")
    found = submission.repaired()
    is_sound(found)
    assert standing(found) == {"double": 21, "square": 9}
    copies = [c for c in found.cells if c.exercise == "double" and c.kind == "code"]
    assert [c.grade_id for c in copies] == [None, "answer-double"]
    assert any("answer-double is there 2 times" in note for note in found.notes)


def test_a_copy_edited_below_the_check_does_not_count(submission):
    submission.copy_below("answer-double", "def double(x):\n    return 7", below="check-double")
    found = submission.repaired()
    assert standing(found) == {"double": 6, "square": 9}


@pytest.mark.parametrize("below", ["answer-double", "check-double", "given-2"])
@pytest.mark.parametrize("stripped", [False, True])
def test_an_untouched_copy_does_not_undo_the_answer(submission, below, stripped):
    submission.copy_below("answer-double", stub("double"), below=below)
    if stripped:
        submission.strip()
    found = submission.repaired()
    earns_all(found)
    assert source_of(found, "answer-double") == DOUBLE
    assert [c.source for c in found.cells].count(stub("double")) == 0


def test_an_answer_in_a_new_cell_with_the_stub_left_below(submission):
    submission["answer-double"]["source"] = stub("double")
    submission.add_below("task-double", DOUBLE)
    found = submission.repaired()
    earns_all(found)
    assert source_of(found, "answer-double") == DOUBLE


def test_the_last_copy_of_a_check_is_its_place(submission):
    submission.copy_below("answer-double", "def double(x):\n    return 7 * x", "check-double")
    submission.copy_below("check-double", below="given-2")
    found = submission.repaired()
    is_sound(found)
    assert standing(found) == {"double": 21, "square": 9}
    assert any("the last one's place counts" in note for note in found.notes)


def test_a_check_typed_for_practice_moves_nothing(submission):
    submission.add_below("given-2", "def double(x):\n    return 7")
    submission.add_below("new-12", 'check("double")')
    found = submission.repaired()
    earns_all(found)
    assert found.cells[-1].source == '# check("double")'


def test_copies_of_given_cells_run_as_cells_of_ones_own(submission):
    submission.copy_below("given-1", "base = 50", below="check-double")
    found = submission.repaired()
    earns_all(found)
    assert [c.source for c in found.cells].index("base = 50") == 5
    assert any("given-1 is there 2 times" in note for note in found.notes)


def test_two_edited_essays_are_both_there(submission):
    submission.copy_below("essay-why", QUESTION + "\n\nOr so.")
    submission.cells[submission.place("essay-why") + 1]["cell_type"] = "markdown"
    found = submission.repaired()
    is_sound(found)
    assert source_of(found, "essay-why").endswith("Or so.")
    assert ESSAY in [c.source for c in found.cells]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
@pytest.mark.parametrize("stripped", [False, True])
def test_a_retyped_answer_counts(submission, kind, stripped):
    submission["answer-square"]["cell_type"] = kind
    if stripped:
        submission.strip()
    found = submission.repaired()
    earns_all(found)
    assert any(f"answer-square had become a {kind} cell" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["code", "raw"])
def test_a_retyped_essay_counts(submission, kind):
    submission["essay-why"]["cell_type"] = kind
    earns_all(submission.repaired())


@pytest.mark.parametrize("id", ["given-1", "check-double", "task-double"])
def test_retyped_locked_cells_are_as_released(submission, id):
    kind = submission[id]["cell_type"]
    submission[id]["cell_type"] = "markdown" if kind == "code" else "code"
    earns_all(submission.repaired())


def merge(submission, *ids):
    """As JupyterLab does: the sources in the first of them, the others gone."""
    submission[ids[0]]["source"] = "\n\n".join(submission[id]["source"] for id in ids)
    submission.remove(*ids[1:])


@pytest.mark.parametrize(
    "ids",
    [
        ("answer-double", "check-double"),
        ("check-double", "answer-double"),
        ("answer-double", "answer-square"),
        ("answer-double", "check-double", "answer-square", "check-square"),
        ("given-1", "answer-double", "answer-square"),
        ("given-1", "answer-double", "check-double", "answer-square", "check-square"),
    ],
)
@pytest.mark.parametrize("stripped", [False, True])
def test_merged_cells_are_told_apart(submission, ids, stripped):
    merge(submission, *ids)
    if stripped:
        submission.strip()
    found = submission.repaired()
    earns_all(found)
    assert not any(
        line.startswith("check(")
        for c in found.cells
        if c.kind != "check"
        for line in c.source.split("\n")
    )


def test_a_second_answer_in_the_cell_of_the_first(submission):
    submission["answer-double"]["source"] = DOUBLE + "\n\n" + SQUARE
    submission["answer-square"]["source"] = stub("square")
    earns_all(submission.repaired())


def test_a_split_answer_runs_in_both_parts(submission):
    submission["answer-double"]["source"] = "def help(x):\n    return 2 * x"
    submission.copy_below("answer-double", "def double(x):\n    return help(x)")
    earns_all(submission.repaired())


@pytest.mark.parametrize("id", ["given-1", "check-square", "task-double", "card-1"])
def test_an_edited_locked_cell_is_put_back_with_a_note(submission, id):
    submission[id]["source"] = "base = 1\ncheck = max"
    found = submission.repaired()
    earns_all(found)
    assert found.notes


def test_new_names_in_a_given_cell_stay_and_changed_ones_do_not(submission):
    given = submission["given-1"]
    given["source"] = given["source"].replace("base = 2", "base = 50\nimport cmath as mine\nb = 3")
    found = submission.repaired()
    earns_all(found)
    names = {}
    for planned in found.cells[:3]:
        if planned.kind == "code":
            exec(planned.source, names)
    assert (names["base"], names["b"], names["mine"].__name__) == (2, 3, "cmath")
    assert "given-1 was edited; it was put back as released. What was added" in found.notes[0]


def test_an_answer_written_into_the_check_cell_counts(submission):
    submission["answer-double"]["source"] = stub("double")
    submission["check-double"]["source"] = DOUBLE + "\n" + submission["check-double"]["source"]
    found = submission.repaired()
    earns_all(found)
    assert [c.exercise for c in found.cells if c.source == DOUBLE] == ["double"]


def test_the_students_order_is_kept(submission):
    cells = submission.cells
    cells.insert(2, cells.pop(submission.place("check-square")))
    found = submission.repaired()
    is_sound(found)
    assert [c.id for c in found.cells][2] == "check-square"
    assert any("another order" in note for note in found.notes)


def test_added_cells_run_where_they_stand(submission):
    submission.add_below("task-double", "helper = 2")
    submission.add_below("given-2", "<b>mine</b>", kind="raw")
    submission.add_below("given-2", "  \n")
    found = submission.repaired()
    earns_all(found)
    assert len(found.cells) == len(RELEASE["cells"]) + 2  # the blank one is of no use
    assert [c.id for c in found.cells].index("own-1") == 3
    assert (found.cells[-1].kind, found.cells[-1].source) == ("markdown", "<b>mine</b>")
    assert found.notes == ("Cells that the release does not have, used where they stand: 2.",)


def test_an_essay_written_below_its_question(submission):
    submission["essay-why"]["source"] = QUESTION
    submission.add_below("essay-why", "Because two times two is four.", kind="markdown")
    earns_all(submission.repaired())


def test_an_essay_written_over_its_question_in_a_stripped_notebook(submission):
    submission["essay-why"]["source"] = "Four."
    submission.strip()
    found = submission.repaired()
    is_sound(found)
    assert source_of(found, "essay-why") == "Four."


def test_edited_texts_are_recognised_by_their_words(submission):
    submission["task-double"]["source"] += " (done)"
    submission["essay-why"]["source"] = ESSAY.replace("a few sentences", "two or three sentences")
    submission.strip()
    found = submission.repaired()
    is_sound(found)
    assert [c.id for c in found.cells] == [c["id"] for c in RELEASE["cells"]]
    assert "two or three" in source_of(found, "essay-why")


def test_a_text_of_ones_own_is_not_taken_for_a_released_one(submission):
    own = "My diary of a lesson about numbers that grow, with much else that I thought of then."
    submission.remove("card-1")
    submission.strip()
    submission.cells.append({"cell_type": "markdown", "source": own})
    found = submission.repaired()
    earns_all(found)
    assert found.cells[-1].source == own


def test_of_two_texts_in_the_essays_place_none_is_guessed(submission):
    submission["essay-why"]["source"] = "Four."
    submission.add_below("essay-why", "Five.", kind="markdown")
    submission.strip()
    found = submission.repaired()
    is_sound(found)
    assert source_of(found, "essay-why") == QUESTION
    assert found.doubts == ("essay-why was not found; it may be one of 2 added texts.",)


def test_an_essay_that_may_be_anywhere_asks_for_a_person(submission):
    submission["essay-why"]["source"] = "Four."
    submission.strip()
    submission.cells.insert(0, {"cell_type": "markdown", "source": "Hello."})
    submission.cells.append(submission.cells.pop(submission.cells.index(submission.cells[11])))
    found = submission.repaired()
    is_sound(found)
    assert found.doubts == ("essay-why was not found; it may be one of 2 added texts.",)


def test_an_untouched_submission_of_another_lesson_asks_for_a_person():
    other = json.loads(LESSONS[0].read_text("utf-8"))
    found = Notebook(other).repaired()
    is_sound(found)
    assert source_of(found, "answer-double") == stub("double")
    assert [doubt.split()[0] for doubt in found.doubts[:2]] == ["This", "None"]


def test_another_kernel_and_pasted_pictures_are_noted(submission):
    submission.json["metadata"]["kernelspec"] = {"name": "colab"}
    submission["essay-why"]["attachments"] = {"a.png": {"image/png": "AAAA"}}
    found = submission.repaired()
    earns_all(found)
    assert [("kernel" in note, "Pictures" in note) for note in found.notes] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 10**6, b'{"cells": 3}'])
def test_what_cannot_be_read_is_the_release_with_a_doubt(content):
    found = repair(content, RELEASE)
    is_sound(found)
    assert not found.readable
    assert [c.source for c in found.cells] == [c["source"] for c in RELEASE["cells"]]
    assert found.doubts[0].startswith("The notebook cannot be read: ")


def test_notes_come_to_an_end(submission):
    many = dict(RELEASE, cells=[cell(f"given-{k}", "code", "x = 1", "locked") for k in range(200)])
    edited = dict(many, cells=[dict(c, source="y = 1") for c in many["cells"]])
    found = repair(json.dumps(edited).encode(), many)
    assert len(found.notes) == MOST_NOTES + 1


def test_every_pair_of_damages_costs_nothing():
    damages = {
        "stripped": lambda n: n.strip(),
        "no checks": lambda n: n.remove("check-double", "check-square"),
        "copied answer": lambda n: n.copy_below("answer-double", stub("double")),
        "retyped": lambda n: n["answer-square"].update(cell_type="raw"),
        "merged": lambda n: merge(n, "given-1", "task-double"),
        "empty cells": lambda n: n.add_below("card-1", ""),
        "edited": lambda n: n["task-square"].update(source="?"),
        "no imports": lambda n: n.remove("given-1"),
    }
    for one, other in itertools.permutations(damages, 2):
        damaged = Notebook()
        if one == "stripped" or {one, other} == {"merged", "no imports"}:
            continue  # the other damage needs the ids
        damages[one](damaged)
        damages[other](damaged)
        earns_all(damaged.repaired())

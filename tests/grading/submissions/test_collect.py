"""Submissions arrive where nbgrader looks for them, and no version is ever lost."""

import json
import os

import pytest

from imbal_lab.grading.course import CourseError
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.submissions.collect import collect

ONE, TWO, THREE = (json.dumps({"cells": [], "n": n}).encode() for n in (1, 2, 3))


@pytest.fixture
def inbox(tmp_path):
    """A function that makes a folder of submissions from path -> (bytes, date)."""

    def make(**files):
        folder = tmp_path / f"inbox{len(list(tmp_path.iterdir()))}"
        for name, (content, date) in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (date, date))
        return folder

    return make


def stored(course, stub, student):
    """The submission, and the versions put aside for a student."""
    current = course.notebook("submitted", student, stub.LESSON)
    aside = sorted((course.root / "submitted" / student / ".older").glob("*"))
    return current.read_bytes(), {path.read_bytes() for path in aside}


def results(collection):
    return [(c.student, c.result) for c in collection.collected]


def test_needs_a_release(course, stub, inbox):
    with pytest.raises(CourseError, match="imbal-lab release 90_stub first"):
        collect(course, stub.LESSON, inbox(**{"jane.ipynb": (ONE, 100)}))


def test_newer_replaces_older_and_both_are_kept(released, stub, inbox):
    for content, date in ((ONE, 100_000), (THREE, 300_000), (TWO, 200_000)):
        last = collect(released, stub.LESSON, inbox(**{"jane.ipynb": (content, date)}))
    assert results(last) == [("jane", "older")]
    assert stored(released, stub, "jane") == (THREE, {ONE, TWO})
    again = collect(released, stub.LESSON, inbox(**{"jane.ipynb": (THREE, 400_000)}))
    assert results(again) == [("jane", "same")]
    assert stored(released, stub, "jane") == (THREE, {ONE, TWO})


def test_several_versions_in_one_download(released, stub, inbox):
    folder = inbox(
        **{
            f"jane/{stub.LESSON}.ipynb": (ONE, 100_000),
            f"jane/{stub.LESSON} (1).ipynb": (TWO, 200_000),
            "jane/scratch.ipynb": (THREE, 300_000),
        }
    )
    collection = collect(released, stub.LESSON, folder)
    assert results(collection) == [("jane", "new"), ("jane", "replaced")]
    assert collection.skipped == ["jane/scratch.ipynb: not called 90_stub.ipynb"]
    assert stored(released, stub, "jane") == (TWO, {ONE})


def test_nbgrader_sees_no_version_that_was_put_aside(released, stub, inbox):
    collect(released, stub.LESSON, inbox(**{"jane.ipynb": (ONE, 100_000)}))
    collect(released, stub.LESSON, inbox(**{"jane.ipynb": (TWO, 200_000)}))
    seen = released.root.glob("submitted/*/*/*.ipynb")
    assert [p.name for p in seen if ".older" not in p.parts] == ["90_stub.ipynb"]
    assert released.students("submitted", stub.LESSON) == ["jane"]


def test_damaged_notebook_is_taken_and_reported(released, stub, inbox):
    damaged = {
        "cut.ipynb": (b'{"cells": [', 1),
        "latin.ipynb": ('{"cells": [], "a": "ä"}'.encode("latin-1"), 1),
        "list.ipynb": (b"[]", 1),
        "deep.ipynb": (b"[" * 100_000, 1),
    }
    collection = collect(released, stub.LESSON, inbox(**damaged))
    assert [(c.student, c.damaged) for c in collection.collected] == [
        ("cut", True),
        ("deep", True),
        ("latin", True),
        ("list", True),
    ]
    for name, (content, _) in damaged.items():
        assert stored(released, stub, name.removesuffix(".ipynb"))[0] == content


def test_doubtful_owners_are_skipped_with_a_line(released, stub, inbox):
    folder = inbox(
        **{
            "90_stub.ipynb": (ONE, 1),
            "week2/ann.ipynb": (ONE, 1),
            "week2/bob.ipynb": (TWO, 1),
            "a/hw/x.ipynb": (ONE, 1),
            "b/hw/x.ipynb": (TWO, 1),
        }
    )
    collection = collect(released, stub.LESSON, folder)
    assert collection.collected == []
    whys = sorted(line.split(": ", 1) for line in collection.skipped)
    assert [where for where, _ in whys] == [
        "90_stub.ipynb",
        "a/hw/x.ipynb",
        "b/hw/x.ipynb",
        "week2/ann.ipynb",
        "week2/bob.ipynb",
    ]
    assert "whose is it" in whys[0][1]
    assert "several places claim the id 'hw'" in whys[1][1]
    assert "one of 2 notebooks of 'week2'" in whys[3][1]
    assert not (released.root / "submitted").exists()


def test_moodle_namesakes_stay_apart_over_two_downloads(released, stub, inbox):
    jane = "Jane Doe_{}_assignsubmission_file_/x.ipynb"
    collect(released, stub.LESSON, inbox(**{jane.format(1): (ONE, 1)}))
    both = inbox(**{jane.format(1): (ONE, 1), jane.format(2): (TWO, 1)})
    assert results(collect(released, stub.LESSON, both)) == [
        ("jane-doe", "same"),
        ("jane-doe-2", "new"),
    ]
    with tables.connect(released) as connection:
        rows = connection.execute(tables.submissions.select()).all()
    assert {(row.student, row.origin) for row in rows} == {
        ("jane-doe", "moodle 1"),
        ("jane-doe-2", "moodle 2"),
    }

"""What release writes, and when it refuses."""

import json
import sqlite3
import zipfile
from contextlib import closing
from functools import partial

import pytest
from sqlalchemy import create_engine

from imbal_lab.grading.course import CourseError, sha256
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.release import release


def test_writes_notebook_bundle_and_table(course, stub):
    made = release(course, stub.LESSON)

    built = course.lesson_notebook(stub.LESSON).read_bytes()
    released = json.loads(made.notebook.read_bytes())
    assert [c["id"] for c in released["cells"]] == [c["id"] for c in json.loads(built)["cells"]]
    assert released["metadata"]["imbal_lab"] == json.loads(built)["metadata"]["imbal_lab"]
    with tables.connect(course) as connection:
        row = tables.require_release(connection, stub.LESSON)
    assert (row["version"], row["notebook_sha256"]) == ("0.1.0", sha256(built))
    with zipfile.ZipFile(made.bundle) as bundle:
        assert sorted(bundle.namelist()) == ["90_stub/90_stub.ipynb", "90_stub/README.txt"]
        assert bundle.read("90_stub/90_stub.ipynb") == made.notebook.read_bytes()
        assert b"python run.py lab" in bundle.read("90_stub/README.txt")


def test_stub_stays_in_the_answer_cells(course, stub):
    """ClearSolutions would have put its own text there, as there is no solution marker."""
    made = release(course, stub.LESSON)
    sources = {c["id"]: c["source"] for c in json.loads(made.notebook.read_bytes())["cells"]}
    assert "".join(sources["answer-unit_directions"]) == stub.STUB.format(name="unit_directions")


def test_source_folder_holds_the_built_notebook_and_nothing_else(course, stub):
    release(course, stub.LESSON)
    files = [p for p in (course.root / "source").rglob("*") if p.is_file()]
    assert [p.name for p in files] == ["90_stub.ipynb"]
    assert files[0].read_bytes() == course.lesson_notebook(stub.LESSON).read_bytes()


def test_what_is_for_teachers_is_in_no_release(course, stub):
    secret = course.root / "instructor" / f"{stub.LESSON}.ipynb"
    secret.parent.mkdir()
    secret.write_text("THE ANSWER")
    made = release(course, stub.LESSON)
    handed_out = [p for name in ("source", "release") for p in (course.root / name).rglob("*")]
    texts = [path.read_bytes() for path in handed_out if path.is_file()]
    with zipfile.ZipFile(made.bundle) as bundle:
        texts += [bundle.read(name) for name in bundle.namelist()]
    assert len(texts) > 3
    assert not any(b"THE ANSWER" in text for text in texts)


def test_same_notebook_again_is_no_new_release(course, stub):
    first = release(course, stub.LESSON)
    bundle = first.bundle.read_bytes()
    again = release(course, stub.LESSON)
    assert (first.again, again.again) == (False, True)
    assert again.bundle.read_bytes() == bundle
    with tables.connect(course) as connection:
        assert len(connection.execute(tables.releases.select()).all()) == 1


def test_changed_lesson_is_refused_once_somebody_handed_in(course, stub):
    release(course, stub.LESSON)
    changed = stub.notebook(card_1="# Another text")
    stub.write(course.lesson_notebook(stub.LESSON), changed)
    assert not release(course, stub.LESSON).again  # nobody handed in yet

    stub.hand_in(course, "anna", changed)
    stub.write(course.lesson_notebook(stub.LESSON), stub.notebook(card_1="# A third"))
    with pytest.raises(CourseError, match=r"released as version 0.1.0 and 1 .* --force"):
        release(course, stub.LESSON)
    made = release(course, stub.LESSON, force=True)
    assert "A third" in made.notebook.read_text()


def test_refusal_by_nbgrader_leaves_everything_as_it_was(course, stub):
    first = release(course, stub.LESSON)
    before = first.notebook.read_bytes()
    source = course.root / "source" / stub.LESSON / f"{stub.LESSON}.ipynb"
    source_before = source.read_bytes()
    broken = stub.notebook()
    broken["cells"][3]["metadata"]["nbgrader"]["points"] = "many"
    stub.write(course.lesson_notebook(stub.LESSON), broken)
    with pytest.raises(CourseError, match="ValidationError"):
        release(course, stub.LESSON)
    assert source.read_bytes() == source_before
    assert json.loads(first.notebook.read_bytes()) == json.loads(before)


def test_unknown_lesson_lists_those_there_are(course):
    with pytest.raises(CourseError, match=r"'91_nothing'; there are: 90_stub"):
        release(course, "91_nothing")


@pytest.mark.parametrize("name", ["..", "../notebooks/90_stub", ""])
def test_a_path_is_no_lesson(course, name):
    with pytest.raises(CourseError, match="no lesson called"):
        release(course, name)


def test_notebook_that_no_build_made_is_refused(course, stub):
    alien = stub.notebook()
    del alien["metadata"]["imbal_lab"]
    built = course.lesson_notebook(stub.LESSON)
    for content in (json.dumps(alien), "not json"):
        built.write_text(content)
        with pytest.raises(CourseError, match="run that first"):
            release(course, stub.LESSON)


def test_damaged_gradebook_is_said_in_one_line(course, stub):
    (course.root / "gradebook.db").write_bytes(b"no database" * 1000)
    with pytest.raises(CourseError, match="the gradebook cannot be used: file is not a database"):
        release(course, stub.LESSON)


def test_locked_gradebook_is_said_in_one_line(released, stub, monkeypatch):
    monkeypatch.setattr(
        tables, "create_engine", partial(create_engine, connect_args={"timeout": 0})
    )
    with closing(sqlite3.connect(released.root / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match="database is locked"), tables.connect(released):
            pass

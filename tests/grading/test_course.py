"""Finding the course, and nbgrader's view of it."""

import pytest

from imbal_lab.grading.course import Course, CourseError, read_notebook, write_atomically


def test_found_from_any_folder_inside(course, stub):
    inside = [
        course.project,
        course.root,
        course.project / "notebooks" / stub.LESSON,
        course.root / "submitted" / "jane",
    ]
    for folder in inside:
        folder.mkdir(parents=True, exist_ok=True)
        assert Course.find(folder) == course
    assert Course.find(course.root.parents[1] / "elsewhere", given=course.project) == course
    assert Course.find(course.root.parents[1], given=course.root) == course


def test_no_course(tmp_path):
    with pytest.raises(CourseError, match=r"no course here: .* --course DIR"):
        Course.find(tmp_path)
    with pytest.raises(CourseError, match=r"no course in .*nowhere"):
        Course.find(tmp_path, given=tmp_path / "nowhere")


def test_nbgrader_uses_the_course_folder_wherever_one_stands(course, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    directory = course.directory(assignment_id="x")
    assert directory.course_id == "imbal-lab"
    assert directory.root == str(course.root)
    assert directory.db_url == f"sqlite:///{course.root}/gradebook.db"
    submitted = directory.format_path(directory.submitted_directory, "jane", "x")
    assert submitted == str(course.notebook("submitted", "jane", "x").parent)


def test_no_preprocessor_clears_anything(course):
    used = course.nbgrader_config().GenerateAssignment.preprocessors
    assert not [name for name in used if "Clear" in name]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": 3}', b"\xff", b"[" * 10**6])
def test_no_notebook(content):
    with pytest.raises(ValueError):  # noqa: PT011  json and the decoder have words of their own
        read_notebook(content)


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a" / "x"
    write_atomically(path, b"old")

    def full_disk(source, target):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"

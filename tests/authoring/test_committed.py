"""What is committed is what a build makes of the sources, byte for byte."""

import shutil

import pytest

from imbal_lab.authoring import build


@pytest.fixture(scope="module")
def rebuilt(root, tmp_path_factory):
    """A build of the repository's sources in another folder."""
    folder = tmp_path_factory.mktemp("rebuilt")
    shutil.copytree(root / "solutions", folder / "solutions")
    shutil.copytree(root / "course" / "teaching", folder / "course" / "teaching")
    build(folder)
    return folder


def files(folder, pattern):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob(pattern)}


def test_the_notebooks_are_those_of_the_sources(root, rebuilt):
    committed = files(root, "notebooks/*/*.ipynb")
    assert "notebooks/02_learning_dynamics/02_learning_dynamics.ipynb" in committed
    assert committed == files(rebuilt, "notebooks/*/*.ipynb")


def test_the_syllabus_is_that_of_the_headers(root, rebuilt):
    assert files(root, "course/SYLLABUS.md") == files(rebuilt, "course/SYLLABUS.md") != {}


def test_the_teaching_pages_are_those_of_exercises_and_quizzes(root, rebuilt):
    assert files(root, "course/teaching/*.md") == files(rebuilt, "course/teaching/*.md") != {}


def test_no_folder_outlives_its_lesson(root):
    lessons = {path.stem for path in (root / "solutions").glob("*.py")}
    assert {path.name for path in (root / "notebooks").iterdir()} == lessons

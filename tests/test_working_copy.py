"""The working copy: what the learner did is never lost, and git sees nothing of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imbal_lab.working_copy import MANIFEST, main, update

NAME = "02_lesson/02_lesson.ipynb"
ROOT = Path(__file__).parents[1]


class Course:
    """A folder with a release, its working copy, and short words for what happens to them."""

    def __init__(self, root: Path):
        self.released, self.work = root / "notebooks", root / "work"
        self.mine = self.work / NAME
        self.beside = self.work / "02_lesson" / "02_lesson.new.ipynb"
        self.release("v1")

    def release(self, text: str) -> None:
        path = self.released / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def update(self) -> list[str]:
        return list(update(self.released, self.work))

    def files(self) -> dict[str, str]:
        files = (path for path in self.work.rglob("*") if path.is_file())
        return {p.name: p.read_text() for p in files if p.name != MANIFEST}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path)


def test_first_copy_and_nothing_to_do_after_it(course):
    assert course.update() == [f"{NAME}: new"]
    assert course.mine.read_text() == "v1"
    assert course.update() == []


def test_an_unedited_file_follows_the_release(course):
    course.update()
    course.release("v2")
    assert course.update() == [f"{NAME}: updated"]
    assert course.files() == {"02_lesson.ipynb": "v2"}


def notebook(version: str, kernel: str = "Python 3", outputs: tuple = ()) -> str:
    cell = {"cell_type": "code", "id": "answer", "source": ["..."], "outputs": list(outputs)}
    metadata = {"kernelspec": {"display_name": kernel}, "imbal_lab": {"version": version}}
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4})


def test_a_notebook_that_jupyterlab_only_opened_and_saved_follows_the_release(course):
    course.release(notebook("1"))
    course.update()
    course.mine.write_text(notebook("1", kernel="Python 3 (ipykernel)"))
    assert course.update() == []
    assert "ipykernel" in course.mine.read_text()  # and is not written over for nothing
    course.release(notebook("2"))
    assert course.update() == [f"{NAME}: updated"]
    assert course.files() == {"02_lesson.ipynb": notebook("2")}


def test_a_notebook_that_was_run_counts_as_edited(course):
    course.release(notebook("1"))
    course.update()
    run = notebook("1", outputs=({"output_type": "stream", "name": "stdout", "text": ["1"]},))
    course.mine.write_text(run)
    course.release(notebook("2"))
    course.update()
    assert course.files() == {"02_lesson.ipynb": run, "02_lesson.new.ipynb": notebook("2")}


def test_an_edited_file_is_kept_and_the_release_put_beside_it_once(course):
    course.update()
    course.mine.write_text("my answer")
    assert course.update() == []  # nothing new was released
    course.release("v2")
    (line,) = course.update()
    assert "02_lesson.new.ipynb" in line
    assert "yours is kept" in line
    assert course.files() == {"02_lesson.ipynb": "my answer", "02_lesson.new.ipynb": "v2"}
    assert course.update() == []


def test_newer_releases_do_not_pile_up(course):
    course.update()
    course.mine.write_text("my answer")
    for version in ("v2", "v3", "v4"):
        course.release(version)
        assert len(course.update()) == 1
    assert course.files() == {"02_lesson.ipynb": "my answer", "02_lesson.new.ipynb": "v4"}


def test_a_deleted_offer_does_not_come_back_until_there_is_a_newer_one(course):
    course.update()
    course.mine.write_text("my answer")
    course.release("v2")
    course.update()
    course.beside.unlink()
    assert course.update() == []
    assert course.files() == {"02_lesson.ipynb": "my answer"}
    course.release("v3")
    course.update()
    assert course.files() == {"02_lesson.ipynb": "my answer", "02_lesson.new.ipynb": "v3"}


def test_an_edited_offer_is_kept_too(course):
    course.update()
    course.mine.write_text("my answer")
    course.release("v2")
    course.update()
    course.beside.write_text("my second answer")
    course.release("v3")
    (line,) = course.update()
    assert "both are kept" in line
    assert course.files() == {
        "02_lesson.ipynb": "my answer",
        "02_lesson.new.ipynb": "my second answer",
    }
    course.beside.rename(course.work / "kept.ipynb")
    course.update()
    assert course.beside.read_text() == "v3"


@pytest.mark.parametrize("taken_by", ["moving the offer", "renaming mine"])
def test_taking_the_new_release_tidies_up(course, taken_by):
    course.update()
    course.mine.write_text("my answer")
    course.release("v2")
    course.update()
    if taken_by == "moving the offer":
        course.beside.replace(course.mine)
        expected = {"02_lesson.ipynb": "v2"}
    else:
        course.mine.rename(course.mine.with_name("mine.ipynb"))
        expected = {"02_lesson.ipynb": "v2", "mine.ipynb": "my answer"}
    course.update()
    assert course.files() == expected
    course.release("v3")  # and from here on it is an unedited file again
    course.update()
    assert course.files() == expected | {"02_lesson.ipynb": "v3"}


def test_a_deleted_notebook_starts_afresh(course):
    course.update()
    course.mine.unlink()
    assert course.update() == [f"{NAME}: new"]
    assert course.mine.read_text() == "v1"


@pytest.mark.parametrize("manifest", [None, "", '{"02_les', "[]", f'{{"{NAME}": 3}}'])
def test_without_a_readable_manifest_every_file_counts_as_edited(course, manifest):
    course.update()
    course.mine.write_text("my answer")
    if manifest is None:
        (course.work / MANIFEST).unlink()
    else:
        (course.work / MANIFEST).write_text(manifest)
    course.release("v2")
    course.update()
    assert course.files() == {"02_lesson.ipynb": "my answer", "02_lesson.new.ipynb": "v2"}


def test_interrupted_before_the_manifest_was_written(course):
    course.update()
    course.release("v2")
    before = (course.work / MANIFEST).read_text()
    course.update()
    (course.work / MANIFEST).write_text(before)  # as if killed between the two writes
    assert course.update() == []
    assert json.loads((course.work / MANIFEST).read_text()) != json.loads(before)
    course.release("v3")
    assert course.update() == [f"{NAME}: updated"]


def test_interrupted_while_a_file_was_written(course, monkeypatch):
    course.update()
    course.release("v2")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("imbal_lab.working_copy.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            course.update()
    assert course.mine.read_text() == "v1"
    assert course.update() == [f"{NAME}: updated"]
    assert course.files() == {"02_lesson.ipynb": "v2"}  # no half-written leftover


def test_checkpoints_are_not_copied_and_the_learners_are_left_alone(course):
    for folder in (course.released, course.work):
        checkpoint = folder / "02_lesson" / ".ipynb_checkpoints" / "02_lesson-checkpoint.ipynb"
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_text(f"of {folder.name}")
    course.update()
    assert course.files()["02_lesson-checkpoint.ipynb"] == "of work"


def test_other_files_of_a_lesson_are_copied(course):
    (course.released / "02_lesson" / "figure.png").write_bytes(b"\x89PNG\r\n")
    course.update()
    assert (course.work / "02_lesson" / "figure.png").read_bytes() == b"\x89PNG\r\n"


def test_files_of_the_learner_are_left_alone(course):
    course.update()
    (course.work / "notes.ipynb").write_text("mine")
    course.release("v2")
    course.update()
    assert course.files() == {"02_lesson.ipynb": "v2", "notes.ipynb": "mine"}


def test_nothing_released_is_an_error_that_says_where(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no notebook in .*notebooks"):
        list(update(tmp_path / "notebooks", tmp_path / "work"))
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("place", "mine"),
    [
        ("work", "work"),  # a file where a folder belongs
        ("work/02_lesson", "work/02_lesson"),
        (f"work/{NAME}", f"work/{NAME}/mine.txt"),  # a folder where the notebook belongs
        (f"work/{MANIFEST}", f"work/{MANIFEST}/mine.txt"),
    ],
)
def test_what_is_in_the_way_is_named_in_one_line_and_kept(course, monkeypatch, place, mine):
    monkeypatch.chdir(course.work.parent)
    Path(mine).parent.mkdir(parents=True, exist_ok=True)
    Path(mine).write_text("my own file")
    with pytest.raises(SystemExit) as stopped:
        main()
    line = stopped.value.code  # a text: Python prints it on stderr and exits with 1
    assert line.startswith(f"cannot update {Path(place)}: ")
    assert "\n" not in line
    assert Path(mine).read_text() == "my own file"


def test_lines_of_the_files_before_it_are_printed(course, monkeypatch, capsys):
    (course.released / "01_first.ipynb").write_text("v1")
    course.mine.mkdir(parents=True)
    monkeypatch.chdir(course.work.parent)
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == "work/01_first.ipynb: new\n"


def test_git_sees_nothing_of_the_learners_work(course, tmp_path):
    """With this repository's own .gitignore: solve, save, update, release anew, update."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout

    shutil.copy(ROOT / ".gitignore", tmp_path)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "release 1")
    course.update()
    course.mine.write_text("my answer")
    assert git("status", "--porcelain") == ""
    course.release("v2")
    git("commit", "--quiet", "--all", "--message", "release 2")
    course.update()
    assert git("status", "--porcelain") == ""
    git("clean", "-d", "--force", "--quiet")  # tidying up the clone does not touch it either
    assert course.files() == {"02_lesson.ipynb": "my answer", "02_lesson.new.ipynb": "v2"}


def test_as_a_command_it_needs_only_the_standard_library(course, tmp_path):
    """`-S` leaves out everything that pip installed."""
    command = [sys.executable, "-S", "-c", "from imbal_lab.working_copy import main; main()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == (f"work/{NAME}: new\n", "")
    shutil.rmtree(course.released)
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert "run this from the course folder" in run.stderr

"""Reading a submission from a folder in which strangers may have left anything."""

import os
import socket

import pytest

from imbal_lab.grading.course import Course
from imbal_lab.grading.submissions import submitted
from imbal_lab.grading.submissions.submitted import read_submission

LESSON = "90_growth"
EXACT = f"{LESSON}.ipynb"


@pytest.fixture
def course(tmp_path):
    (tmp_path / "submitted" / "ada" / LESSON).mkdir(parents=True)
    return Course(tmp_path)


@pytest.fixture
def folder(course):
    return course.root / "submitted" / "ada" / LESSON


def read(course):
    return read_submission(course, LESSON, "ada")


def write(path, content=b"work", when=1_700_000_000):
    path.write_bytes(content)
    os.utime(path, (when, when))


def test_the_file_of_the_right_name(course, folder):
    write(folder / EXACT)
    write(folder / "timestamp.txt", b"2026")
    assert read(course) == (b"work", (), ())


@pytest.mark.parametrize("name", [f"{LESSON} (1).ipynb", "homework.ipynb", "x.IPYNB", "work.json"])
def test_a_renamed_file_alone_is_taken_with_a_note(course, folder, name):
    write(folder / name)
    write(folder / "timestamp.txt", b"2026")
    content, notes, doubts = read(course)
    assert (content, doubts) == (b"work", ())
    assert notes == (f"The file was called {name!r}; it was taken as {EXACT}.",)


def test_the_right_name_wins_over_newer_files(course, folder):
    write(folder / EXACT, b"exact", when=1)
    write(folder / "newer.ipynb", b"newer")
    content, notes, doubts = read(course)
    assert (content, len(notes), doubts) == (b"exact", 1, ())


def test_of_several_others_the_newest_is_taken_with_a_doubt(course, folder):
    write(folder / "a.ipynb", b"new", when=1_700_000_002)
    write(folder / "b.ipynb", b"old", when=1_700_000_001)
    content, _, doubts = read(course)
    assert content == b"new"
    assert doubts == (f"2 notebooks and none called {EXACT}: the newest was taken.",)


def test_several_files_and_no_notebook(course, folder):
    write(folder / "a.txt")
    write(folder / "b.txt")
    assert read(course) == (None, (), (f"There is no file {EXACT}.",))


@pytest.mark.parametrize("hidden", [".ipynb_checkpoints", ".older"])
def test_hidden_folders_and_an_empty_one(course, folder, hidden):
    (folder / hidden).mkdir()
    write(folder / hidden / EXACT)
    assert read(course) == (None, (), (f"There is no file {EXACT}.",))


def test_no_folder(course):
    content, _, (doubt,) = read_submission(course, LESSON, "nobody")
    assert content is None
    assert "cannot be read" in doubt


def link(path, secret):
    path.symlink_to(secret)


def pipe(path, secret):
    os.mkfifo(path)


def directory(path, secret):
    path.mkdir()
    write(path / EXACT)


def own_socket(path, secret):
    server = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        server.bind(path.name)
    finally:
        os.chdir(here)
        server.close()


@pytest.mark.parametrize("kind", [link, pipe, directory, own_socket])
def test_what_is_no_file_is_not_opened(course, folder, tmp_path, kind):
    write(tmp_path / "secret", b"classmate's work")
    kind(folder / EXACT, tmp_path / "secret")
    content, notes, doubts = read(course)
    assert (content, notes) == (None, ())
    assert doubts[0] == f"'{EXACT}' is no ordinary file and was not opened."
    write(folder / "mine.ipynb")
    assert read(course)[0] == b"work"


@pytest.mark.parametrize("depth", [0, 1])
def test_a_folder_that_is_a_link_is_not_followed(course, folder, tmp_path, depth):
    write(folder / EXACT)
    linked = [folder, folder.parent][depth]
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    content, _, doubts = read(course)
    assert content is None
    assert "link" in doubts[0]


@pytest.mark.parametrize("kind", [link, pipe])
def test_a_file_that_is_exchanged_after_the_look_is_not_taken(
    course, folder, tmp_path, monkeypatch, kind
):
    write(tmp_path / "secret")
    write(folder / EXACT)
    look = submitted._candidates

    def exchanged(entries, lesson):
        found = look(entries, lesson)
        (folder / EXACT).unlink()
        kind(folder / EXACT, tmp_path / "secret")
        return found

    monkeypatch.setattr(submitted, "_candidates", exchanged)
    content, _, doubts = read(course)
    assert content is None
    assert EXACT in doubts[0]


def test_a_file_over_the_limit(course, folder):
    with open(folder / EXACT, "wb") as file:
        file.truncate(submitted.MOST_BYTES + 1)
    content, _, doubts = read(course)
    assert content is None
    assert "larger than 20 MiB" in doubts[0]


def test_what_the_system_does_not_let_us_read(course, folder, monkeypatch):
    write(folder / EXACT)

    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(submitted.os, "open", denied)
        assert read(course) == (None, (), (f"'{EXACT}' cannot be read: Permission denied.",))
    monkeypatch.setattr(submitted.Path, "iterdir", denied)
    assert read(course) == (None, (), ("The folder cannot be read: Permission denied.",))


def test_names_are_fit_for_a_terminal(course, folder):
    write(folder / "a\x1b[31m\n\u202e.ipynb")
    _, (note,), _ = read(course)
    assert note.isprintable()

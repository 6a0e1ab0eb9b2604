"""Student ids: one line a platform, and what is not guessed."""

from pathlib import PurePosixPath

import pytest

from imbal_lab.grading.submissions.identity import (
    Sender,
    identify,
    student_id,
    tell_namesakes_apart,
)
from imbal_lab.grading.submissions.intake import Found

LESSON = "02_learning_dynamics"


def sender(path):
    return identify(Found(PurePosixPath(path), b"", 0.0), LESSON)


@pytest.mark.parametrize(
    ("path", "student", "origin"),
    [
        ("Jane Doe_12345_assignsubmission_file_/hw.ipynb", "jane-doe", "moodle 12345"),
        ("Jane Doe_12345_assignsubmission_file_hw.ipynb", "jane-doe", "moodle 12345"),
        ("all/Zoë O'Neill_7_assignsubmission_file_/a/b.ipynb", "zoë-o-neill", "moodle 7"),
        ("Participant_99_assignsubmission_file_/hw.ipynb", "participant-99", "moodle 99"),
        ("doejane_12345_678910_hw.ipynb", "doejane-12345", "canvas 12345"),
        ("doejane_LATE_12345_678910_hw-1.ipynb", "doejane-12345", "canvas 12345"),
        (f"jane/{LESSON}.ipynb", "jane", "folder jane"),
        (f"jane/{LESSON}/{LESSON}.ipynb", "jane", "folder jane"),
        (f"class/jane/{LESSON}.ipynb", "jane", "folder class/jane"),
        ("jane/my work.ipynb", "jane", "folder jane"),
        ("Jane.ipynb", "jane", "file Jane.ipynb"),
        ("李雷.ipynb", "李雷", "file 李雷.ipynb"),
    ],
)
def test_rule(path, student, origin):
    found = sender(path)
    assert (found.student, found.origin) == (student, origin)


@pytest.mark.parametrize(
    "path", [f"{LESSON}.ipynb", f"{LESSON} (1).ipynb", f"{LESSON}-2.ipynb", "###.ipynb", "...ipynb"]
)
def test_nobody_is_guessed(path):
    assert sender(path) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc", "etc"),
        ("=cmd|' /C calc'", "cmd-c-calc"),
        (".hidden", "hidden"),
        ("a*b?[c]", "a-b-c"),
        ("jane@uni.edu", "jane@uni.edu"),
        ("\x1b[31mred", "31mred"),
        ("x" * 500, "x" * 60),
    ],
)
def test_ids_are_safe_as_folder_names(name, expected):
    assert student_id(name) == expected


def moodle(student, number):
    return Sender(student, f"moodle {number}", "x.ipynb")


def ids(senders):
    return [s.student for s in senders]


def test_namesakes_get_their_number():
    both = [moodle("jane-doe", 1), moodle("ann-lee", 2), moodle("jane-doe", 3)]
    told = tell_namesakes_apart(both, known={})
    assert ids(told) == ["jane-doe-1", "ann-lee", "jane-doe-3"]
    assert [bool(s.note) for s in told] == [True, False, True]


def test_two_files_of_one_person_are_no_namesakes():
    assert ids(tell_namesakes_apart([moodle("jane", 1), moodle("jane", 1)], {})) == ["jane", "jane"]


def test_who_has_an_id_keeps_it():
    known = {"jane": "moodle 1", "ann-2": "moodle 2", "ann-3": "moodle 3", "bob": "folder bob"}
    later = [moodle("jane", 1), moodle("jane", 9), moodle("ann", 3), moodle("bob", 5)]
    assert ids(tell_namesakes_apart(later, known)) == ["jane", "jane-9", "ann-3", "bob"]

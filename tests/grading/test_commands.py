"""The teacher's commands: what they say, and when they refuse."""

import threading

import pytest

from imbal_lab import cli, sandbox
from imbal_lab.grading import commands, grade, regrade, tasks, workers
from imbal_lab.grading.gradebook import summary
from imbal_lab.grading.gradebook.summary import Row
from imbal_lab.grading.regrade import Change, Regraded

ROW = Row("anna", 8.0, 11.0, {"imbalance_ratio": "✓ 3"}, 0.81, [], [], [])


@pytest.fixture
def command(released, monkeypatch, capsys):
    """Run a command in the released course; returns the exit code and what it said."""

    def run(*argv):
        code = cli.main([*argv, "--course", str(released.root)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def called(monkeypatch):
    """Take the place of grading itself; returns the options that it was called with."""
    options = {}
    monkeypatch.setattr(grade, "grade", lambda *args, **given: options.update(given) or ["anna"])
    monkeypatch.setattr(tasks, "folders_left", lambda *args: [])
    monkeypatch.setattr(summary, "summary", lambda *args: [ROW])
    return options


def test_options_reach_the_grader(command, called):
    code, said, err = command("grade", "90_stub", "--student", "anna", "--exercise", "e", "-j", "3")
    assert (code, err) == (0, "")
    workers, in_flight = called.pop("workers"), called.pop("in_flight")
    assert (workers._max_workers, in_flight) == (3, 6)
    assert called == {
        "student": "anna", "exercise": "e", "force": False, "unsafe": False, "progress": True
    }  # fmt: skip
    lines = said.splitlines()
    assert lines[0].split() == ["student", "score", "imbalance_ratio", "CPU", "s", "notes"]
    assert lines[1].split() == ["anna", "8", "/", "11", "✓", "3", "0.8"]
    assert lines[2] == "nobody needs a person"


def test_whoever_needs_a_person_is_in_the_last_line_and_the_exit_code(command, called, monkeypatch):
    hostile = Row("b\x1b[31men", 0, 11, {}, None, ["odd \x1b]0;x\x07"], ["essay-why"], ["a\rb"])
    monkeypatch.setattr(summary, "summary", lambda *args: [ROW, hostile])
    monkeypatch.setattr(tasks, "folders_left", lambda *args: ["'x\\x1b'"])
    code, said, _ = command("grade", "90_stub")
    lines = said.splitlines()
    assert code == 1
    words = " ".join(lines[2].split())
    assert words == "b [31men 0 / 11 - - odd ]0;x ; essay-why to mark; a b"
    assert lines[3].startswith("not graded: submitted/'x\\x1b' cannot be a student's id")
    assert lines[4] == "essays to mark: 1 (Formgrader: run jupyter lab in course/)"
    assert lines[5] == ("needs a person: b [31men, 'x\\x1b' (scores count until you change them)")
    assert not any(char in said for char in "\x1b\x07\r")


@pytest.mark.parametrize("name", ["grade", "regrade"])
def test_refused_where_students_code_cannot_be_confined(command, called, monkeypatch, name):
    words = sandbox.why_refused(())
    monkeypatch.setattr(sandbox, "probe", list)  # nothing is granted
    assert command(name, "90_stub") == (2, "", f"imbal-lab {name}: {words}\n")
    assert called == {}


def test_unsafe_is_said_in_one_line(command, called, monkeypatch):
    monkeypatch.setattr(sandbox, "probe", list)
    code, _, err = command("grade", "90_stub", "--unsafe-no-sandbox")
    assert (code, called["unsafe"]) == (0, True)
    assert err == f"{commands.UNSAFE}\n"


def test_regrade_prints_before_and_after(command, monkeypatch):
    found = Regraded(["anna", "ben"], [Change("ben", "imbalance_ratio", 2.0, 2.5)], ["cleo: no"])
    given = {}
    monkeypatch.setattr(regrade, "regrade", lambda *args, **options: given.update(options) or found)
    code, said, _ = command("regrade", "90_stub", "--write")
    assert (code, given["write"]) == (1, True)
    assert [line.split() for line in said.splitlines()] == [
        ["student", "exercise", "before", "after"],
        ["ben", "imbalance_ratio", "2", "2.5"],
        ["cleo:", "no"],
        ["1", "of", "2", "scores", "change;", "written"],
    ]
    found.changes.clear()
    found.left.clear()
    code, said, _ = command("regrade", "90_stub")
    assert code == 0
    assert said == "0 of 2 scores change; nothing written: --write lets them count\n"


def test_a_run_that_is_stopped_does_not_wait(monkeypatch):
    """Nor does the command: with threads of such a run, it ends its process."""
    free, ended = threading.Event(), []
    monkeypatch.setattr(workers.os, "_exit", ended.append)
    here = workers.workers_here(1)
    pool, _ = here.__enter__()
    running, queued = pool.submit(free.wait), pool.submit(free.wait)
    assert not here.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not running.done()
    assert queued.cancelled()
    workers.leave(130)
    assert ended == [130]
    free.set()
    for thread in pool._threads:
        thread.join()
    workers.leave(0)
    assert ended == [130]

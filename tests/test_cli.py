"""The command line: help that teaches, errors in one line, quick to start."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from imbal_lab import cli
from imbal_lab.grading import commands
from imbal_lab.grading.course import Course
from imbal_lab.sandbox.probe import ATTEMPTS, REMEDIES
from imbal_lab.sandbox.requirements import LAYERS

COMMANDS = ("build", "lint", "claims", "release", "collect", "grade", "regrade", "feedback")
COMMANDS += ("report", "export", "doctor")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty course, and the current folder somewhere inside it."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_more_than_the_summary(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "-h"])
    assert stop.value.code == 0
    text = capsys.readouterr().out.split("positional arguments")[0].split("options:")[0]
    assert len(text.split("\n\n", 1)[1].split()) >= 15
    assert max(map(len, text.splitlines())) <= 100


def test_overview_names_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["-h"])
    text = capsys.readouterr().out
    assert all(f"imbal-lab {command}" in text for command in COMMANDS)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["grad"],
        ["grade"],
        ["collect", "x"],
        ["release", "x", "-z"],
        ["grade", "x", "-j", "0"],
        ["regrade", "x", "-j", "many"],
        ["grade", "x", "-j", "2", "--cluster", "tcp://localhost:1"],
    ],
)
def test_usage_errors_end_with_2(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2


def test_errors_are_one_line(folder, capsys):
    assert cli.main(["release", "02_nothing"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "imbal-lab release: no lesson called '02_nothing'; "
        "there are: none built yet: run imbal-lab build\n"
    )


def test_errors_of_the_system_are_one_line_too(folder, monkeypatch, capsys):
    def full_disk(course, args):
        raise OSError(28, "No space left on device", "x.ipynb")

    monkeypatch.setattr(commands, "_export", full_disk)
    assert cli.main(["export"]) == 2
    assert capsys.readouterr().err == (
        "imbal-lab export: [Errno 28] No space left on device: 'x.ipynb'\n"
    )


def test_outside_of_a_course(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export"]) == 2
    assert "--course DIR" in capsys.readouterr().err


def test_course_can_be_named(folder, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    seen = []
    monkeypatch.setattr(commands, "_export", lambda course, args: seen.append(course) or 0)
    assert cli.main(["export", "--course", str(folder)]) == 0
    assert seen == [Course(folder / "course")]


def test_interrupt_is_no_trace(folder, monkeypatch, capsys):
    def interrupted(course, args):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_export", interrupted)
    assert cli.main(["export"]) == 130
    assert "run it again to go on" in capsys.readouterr().err


def test_build_and_lint_speak_for_authors(folder, capsys, monkeypatch):
    (folder / "solutions").mkdir()
    (folder / "solutions" / "90_x.py").write_text("# %% role='nothing'\n")
    assert cli.main(["lint"]) == 1
    assert "90_x.py" in capsys.readouterr().out
    assert cli.main(["build"]) == 2
    assert "90_x.py" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["build", "lint"])
def test_without_a_lesson_source_nothing_is_built(folder, capsys, command):
    syllabus = folder / "course" / "SYLLABUS.md"
    syllabus.write_text("what was there")
    assert cli.main([command]) == 2
    said = capsys.readouterr()
    start = f"imbal-lab {command}: no lesson source in {folder / 'solutions'}: write one"
    assert said.err.startswith(start)
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert syllabus.read_text() == "what was there"


def test_doctor_needs_no_course_and_names_every_layer(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = cli.main(["doctor"])
    said = capsys.readouterr().out
    assert said.startswith("Python 3.")
    assert f"torch {version('torch')}, nbgrader {version('nbgrader')}, " in said
    assert sys.executable in said
    assert all(f"\n{layer} " in said for layer in LAYERS)
    assert code == ("cannot be confined" in said) == ("can be confined" not in said)


def test_doctor_says_what_is_missing_and_what_would_help(monkeypatch, capsys):
    def refused(folder):
        raise OSError("not here")

    for layer in ("landlock", "namespaces", "bubblewrap"):
        monkeypatch.setitem(ATTEMPTS, layer, refused)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "landlock      ✗  OSError: not here" in said
    assert f"\nlandlock: {REMEDIES['landlock']}\n" in said
    assert "\nimbal-lab grade confines students’ code with: unprivileged, rlimits" in said
    assert "(files would stay open)" in said.splitlines()[-1]
    assert "WSL2" in said.splitlines()[-1]


def test_starts_without_heavy_imports():
    heavy = "torch", "nbgrader", "sqlalchemy", "nbformat", "matplotlib", "IPython", "ipywidgets"
    code = (
        "import sys, imbal_lab.cli as cli; cli.parser();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"

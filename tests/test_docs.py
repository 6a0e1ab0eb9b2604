"""The pages for people: links that lead somewhere, commands that exist."""

import importlib.util
import re
from pathlib import Path

import pytest

from imbal_lab import cli, training

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("course/*.md"), *ROOT.glob("course/teaching/*.md")])
LESSONS = sorted(ROOT.glob("solutions/*.py"))
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    targets = [match[1] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [t for t in targets if not t.startswith(("http:", "https:", "mailto:"))]
    assert [t for t in local if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_links_in_lessons_lead_to_released_notebooks(lesson):
    targets = [match[1] for match in LINK.finditer(lesson.read_text(encoding="utf-8"))]
    local = [t for t in targets if not t.startswith("http")]
    released = ROOT / "notebooks" / lesson.stem
    assert [t for t in local if not (released / t).exists()] == []


def test_the_readme_names_every_lesson():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line[2:4] for line in lines if re.match(r"\| \d\d ", line)]
    assert rows == [lesson.stem[:2] for lesson in LESSONS]


def test_the_pages_that_must_be_there():
    names = {page.name for page in PAGES}
    assert names >= {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "AUTHORS.md", "SYLLABUS.md"}
    assert (ROOT / "LICENSE").exists()
    assert (ROOT / "LICENSE.Apache-2.0").exists()
    assert (ROOT / "NOTICE").exists()


def test_paths_named_in_the_pages_exist():
    """Every `imbal_lab/...` path in backticks is a file or folder of this repository."""
    path = re.compile(r"`((?:imbal_lab|tests|solutions|course|notebooks)/[\w/.]*)`")
    made_later = ("imbal_lab/methods/tilted_loss.py", "imbal_lab/exercises/tilted_loss.py")
    made_later += ("solutions/12_tilted_loss.py", "solutions/NN_name.py")
    made_later += ("course/teaching/12_tilted_loss.md",)
    ignored = ("course/release", "course/submitted", "course/feedback", "course/gradebook")
    ignored += ("course/instructor",)
    named = {
        (page.name, match[1])
        for page in PAGES
        for match in path.finditer(page.read_text(encoding="utf-8"))
        if match[1] not in made_later and not match[1].startswith(ignored)
    }
    assert named
    assert [item for item in sorted(named) if not (ROOT / item[1]).exists()] == []


def test_commands_named_in_the_pages_exist():
    """Every `imbal-lab X` is a command and every `python -m imbal_lab.Y` a module."""
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    (subparsers,) = [a for a in cli.parser()._actions if a.dest == "command"]
    commands = set(re.findall(r"(?m)(?:^\s*|`)imbal-lab ([a-z]\w*)", text))
    modules = set(re.findall(r"-m (imbal_lab[\w.]*\w)", text))
    assert len(commands) > 5
    assert modules
    assert commands - set(subparsers.choices) == set()
    assert [name for name in sorted(modules) if importlib.util.find_spec(name) is None] == []


def test_the_readmes_examples_run_and_show_what_they_say(capsys, monkeypatch, tmp_path):
    """A recall of threes and eights together well above chance, all curves, and a gain."""
    monkeypatch.setitem(training.sweep.__kwdefaults__, "cache", tmp_path)
    codes = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    names = {}
    for code in codes:
        exec(compile(code, "README.md", "exec"), names)
    printed = re.fullmatch(r"tensor\((0\.\d+)\)\n", capsys.readouterr().out)
    assert 0.85 < float(printed[1]) < 1
    steps = names["frame"].groupby("quantity")["step"].nunique()
    assert steps["recall"] == 5 * len(names["batches"])
    assert steps["grad_norm"] == steps["cosine"] == -(-steps["recall"] // 10)
    assert names["recorder"].engine_note == ""
    rare = [result.test_recall[-1, 2:].mean().item() for result in names["results"]]
    assert {result.path for result in names["results"]} == {"batched"}
    assert min(rare[10:]) > max(rare[:5])  # logit adjustment, and plain SGD

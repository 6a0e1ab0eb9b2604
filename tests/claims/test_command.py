import json

import pytest
from PIL import Image

from imbal_lab import cli
from imbal_lab.claims import Results, papers


@pytest.fixture
def course(tmp_path, monkeypatch, paper):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "nbgrader_config.py").write_text("c = get_config()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(papers, "PAPERS", {"tilted": paper()})
    return tmp_path / "course"


def test_it_measures_prints_and_writes(course, capsys, counted):
    assert cli.main(["claims", "tilted"]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == ["tilted-a", "tilted-b"]
    assert "tilted-a  seed       31 [28.5, 33.5]  at least 20  reproduced" in said.out
    assert said.out.splitlines()[-2:] == ["course/claims/tilted.png", "course/CLAIMS.md"]
    results = Results.read(course / "claims" / "tilted.json")
    assert list(results.claims) == ["tilted-a", "tilted-b"]
    assert Image.open(course / "claims" / "tilted.png").text["Description"] == results.hash
    assert "| **tilted-a**" in (course / "CLAIMS.md").read_text(encoding="utf-8")


def test_again(course, counted, capsys):
    for argv, calls in ((["claims"], 2), (["claims"], 2), (["claims", "--again"], 4)):
        assert cli.main(argv) == 0
        assert counted.calls == calls


def test_an_unknown_paper_is_one_line(course, capsys):
    assert cli.main(["claims", "tilt"]) == 2
    assert capsys.readouterr().err == "imbal-lab claims: paper='tilt': choose one of tilted\n"


def test_damaged_results_are_one_line_and_stay(course, capsys, counted):
    path = course / "claims" / "tilted.json"
    path.parent.mkdir()
    path.write_text("{")
    assert cli.main(["claims"]) == 2
    assert "tilted.json: damaged" in capsys.readouterr().err
    assert path.read_text() == "{"
    assert cli.main(["claims", "--again"]) == 0
    assert json.loads(path.read_text())["seeds"] == [30, 31, 32]

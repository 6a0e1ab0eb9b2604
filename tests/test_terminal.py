"""How commands print."""

from pathlib import Path

from imbal_lab.terminal import near, table


def test_table_is_aligned():
    said = table(["student", "score"], [["a", "10 / 10"], ["li-lei-12", "1 / 10"]])
    assert said.splitlines() == ["student    score", "a          10 / 10", "li-lei-12  1 / 10"]


def test_paths_are_short_below_the_current_folder_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "a" / "b") == str(Path("a/b"))
    assert near(tmp_path.parent) == str(tmp_path.parent)
    assert near("no path") == "no path"

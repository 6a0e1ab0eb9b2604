"""The benchmark runs, at sizes that measure nothing; it asserts the equality itself."""

import runpy
from pathlib import Path

import pytest

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_per_class.py")))


def test_it_prints_a_line_for_every_setting(capsys):
    BENCHMARK["main"](["--batch", "12", "--classes", "2", "5", "--steps", "2", "--width", "8"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["mlp"] * 4 + ["cnn"] * 4
    assert all("difference" in line for line in lines)


def test_an_update_that_differs_is_not_timed(monkeypatch):
    monkeypatch.setitem(BENCHMARK["ratio"].__globals__, "disagreement", lambda *_: 0.01)
    with pytest.raises(AssertionError, match="differs from plain autograd"):
        BENCHMARK["main"](["--models", "mlp", "--batch", "4", "--width", "8"])

"""The benchmark runs, at sizes that measure nothing; it asserts the equality itself."""

import runpy
from pathlib import Path

import pytest

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_sweep.py")))
TINY = ["--data", "gauss2d", "--models", "3", "--steps", "40", "--rounds", "1"]


def test_it_prints_a_line_for_every_setting(capsys):
    BENCHMARK["main"]([*TINY, "--methods", "sgd", "cdt"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1:3] for line in lines] == [
        ["relu", "sgd"], ["tanh", "sgd"], ["relu", "cdt"], ["tanh", "cdt"]
    ]  # fmt: skip
    assert ["goal" in line for line in lines] == [True, False, False, False]


def test_results_that_differ_are_not_timed(monkeypatch):
    monkeypatch.setitem(BENCHMARK["ratio"].__globals__, "disagreement", lambda *_: 0.01)
    with pytest.raises(AssertionError, match="together and alone differ by"):
        BENCHMARK["main"](TINY)

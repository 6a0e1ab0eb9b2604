"""The benchmark runs, at sizes that measure nothing; it asserts the equality itself."""

import runpy
from pathlib import Path

import pytest
import torch

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_recorder.py")))
QUICK = ["--blocks", "1", "--shrink", "4", "--classes", "5"]


def test_it_prints_a_line_for_every_setting(capsys):
    BENCHMARK["main"](QUICK)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        name for name in BENCHMARK["SETTINGS"] for _ in BENCHMARK["WAYS"]
    ]


def test_a_training_that_was_changed_is_not_reported(monkeypatch):
    class Meddler(BENCHMARK["LoopRecorder"]):
        def __enter__(self):
            with torch.no_grad():
                self.model[0].bias.add_(1e-6)
            return super().__enter__()

    monkeypatch.setitem(BENCHMARK["line"].__globals__, "LoopRecorder", Meddler)
    with pytest.raises(AssertionError, match="watching changed the training"):
        BENCHMARK["main"](["--settings", "mlp-128", *QUICK])

"""The comparison runs, at sizes that measure nothing, with what the test extra installs."""

import runpy
from pathlib import Path

import pytest

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_peers.py")))
TINY = ["--batch", "12", "--classes", "3", "--steps", "2", "--width", "8"]
HERE = ["ours", "naive", "torchjd_autojac", "torchjd_autogram"]


def test_it_prints_a_ratio_for_every_method(capsys):
    BENCHMARK["main"]([*TINY, "--methods", *HERE])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["mlp", *HERE, "cnn", *HERE]
    assert all(float(line[1]) > 0 for line in lines if line[0] in HERE)


def test_a_peer_that_is_not_installed_is_left_out(capsys, monkeypatch):
    def absent(model, num_classes):
        raise ModuleNotFoundError("No module named 'absent'")

    monkeypatch.setitem(BENCHMARK["METHODS"], "backpack", absent)
    BENCHMARK["main"]([*TINY, "--models", "mlp", "--methods", "backpack"])
    assert "left out: No module named 'absent'" in capsys.readouterr().out


def test_another_gradient_is_not_timed(monkeypatch):
    monkeypatch.setitem(BENCHMARK["METHODS"], "naive", BENCHMARK["plain"])
    with pytest.raises(AssertionError, match="naive: the update differs from ours"):
        BENCHMARK["main"]([*TINY, "--models", "mlp", "--methods", "naive"])


def test_peak_memory_of_a_fresh_process():
    """Plain SGD holds the gradients at least: 784 x 512 + 2 x 512 x 512 weights, 3.7 MB."""
    grown = BENCHMARK["in_fresh_process"](
        "bench_peers", "peak_of_one_step", "plain", "mlp", 8, 3, 512
    )
    assert 2 < grown < 50

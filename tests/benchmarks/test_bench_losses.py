"""The benchmark of the losses runs, at sizes that measure nothing."""

import math
import re
import runpy
from pathlib import Path

import torch

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_losses.py")))


def test_it_prints_a_line_for_every_setting_and_technique(capsys):
    techniques = BENCHMARK["TECHNIQUES"]
    BENCHMARK["main"](["--batch", "12", "--rounds", "2", "--width", "8"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * len(techniques)
    for line, technique in zip(lines, 3 * techniques, strict=True):
        assert technique in line
        median, low, high = map(float, re.findall(r"\d\.\d{3}", line))
        assert low <= median <= high


def test_the_interval_of_the_median_covers_it():
    """In 95 of 100 samples of 40, to within what 2,000 of them can tell."""
    generator = torch.Generator().manual_seed(0)
    covered = 0
    for sample in torch.randn(2000, 40, generator=generator):
        _, low, high = BENCHMARK["median_with_interval"](sample)
        covered += low <= 0 <= high
    assert math.isclose(covered / 2000, 0.96, abs_tol=0.02)


def test_memory_is_what_a_step_adds():
    """20 and 220 MB: 200 more, give or take what the process had to give back."""
    small, large = (
        BENCHMARK["memory_added_by"](lambda n=n: torch.ones(n * 2**18).sum()) for n in (20, 220)
    )
    assert 150 < (large - small) / 1024 < 250

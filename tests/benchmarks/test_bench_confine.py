"""The benchmark runs, once for each setting, which measures nothing."""

import gc
import runpy
from pathlib import Path

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_confine.py")))


def test_it_prints_a_line_for_every_setting(capsys):
    try:
        BENCHMARK["main"](["--rounds", "1"])
    finally:
        gc.unfreeze()
    lines = capsys.readouterr().out.splitlines()
    assert [line[:22].strip() for line in lines] == list(BENCHMARK["SETTINGS"])
    assert all(line.count(" ms (median") == 2 for line in lines)

"""The benchmark runs, with one move each, which measures nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("bench_explorer.py")


def test_it_prints_every_quantity():
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("/usr/bin/chromium is not installed")
    command = [sys.executable, SCRIPT, "--moves", "1", "--scenes", "minority_drop"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr[-2000:]
    head, *lines = run.stdout.splitlines()
    assert head.startswith("minority_drop, load")
    quantities = ["cached", "new", "new, busy", "whole run", "pictures a second", "at most"]
    assert [line[:18].strip() for line in lines] == quantities
    assert all("ratio" in line for line in lines[:2])

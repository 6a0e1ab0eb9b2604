"""Peak memory of one step, in a process of its own (Linux only)."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def peak(step: Callable[[], object]) -> float:
    """MB by which the resident set of this process grows, at most, during ``step``."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = resident_peak()
    step()
    return (resident_peak() - before) / 1024


def resident_peak() -> int:
    """VmHWM of this process, in kB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def in_fresh_process(module: str, function: str, *arguments: object) -> float:
    """What ``function(*arguments)`` of the benchmark ``module`` returns there."""
    code = f"from {module} import {function}; print({function}{arguments!r})"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        check=True,
        text=True,
    )
    return float(run.stdout.splitlines()[-1])

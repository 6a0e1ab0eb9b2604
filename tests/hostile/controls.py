"""A script: what each attack does to somebody who takes no care.

Reads ``[[name, control, path of what is handed in], ...]`` as JSON, runs each in a process of its
own, and writes ``{name: {"shown", "points", "size", "ended"}}``. Every process has seconds only.

plain     one Python runs all cells, then calls the answer
stock     one IPython runs all cells, then the tests, as nbgrader does: asserts against a reference
          that is imported beside the answer, and the course's own check
trusting  one IPython runs the notebook as it was handed in and believes its metadata
reader    opens the file, and looks at every cell
"""

import atexit
import contextlib
import json
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass

import torch
from IPython.core.interactiveshell import InteractiveShell

from imbal_lab import checks, exercises, explore, methods  # noqa: F401 - warm for all

CPU, MOST = 4, 4_100_000  # seconds, bytes of output
WALL = {"plain": 6.0}  # seconds; those in which nothing hangs have more
LONG = 30.0
READERS_MEMORY = 600 * 2**20
SIDE_BY_SIDE = 6
END, GONE = b"\nTHE END\n", b"\nGONE\n"

TESTS = (
    """\
import torch
from imbal_lab.methods import unit_directions as _expected
_x = torch.randn(3, 5, dtype=torch.float64)
_got = unit_directions(_x)
assert torch.allclose(_got, _expected(_x))
print("POINTS unit_directions 2.0")""",
    """\
_x = torch.rand(10, 4)
assert torch.allclose(unit_directions(_x), _expected(_x))""",
    """\
from imbal_lab import checks, exercises
_task = exercises.get("unit_directions")
_ask = checks.asking(_task, unit_directions, 7)
_verdict = checks.judge(checks.Known(_task, 7), _ask, hidden=True)
print("POINTS unit_directions", 2 * _verdict.fraction)""",
)


def plain(path: str) -> None:
    names: dict = {"__name__": "__main__"}
    for cell in code_cells(path):
        if not nbgrader(cell).get("grade"):
            with errors_printed():
                exec(compile(source(cell), cell["id"], "exec"), names)
    for inputs in (torch.rand(3, 5, dtype=torch.float64), torch.rand(10, 4)):
        with errors_printed():
            names["unit_directions"](inputs)


def stock(path: str) -> None:
    shell = InteractiveShell.instance(colors="NoColor", history_length=0)
    for cell in code_cells(path):
        if not nbgrader(cell).get("grade"):
            shell.run_cell(source(cell))
    for test in TESTS:
        shell.run_cell(test)


def trusting(path: str) -> None:
    shell = InteractiveShell.instance(colors="NoColor", history_length=0)
    for cell in code_cells(path):
        result = shell.run_cell(source(cell))
        mine = nbgrader(cell)
        if mine.get("points") and result.success:
            print("POINTS", mine["grade_id"].removeprefix("check-"), mine["points"])


def reader(path: str) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (READERS_MEMORY, READERS_MEMORY))
    with open(path, "rb") as file:
        content = file.read()
    print(content[-3000:])
    for cell in json.loads(content.decode())["cells"]:
        assert cell["cell_type"] in ("code", "markdown")
        "".join(cell["source"])
        int(nbgrader(cell).get("points", 0))


def code_cells(path: str) -> list[dict]:
    with open(path, encoding="utf-8") as file:
        return [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def nbgrader(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


@contextlib.contextmanager
def errors_printed():
    """As a notebook goes on after a cell that raised."""
    try:
        yield
    except Exception:
        traceback.print_exc()


@dataclass
class Job:
    """A process that does what a careless one does, below one that says when it is gone."""

    name: str
    control: str
    path: str
    process: int = 0
    heard: int = 0
    begun: float = 0.0
    output: bytes = b""

    def start(self) -> None:
        self.heard, there = os.pipe()
        self.begun, self.process = time.monotonic(), os.fork()
        if self.process:
            os.close(there)
            return
        os.setsid()
        for stream in (1, 2):
            os.dup2(there, stream)
        inner = os.fork()
        if inner:
            os.waitpid(inner, 0)
            os.write(there, GONE)
            os._exit(0)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
        globals()[self.control](self.path)
        sys.stdout.flush()
        os.write(1, END)
        threading._shutdown()  # what a Python does when it ends, but for taking torch apart
        atexit._run_exitfuncs()
        os._exit(0)

    def is_over(self, ready: list[int]) -> bool:
        """Hear what it says; true when that, or its time, is over."""
        said = os.read(self.heard, 2**20) if self.heard in ready else None
        self.output += said or b""
        late = time.monotonic() - self.begun > WALL.get(self.control, LONG)
        return said == b"" or len(self.output) > MOST or late

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.heard)


def look(control: str, output: bytes) -> dict:
    text = output.decode(errors="replace")
    earned: dict[str, list[float]] = {"unit_directions": [0.0]}
    for line in text.splitlines():
        if line.startswith("POINTS "):
            _, exercise, value = line.split()
            earned.setdefault(exercise, []).append(float(value))
    together = sum if control == "trusting" else max  # of cells, or of two ways to judge
    return {
        "shown": text,
        "points": {exercise: together(values) for exercise, values in earned.items()},
        "size": len(output),
        "ended": END in output and GONE in output,
    }


def run_all(waiting: list[Job]) -> dict:
    """All of them, some side by side."""
    running: list[Job] = []
    done = {}
    while waiting or running:
        while waiting and len(running) < SIDE_BY_SIDE:
            running.append(waiting.pop(0))
            running[-1].start()
        ready, _, _ = select.select([job.heard for job in running], [], [], 0.05)
        for job in [job for job in running if job.is_over(ready)]:
            job.end()
            running.remove(job)
            done[job.name] = look(job.control, job.output)
    return done


if __name__ == "__main__":
    json.dump(run_all([Job(*wanted) for wanted in json.load(sys.stdin)]), sys.stdout)

"""CPU seconds of one submission: ``python tests/benchmarks/bench_student_process.py``.

Twelve cells, and calls in sixteen throw-away forks, two of each, of a function with a forward and
a backward pass: about a lesson. No judging, no notebook. Printed are the least and the median of
all processes of the submission (from the warden's start to its burial), of the grader, and of the
wall, with all the layers that this machine grants and without namespaces.
"""

import argparse
import statistics
import time
from collections.abc import Sequence

import torch

from imbal_lab.models import mlp
from imbal_lab.student_process.process_tree import cpu_seconds
from imbal_lab.student_process.submission import Submission, WarmParent

IMPORTS = "import torch\nfrom torch.nn import functional as F\nfrom imbal_lab import data, models"
CELL = """
def f{number}(model, x, y):
    loss = F.cross_entropy(model(x), y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
print({number})
"""
CELLS = (IMPORTS, *(CELL.format(number=number) for number in range(11)))
CHECKS, GROUPS, CASES = 4, 4, 2


def work(submission: Submission) -> None:
    state, kept = submission.start, []
    for number, cell in enumerate(CELLS):
        run = submission.run(state, cell)
        state = run.state
        if number in range(3, 3 + CHECKS):
            submission.keep(state)
            kept.append((state, f"f{number - 1}"))
    inputs = {"model": mlp([2, 4, 3], seed=0).double(), "x": torch.ones(5, 2).double(),
              "y": torch.tensor([0, 1, 2, 0, 1])}  # fmt: skip
    for _ in range(GROUPS):
        for state, name in kept:
            for _ in range(CASES):
                assert submission.call(state, name, inputs).result is not None
            submission.close_calls()


def seconds(parent: WarmParent) -> tuple[float, float, float]:
    """Of the students' side, of the grader, of the wall."""
    theirs, ours, wall = cpu_seconds(parent.process), time.process_time(), time.perf_counter()
    with parent.submission() as submission:
        work(submission)
    wall, ours = time.perf_counter() - wall, time.process_time() - ours
    return cpu_seconds(parent.process) - theirs, ours, wall


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args(arguments).rounds
    with WarmParent() as every:
        fewer = [layer for layer in every.layers or () if layer != "namespaces"]
        with WarmParent(layers=fewer) as some:
            settings = {"all layers": every, "no namespaces": some}
            for parent in settings.values():
                seconds(parent)  # the first also pays what the next ones find done
            turns = [[seconds(parent) for parent in settings.values()] for _ in range(rounds)]
            found = dict(zip(settings, zip(*turns, strict=True), strict=True))
    print(f"{'':16}{'students':>16}{'grader':>16}{'wall':>16}   seconds: least, median")
    for name, rows in found.items():
        columns = zip(*rows, strict=True)
        print(f"{name:16}", *(f"{min(c):8.3f}{statistics.median(c):8.3f}" for c in columns), sep="")


if __name__ == "__main__":
    main()

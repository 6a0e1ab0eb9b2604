"""Our grader against stock nbgrader: ``python tests/benchmarks/bench_grading.py``.

Both grade the same 24 submissions of one notebook of four exercises, without explorer and
acceptance cells, so that both execute the same cells: ours by ``imbal-lab grade -j 2`` with every
layer of confinement that the machine grants, nbgrader by one ``nbgrader autograde`` for all. They
take turns. CPU seconds are those of the command and all its processes. The marginal cost of a
submission is the slope from 6 to 24 of them, so what starts once does not count.

Printed after it: lesson 02 as it is released, and how our time grows from 6 to 96 submissions.
"""

import argparse
import copy
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TOUR, DYNAMICS = "00_start_here", "02_learning_dynamics"
FOUR = "90_four_exercises"
LEFT_OUT = ("explore-", "extra-", "predict-", "quiz-")

SOURCES = {
    "imbalance_ratio": [
        "def imbalance_ratio(y):\n    counts = y.unique(return_counts=True)[1]\n"
        "    return (counts.max() / counts.min()).item()",
        "def imbalance_ratio(y):\n    counts = torch.bincount(y)\n"
        "    counts = counts[counts > 0].double()\n    return counts.max() / counts.min()",
        "def imbalance_ratio(y):\n    counts = torch.bincount(y).double()\n"
        "    return counts.min() / counts.max()",
        "def imbalance_ratio(y):\n    return y.max() / y.min()",
    ],
    "class_gradients": [
        "def class_gradients(model, x, y, num_classes):\n"
        "    losses = F.cross_entropy(model(x), y, reduction='none')\n    rows = []\n"
        "    for c in range(num_classes):\n"
        "        part = losses[y == c].sum() / len(y)\n"
        "        grads = torch.autograd.grad(part, list(model.parameters()), retain_graph=True)\n"
        "        rows.append(torch.cat([g.flatten() for g in grads]))\n"
        "    return torch.stack(rows)",
        "def class_gradients(model, x, y, num_classes):\n    rows = []\n"
        "    for c in range(num_classes):\n        model.zero_grad()\n"
        "        (F.cross_entropy(model(x), y, reduction='none') * (y == c)).mean().backward()\n"
        "        rows.append(torch.cat([p.grad.flatten().clone() for p in model.parameters()]))\n"
        "    return torch.stack(rows)",
        "def class_gradients(model, x, y, num_classes):\n    rows = []\n"
        "    for c in range(num_classes):\n"
        "        loss = F.cross_entropy(model(x[y == c]), y[y == c])\n"
        "        grads = torch.autograd.grad(loss, list(model.parameters()))\n"
        "        rows.append(torch.cat([g.flatten() for g in grads]))\n"
        "    return torch.stack(rows)",
        "def class_gradients(model, x, y, num_classes):\n    # YOUR CODE HERE\n"
        "    raise NotImplementedError()",
    ],
    "unit_directions": [
        "def unit_directions(grads):\n    return F.normalize(grads, dim=1)",
        "def unit_directions(grads):\n    norms = grads.norm(dim=1, keepdim=True)\n"
        "    return grads / norms.clamp_min(1e-12)",
        "def unit_directions(grads):\n    return grads / grads.norm(dim=1)[:, None]",
        "def unit_directions(grads):\n    return grads / grads.norm()",
    ],
    "pcngd_step": [
        "def pcngd_step(params, grads, lr):\n"
        "    return params - lr * unit_directions(grads).sum(0)",
        "def pcngd_step(params, grads, lr):\n    step = torch.zeros_like(params)\n"
        "    for row in unit_directions(grads):\n        step += row\n"
        "    return params - lr * step",
        "def pcngd_step(params, grads, lr):\n    return params - lr * grads.sum(0)",
        "def pcngd_step(params, grads, lr)\n    return params",
    ],
}  # right, right in another style, wrong, and wrong in a way that ends the cell or the call


class Cost(NamedTuple):
    """Seconds of one command: on the clock, and of processor by all its processes."""

    wall: float
    cpu: float


def released(lesson: str) -> dict:
    """A notebook as students get it."""
    return json.loads((ROOT / "notebooks" / lesson / f"{lesson}.ipynb").read_text("utf-8"))


def four_exercises() -> dict:
    """One notebook with the exercises of both lessons and nothing live in it."""
    notebook, tour = released(DYNAMICS), released(TOUR)
    ours = [c for c in tour["cells"] if c["id"].endswith("-imbalance_ratio")]
    cells = [*notebook["cells"][:2], *ours, *notebook["cells"][2:]]
    notebook["cells"] = [c for c in cells if not c["id"].startswith(LEFT_OUT)]
    notebook["metadata"]["imbal_lab"] |= {"lesson": FOUR}
    return notebook


def answered(notebook: dict, number: int) -> dict:
    """The submission of student ``number``; neighbours differ, every fourth is all right."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        exercise = cell["id"].removeprefix("answer-")
        if cell["id"] != exercise:
            place = list(SOURCES).index(exercise)
            styles = SOURCES[exercise]
            cell["source"] = styles[0 if number % 4 == 0 else (number + place * (number // 4)) % 4]
    return notebook


def make_course(folder: Path, lesson: str, notebook: dict, students: int) -> Path:
    """A released course with so many submissions; returns its root."""
    target = folder / "notebooks" / lesson / f"{lesson}.ipynb"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(notebook), "utf-8")
    course = folder / "course"
    course.mkdir()
    shutil.copy(ROOT / "course" / "nbgrader_config.py", course)
    run([sys.executable, "-m", "imbal_lab.cli", "release", lesson], course)
    for number in range(students):
        path = course / "submitted" / f"student{number:02}" / lesson / f"{lesson}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(answered(notebook, number)), "utf-8")
    return course


def run(command: Sequence[str], folder: Path, allowed: Sequence[int] = (0,)) -> Cost:
    """Run to the end; raises RuntimeError with what it said if it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ours(lesson: str, notebook: dict, students: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder), lesson, notebook, students)
        command = [sys.executable, "-m", "imbal_lab.cli", "grade", lesson, "-j", "2"]
        return run(command, course, allowed=(0, 1))


def stock(lesson: str, notebook: dict, students: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder), lesson, notebook, students)
        command = [sys.executable, "-m", "nbgrader", "autograde", lesson]
        return run(command, course, allowed=(0, 1))


def compare(name: str, lesson: str, notebook: dict, few: int, many: int, rounds: int) -> None:
    """Both by turns, ``rounds`` times; medians and ratios."""
    costs: dict[tuple[str, int], list[Cost]] = {}
    for _ in range(rounds):
        for students in (few, many):
            for grader in (ours, stock):
                cost = grader(lesson, notebook, students)
                costs.setdefault((grader.__name__, students), []).append(cost)
                print(
                    f"  {grader.__name__:5} {students:3}: {cost.wall:6.1f} s, {cost.cpu:6.1f} CPU-s"
                )
    walls = [
        s.wall / o.wall for o, s in zip(costs["ours", many], costs["stock", many], strict=True)
    ]
    print(f"{name}, {many} submissions")
    for grader in ("ours", "stock"):
        rate = 60 * many / statistics.median(cost.wall for cost in costs[grader, many])
        print(
            f"  {grader:5} {rate:6.1f} submissions a minute, {marginal(costs, grader, few, many)}"
        )
    ratio = slope(costs, "ours", few, many) / slope(costs, "stock", few, many)
    least, middle, most = min(walls), statistics.median(walls), max(walls)
    print(f"  submissions a minute, ours / stock: {middle:.1f} [{least:.1f}, {most:.1f}] (goal 10)")
    print(f"  marginal CPU, ours / stock: {ratio:.3f} (goal 0.1)")


def slope(costs: dict, grader: str, few: int, many: int) -> float:
    """CPU seconds that one more submission costs."""
    cpu = {n: statistics.median(cost.cpu for cost in costs[grader, n]) for n in (few, many)}
    return (cpu[many] - cpu[few]) / (many - few)


def marginal(costs: dict, grader: str, few: int, many: int) -> str:
    return f"{slope(costs, grader, few, many):.2f} CPU-s for one more"


def growth(lesson: str, notebook: dict, sizes: Sequence[int]) -> None:
    """Our own time for more and more submissions."""
    print("growth of ours")
    for students in sizes:
        cost = ours(lesson, notebook, students)
        print(f"  {students:3}: {cost.wall:6.1f} s, {cost.cpu / students:5.2f} CPU-s a submission")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--few", type=int, default=6)
    parser.add_argument("--many", type=int, default=24)
    parser.add_argument("--most", type=int, default=96, help="for the growth; 0 leaves it out")
    parser.add_argument("--no-lesson", action="store_true", help="leave lesson 02 out")
    options = parser.parse_args(arguments)
    if not 0 < options.few < options.many:
        parser.error("--few must be below --many, and at least 1")
    print(f"{os.cpu_count()} processors")
    compare("four exercises", FOUR, four_exercises(), options.few, options.many, options.rounds)
    if not options.no_lesson:
        compare("lesson 02 as released", DYNAMICS, released(DYNAMICS), 2, options.few, 1)
    if options.most:
        sizes = [n for n in (6, 12, 24, 48, 96) if n <= options.most]
        growth(FOUR, four_exercises(), sizes)


if __name__ == "__main__":
    main()

"""Twenty models at once / one after the other: ``python tests/benchmarks/bench_sweep.py``.

Model-steps per second of CPU time, on one thread, tensors in memory. Ours is ``sweep`` as users
call it; the time of the same sweep with no steps is taken off, since drawing the data is no
training. Serial is an ordinary loop: ``nn.Module``, ``torch.optim.SGD``, batches from ``randperm``,
no DataLoader. Rounds of serial, ours, serial alternate; each of ours is divided by the mean of the
serial rates right before and after it, and the median is printed. In the same run the results of
three models after 100 steps are compared with training each of them alone.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from alternation import alternate

from imbal_lab.training import Run, sweep
from imbal_lab.training.serial import train_alone

torch.set_num_threads(1)

WIDTHS = {"gauss2d": (2, 64, 64, 4), "mnist1d": (40, 100, 100, 10)}
GOAL = {"gauss2d": 5.0, "mnist1d": 3.5}


def runs_of(data: str, activation: str, method: str, models: int, steps: int) -> list[Run]:
    """The same run with ``models`` seeds."""
    run = Run(
        data=data,
        rho=100,
        method=method,
        steps=steps,
        momentum=0.9,
        lr=0.02,
        data_options={"n_test": 20},
        model_options={"widths": WIDTHS[data], "activation": activation},
    )
    return [replace(run, seed=seed) for seed in range(models)]


def serial_rate(run: Run) -> float:
    """Steps per second of an ordinary loop."""
    dataset, model, criterion = run.build()
    x, y = dataset.x, dataset.y
    optimizer = torch.optim.SGD(model.parameters(), run.lr, run.momentum)
    done, start = 0, time.thread_time()
    while done < run.steps:
        for rows in torch.randperm(len(y))[: len(y) // run.batch * run.batch].split(run.batch):
            optimizer.zero_grad()
            criterion(model(x[rows]), y[rows]).backward()
            optimizer.step()
            done += 1
    return done / (time.thread_time() - start)


def seconds(runs: Sequence[Run]) -> float:
    """CPU time of a sweep."""
    start = time.thread_time()
    sweep(runs, cache=None, progress=False)
    return time.thread_time() - start


def our_rate(runs: Sequence[Run]) -> float:
    """Model-steps per second of a sweep, without what it takes to begin and to end."""
    trained = seconds(runs) - seconds([replace(run, steps=0) for run in runs])
    return len(runs) * runs[0].steps / trained


def disagreement(runs: Sequence[Run]) -> float:
    """Largest difference in the test logits after 100 steps, together and alone."""
    short = [replace(run, steps=min(run.steps, 100)) for run in runs[:3]]
    together, alone = sweep(short, cache=None, progress=False), map(train_alone, short)
    differences = [
        (a.test_logits - b.test_logits).abs().max().item()
        for a, b in zip(together, alone, strict=True)
    ]
    return max(differences)


def ratio(data: str, activation: str, method: str, models: int, steps: int, rounds: int) -> str:
    """One line of the table."""
    runs = runs_of(data, activation, method, models, steps)
    error = disagreement(runs)
    assert error < 1e-3, f"{data}: together and alone differ by {error:.1e} after 100 steps"
    serial_rate(runs[0])
    found = alternate(lambda: our_rate(runs), lambda: serial_rate(runs[0]), rounds)
    median, usual = (values.median().item() for values in found)
    goal = f"goal {GOAL[data]}" if (activation, method) == ("relu", "sgd") else ""
    return (
        f"{data:8} {activation:5} {method:17} K={models:<3} {median:5.2f}   serial {usual:6.0f} "
        f"steps/s   difference {error:.0e}   {goal}"
    ).rstrip()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=list(WIDTHS), choices=list(WIDTHS))
    parser.add_argument("--methods", nargs="+", default=["sgd", "logit_adjustment", "absgd"])
    parser.add_argument("--activations", nargs="+", default=["relu", "tanh"])
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    for data in options.data:
        for method in options.methods:
            for activation in options.activations:
                size = options.models, options.steps, options.rounds
                print(ratio(data, activation, method, *size), flush=True)


if __name__ == "__main__":
    main()

"""What PCNGD gains and what it costs against gradient descent, over seeds.

Both train with the same step size for the same number of steps. Four numbers, each PCNGD
minus gradient descent, paired by seed (which draws the examples and the initial weights):

- recall of the rarest class, and balanced accuracy, the mean of the recalls;
- accuracy at the training mix: the recalls weighted by the class counts;
- training loss: the mean over all examples, which is what gradient descent minimises.

`python -m imbal_lab.training.trade_off` prints the table (about a minute).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from imbal_lab.data import load
from imbal_lab.methods import gd_step, pcngd_step
from imbal_lab.methods.registry import Step
from imbal_lab.models import mlp
from imbal_lab.training.interval import Interval
from imbal_lab.training.loop import train
from imbal_lab.training.minority_drop import LR

# Data, with load options and hidden widths: classes that overlap much, little, and not at all.
SETUPS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "gauss2d": ({"n_max": 400, "n_test": 500}, (32, 32)),
    "gauss2d_binary": ({"n_max": 200, "n_test": 500}, (24, 24)),
    "digits": ({"n_max": 100}, (24, 24)),
}


class TradeOff(NamedTuple):
    """PCNGD minus gradient descent, each with its 95 % interval over the seeds."""

    rarest: Interval
    balanced: Interval
    at_mix: Interval
    loss: Interval


def trade_off(
    data: str, *, rho: float, seeds: Iterable[int] = range(12), steps: int = 300
) -> TradeOff:
    """Train both methods once a seed on ``data``, one of ``SETUPS``, and compare the ends."""
    if data not in SETUPS:
        raise ValueError(f"data={data!r}: choose one of {', '.join(map(repr, SETUPS))}")
    rows = [
        measured(data, pcngd_step, rho, seed, steps) - measured(data, gd_step, rho, seed, steps)
        for seed in seeds
    ]
    return TradeOff(*map(Interval.of, torch.stack(rows, dim=1)))


def measured(data: str, step: Step, rho: float, seed: int, steps: int) -> Tensor:
    """[4]: rarest recall, balanced accuracy, accuracy at the training mix, training loss."""
    options, hidden = SETUPS[data]
    dataset = load(data, rho=rho, seed=seed, **options)
    model = mlp([dataset.x.shape[1], *hidden, dataset.num_classes], seed=seed)
    *_, last = train(dataset, model, step, lr=LR, steps=steps, every=max(steps, 1))
    mix = torch.tensor(dataset.counts) / len(dataset.y)
    return torch.stack([last.recall[-1], last.recall.mean(), mix @ last.recall, mix @ last.loss])


if __name__ == "__main__":
    print("PCNGD minus gradient descent, 12 seeds, mean [95 % interval]")
    columns = ("rarest recall", "balanced accuracy", "accuracy at mix", "training loss")
    print(f"{'data':15}{'rho':>4}  {''.join(f'{name:28}' for name in columns).rstrip()}")
    for name in SETUPS:
        for ratio in (10, 50):
            found = [f"{interval!s:28}" for interval in trade_off(name, rho=ratio)]
            print(f"{name:15}{ratio:4}  {''.join(found).rstrip()}", flush=True)

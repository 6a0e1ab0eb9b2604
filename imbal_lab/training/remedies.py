"""The remedies everyone tries first, on four kinds of data: the runs, once a seed.

Plain cross-entropy, oversampling, class weights of inverse frequency and the logit-adjusted loss,
with the same network, batches, step size and number of steps. A seed draws the examples, the
initial weights and the batches.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from imbal_lab.data import Dataset
from imbal_lab.training.result import Result
from imbal_lab.training.run import Run
from imbal_lab.training.sweep import sweep

PLAIN, OVERSAMPLING, WEIGHTS, ADJUSTED = REMEDIES = (
    "plain",
    "oversampling",
    "class weights",
    "adjusted loss",
)
METHOD = dict(zip(REMEDIES, ("sgd", "sgd_o", "class_weights", "logit_adjustment"), strict=True))
SMALL_STEP = "class weights, step / 25"
LR = 0.05


@dataclass(frozen=True)
class Situation:
    """A kind of data, with a network and a number of steps that are enough for it."""

    label: str
    data: str
    hidden: tuple[int, ...]
    steps: int
    rho: float | None = None
    data_options: tuple[tuple[str, int], ...] = ()  # of `load`, hashable
    every: int | None = None  # steps between two measurements on the way
    small_step: bool = False  # whether weights are tried with a small step too

    def runs(self, remedy: str, seeds: Iterable[int]) -> list[Run]:
        """One run a seed, not trained yet."""
        options: dict[str, Any] = {
            "data": self.data,
            "rho": self.rho,
            "data_options": self.data_options,
            "steps": self.steps,
            "every": self.every,
            "momentum": 0.9,
            "schedule": "cosine",
            "lr": LR / 25 if remedy == SMALL_STEP else LR,
            "method": METHOD[WEIGHTS if remedy == SMALL_STEP else remedy],
        }
        data = Run(**options, model_options={"widths": (1, 1)}).dataset()
        widths = (data.x[0].numel(), *self.hidden, data.num_classes)
        model = {"widths": widths, "activation": "relu"}
        return [Run(**options, model_options=model, seed=seed) for seed in seeds]


OVERLAP, APART, MEMORISED, DIGITS = SITUATIONS = (
    Situation("overlapping blobs", "gauss2d", (32, 32), 300, 50),
    Situation("seven states", "shuttle_like", (32, 32), 600, small_step=True),
    Situation(
        "memorised curves",
        "mnist1d",
        (64, 64),
        1000,
        100,
        (("n_max", 600), ("n_test", 200)),
        every=100,
    ),
    Situation("digits", "digits", (64, 64), 300, 50, (("n_max", 120), ("n_test", 50))),
)


class Trained(NamedTuple):
    """What a run leaves behind for judging it."""

    counts: tuple[int, ...]
    y: Tensor  # [m] of the balanced test set
    logits: Tensor  # [m, C] there, after the last step
    step: Tensor  # [T] at which it was measured on the way
    balanced: Tensor  # [T] balanced accuracy there
    fitted: Tensor  # [T] mean training recall there

    @property
    def mix(self) -> Tensor:
        """Shares of the classes in training [C], in double precision."""
        counts = torch.tensor(self.counts, dtype=torch.float64)
        return counts / counts.sum()


def measure(situation: Situation, seeds: Iterable[int]) -> dict[str, list[Trained]]:
    """Train every remedy once a seed; a list over the seeds for each."""
    seeds = tuple(seeds)
    remedies = (*REMEDIES, SMALL_STEP) if situation.small_step else REMEDIES
    runs = {remedy: situation.runs(remedy, seeds) for remedy in remedies}
    results = iter(sweep([r for of in runs.values() for r in of], cache=None, progress=False))
    data = [run.dataset() for run in runs[PLAIN]]
    return {remedy: [_trained(each, next(results)) for each in data] for remedy in remedies}


def _trained(data: Dataset, result: Result) -> Trained:
    balanced, fitted = result.test_recall.mean(dim=1), result.train_recall.mean(dim=1)
    return Trained(data.counts, data.y_test, result.test_logits, result.step, balanced, fitted)

"""What the claims of this paper have in common: data, networks, runs, and what is read off them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab import data
from imbal_lab.claims.absgd.together import Logits, Plan, train_together
from imbal_lab.data import Dataset
from imbal_lab.instruments import class_means
from imbal_lab.methods import (
    ABSGD,
    ClassWeightedLoss,
    FocalLoss,
    LDAMLoss,
    effective_number_weights,
)
from imbal_lab.models import cnn1d, mlp

GAMMA = 0.9  # as in the authors' package
RARE = 3  # classes of ten that count as the minority
WATCH = (2, 12, 25, 40, 80, 200)

DATA: dict[str, dict[str, Any]] = {
    "digits": {"name": "digits", "rho": 50, "n_max": 110},
    "digits, balanced": {"name": "digits", "rho": 1, "n_max": 31},  # 310 for 313
    "digits, ρ = 1": {"name": "digits", "rho": 1, "n_max": 110},
    "curves": {"name": "mnist1d", "rho": 50, "n_max": 300},
    "even curves": {"name": "mnist1d", "rho": 1, "n_max": 300},
}
MODELS: dict[str, Callable[[int], nn.Sequential]] = {
    "digits": lambda seed: mlp([64, 64, 10], seed=seed, activation="relu"),
    "curves": lambda seed: mlp([40, 64, 64, 10], seed=seed, activation="relu"),
    "cnn": lambda seed: cnn1d(seed=seed),
}
BASES: dict[str, Callable[[Sequence[int]], nn.Module]] = {
    "cross-entropy": lambda counts: nn.CrossEntropyLoss(reduction="none"),
    "class weights": lambda counts: ClassWeightedLoss(effective_number_weights(counts), "none"),
    "LDAM": lambda counts: LDAMLoss(counts, scale=1, reduction="none"),
    "focal": lambda counts: FocalLoss(reduction="none"),
}


@dataclass(frozen=True)
class Way:
    """One way to train; ``lam`` = inf is plain SGD."""

    data: str
    model: str
    plan: Plan
    lam: float = math.inf
    start: int = 0  # plain SGD before this epoch
    base: str = "cross-entropy"
    noise: float = 0  # share of training labels that are wrong
    asymmetric: bool = False

    def but(self, **changed: Any) -> "Way":
        """The same but for what is ``changed``."""
        return replace(self, **changed)


@dataclass(frozen=True)
class Trained:
    """K networks after the epochs that were watched; all data sets have the same test labels."""

    y: Tensor  # [K, n], with noise
    clean: Tensor  # [n]
    y_test: Tensor  # [m]
    at: dict[int, Logits]

    @property
    def end(self) -> int:
        """The last epoch."""
        return max(self.at)

    def accuracy(self, epoch: int) -> Tensor:
        """Balanced test accuracy: [K]."""
        return recalls(self.at[epoch].test, self.y_test).mean(dim=1)

    def losses(self, epoch: int) -> Tensor:
        """Training losses: [K, n]."""
        return F.cross_entropy(self.at[epoch].train.double(), self.y, reduction="none")


def recalls(logits: Tensor, y: Tensor) -> Tensor:
    """Recall of each class: ``logits`` [K, C, n], ``y`` [n] -> [K, C]."""
    hits = (logits.argmax(dim=1) == y).double()
    return torch.stack([class_means(own, y, logits.shape[1]) for own in hits])


def dataset(name: str, seed: int) -> Dataset:
    """A set of ``DATA``; which classes are rare is drawn by the seed."""
    return data.load(**DATA[name], rare="random", n_test=50, seed=seed)


def with_noise(clean: Dataset, share: float, seed: int, *, asymmetric: bool = False) -> Dataset:
    """A ``share`` of the labels, drawn one by one, replaced by another class, or by the next."""
    rng = np.random.default_rng([seed, round(100 * share)])
    wrong = torch.from_numpy(rng.random(len(clean.y)) < share)
    away = torch.from_numpy(rng.integers(1, clean.num_classes, len(clean.y)))
    other = (clean.y + (1 if asymmetric else away)) % clean.num_classes
    return replace(clean, y=torch.where(wrong, other, clean.y))


@cache
def run(way: Way, seeds: tuple[int, ...]) -> Trained:
    """All seeds together; kept for the next claim."""
    clean = [dataset(way.data, seed) for seed in seeds]
    counts = clean[0].counts
    seen = [
        with_noise(each, way.noise, seed, asymmetric=way.asymmetric)
        for each, seed in zip(clean, seeds, strict=True)
    ]

    def criterion(lam: float) -> Callable[[], nn.Module]:
        return lambda: ABSGD(lam, GAMMA, BASES[way.base](counts))

    at = train_together(
        seen,
        [MODELS[way.model](seed) for seed in seeds],
        {0: criterion(math.inf), way.start: criterion(way.lam)},
        way.plan,
        seeds=seeds,
        watch=(*WATCH, way.plan.epochs),
    )
    return Trained(torch.stack([each.y for each in seen]), clean[0].y, clean[0].y_test, at)


def gain(way: Way, epoch: int, seeds: Sequence[int]) -> Tensor:
    """Balanced test accuracy minus that of plain SGD with the same seeds and batches: [S]."""
    own, plain = run(way, tuple(seeds)), run(way.but(lam=math.inf, start=0), tuple(seeds))
    return own.accuracy(epoch) - plain.accuracy(epoch)


def weights(losses: Tensor, lam: float) -> Tensor:
    """ABSGD's weights over the whole training set, with mean 1: [..., n]."""
    return (losses / lam).softmax(dim=-1) * losses.shape[-1]

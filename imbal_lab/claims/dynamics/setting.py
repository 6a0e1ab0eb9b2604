"""What the claims of this paper have in common: digits 3 and 8, a tanh network, two steps."""

import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset, load
from imbal_lab.instruments import Record, Recording
from imbal_lab.methods import gd_step, pcngd_step
from imbal_lab.models import mlp
from imbal_lab.training import train
from imbal_lab.training.minority_drop import ROUNDING

N_MAX = 150  # threes; the eights are the minority
LEARNT = 0.35  # a class is learnt when its mean loss is below this
STEPS = {"GD": gd_step, "PCNGD": pcngd_step}
LR = {"GD": 0.1, "PCNGD": 0.01}
COMMON = (
    "*Digits* below are 150 threes to 150/ρ eights (8x8 pixels) and a tanh MLP 64-24-24-2, full "
    "batch, step size 0.1 for GD and 0.01 for PCNGD, unless a row says otherwise. *Learnt* means a "
    "mean loss below 0.35; times until then count the start as step 1. The projection p_l is the "
    "cosine of a mini-batch gradient of class l with its full-batch one, a mean over 40 batches. A "
    "*lag* is log₂ of the minority's time to be learnt over the majority's; at ρ = 1 the eights "
    "lag already, so the lag there is its control."
)

Counts = tuple[int, int]


def imbalanced(rho: int) -> Counts:
    """Counts at imbalance ratio ``rho``."""
    return N_MAX, N_MAX // rho


def balanced(rho: int) -> Counts:
    """The control: as many examples in all as at ``rho``, half of each class."""
    half = sum(imbalanced(rho)) // 2
    return half, half


def digits(seed: int, counts: Counts) -> Dataset:
    """Threes and eights, in double precision."""
    return load("digits", classes=(3, 8), n_test=24, counts=counts, seed=seed).to(torch.float64)


def blobs(seed: int, offset: float) -> Dataset:
    """Two Gaussian blobs at rho = 10, moved away from the origin by ``offset``."""
    options: dict[str, Any] = {"n_max": 200, "n_test": 5, "offset": offset}
    return load("gauss2d_binary", rho=10, seed=seed, **options).to(torch.float64)


def network(dataset: Dataset, seed: int, *hidden: int) -> nn.Sequential:
    """A tanh network in double precision; without ``hidden`` it is logistic regression."""
    return mlp([dataset.x.shape[1], *hidden, dataset.num_classes], seed=seed).double()


@cache
def run(method: str, seed: int, counts: Counts, steps: int = 150) -> Recording:
    """One full-batch run on the digits, every step recorded; kept for the next claim."""
    return trained(method, digits(seed, counts), seed, steps)


def trained(method: str, dataset: Dataset, seed: int, steps: int) -> Recording:
    """One full-batch run of a network with two hidden layers of 24."""
    model = network(dataset, seed, 24, 24)
    return Recording.of(train(dataset, model, STEPS[method], lr=LR[method], steps=steps))


def rise(run: Recording) -> float:
    """How far the rarest class's mean loss gets above its start."""
    loss = run.loss[:, -1]
    return (loss.max() - loss[0]).item()


def up_share(run: Recording) -> float:
    """Share of all steps and classes in which a class's loss grew."""
    return share(run.loss.diff(dim=0) > ROUNDING)


def share(true: Tensor) -> float:
    """Share of the entries that are true."""
    return true.double().mean().item()


def time_to_learn(records: Iterable[Record], rank: int = 1) -> float:
    """Steps until the class is learnt, the start being step 1; NaN if it never is.

    Later records are not drawn.
    """
    return next((r.step + 1.0 for r in records if r.loss[rank] < LEARNT), math.nan)


def log_slope(x: Iterable[float], y: Tensor) -> Tensor:
    """Least-squares slope of log y on log x: ``x`` [R] and ``y`` [S, R] in, [S] out."""
    centred = torch.tensor(list(x), dtype=torch.float64).log()
    centred = centred - centred.mean()
    return y.double().log() @ centred / centred.square().sum()

"""One step on a toy in the plane, as in figure 1, and the same toy trained to the end."""

import math
from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.absgd.setting import recalls
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import Dataset, load
from imbal_lab.methods import absgd_loss
from imbal_lab.models import mlp

BATCH, DRAWS = 16, 10  # batches drawn for each seed
Weighting = Callable[[Tensor], Tensor]


def toy(seed: int, *counts: int) -> Dataset:
    """Two blobs in the plane around the origin."""
    return load("gauss2d_binary", counts=counts, n_test=500, offset=0.0, seed=seed)


def descend(model: nn.Module, x: Tensor, y: Tensor, lr: float, lam: float, steps: int) -> None:
    """Full-batch steps, in place."""
    optimizer = torch.optim.SGD(model.parameters(), lr)
    for _ in range(steps):
        optimizer.zero_grad()
        absgd_loss(F.cross_entropy(model(x), y, reduction="none"), lam).backward()
        optimizer.step()


def started(data: Dataset, seed: int) -> nn.Module:
    """Logistic regression whose first line covers the majority: after 20 small plain steps."""
    model = mlp([2, 2], seed=seed)
    descend(model, data.x, data.y, lr=0.1, lam=math.inf, steps=20)
    return model


def _recall(model: nn.Module, data: Dataset) -> Tensor:
    with torch.no_grad():
        return recalls(model(data.x_test).T[None], data.y_test)[0]


def _after_one(seed: int, counts: tuple[int, int], lam: float) -> Tensor:
    """Recall of both classes after one step, mean over the batches: [2]."""
    data, found = toy(seed, *counts), []
    start, generator = started(data, seed), torch.Generator().manual_seed(seed)
    for _ in range(DRAWS):
        rows = torch.randperm(len(data.y), generator=generator)[:BATCH]
        model = deepcopy(start)
        descend(model, data.x[rows], data.y[rows], lr=1.0, lam=lam, steps=1)
        found.append(_recall(model, data))
    return torch.stack(found).mean(dim=0)


def _minority_mass(seed: int, lam: float) -> float:
    """Share of the minority in the weights over the whole training set, before the step."""
    data = toy(seed, 100, 20)
    losses = F.cross_entropy(started(data, seed)(data.x), data.y, reduction="none")
    return (losses / lam).softmax(dim=0)[data.y == 1].sum().item()


@per_seed
def _one_step(seed: int) -> dict[str, float]:
    imbalanced, even = (100, 20), (60, 60)
    sgd, mild, sharp = (_after_one(seed, imbalanced, lam) for lam in (math.inf, 1.0, 0.2))
    control = _after_one(seed, even, 0.2) - _after_one(seed, even, math.inf)
    return {
        "minority recall, SGD": sgd[1].item(),
        "minority recall, λ = 0.2 minus SGD": (sharp - sgd)[1].item(),
        "balanced accuracy, λ = 0.2 minus SGD": (sharp - sgd).mean().item(),
        "balanced accuracy, λ = 1 minus SGD": (mild - sgd).mean().item(),
        "balanced accuracy, λ = 0.2 minus SGD, balanced data": control.mean().item(),
        "minority's share of the weights, λ = 0.2": _minority_mass(seed, 0.2),
        "minority's share of the weights, SGD": 20 / 120,
    }


@per_seed
def _to_the_end(seed: int) -> dict[str, float]:
    data, found = toy(seed, 100, 20), {}
    for lam in (math.inf, 1.0, 0.2):
        model = started(data, seed)
        descend(model, data.x, data.y, lr=1.0, lam=lam, steps=300)
        found[lam] = _recall(model, data).mean().item()
    return {
        "balanced accuracy, SGD": found[math.inf],
        "λ = 1 minus SGD": found[1.0] - found[math.inf],
        "λ = 0.2 minus SGD": found[0.2] - found[math.inf],
    }


SETTING = "two blobs in the plane, 100 and 20; logistic regression from a line that covers the "
CLAIMS = (
    Claim(
        id="absgd-one-step",
        says="One step of ABSGD moves the line towards the minority, where one step of SGD on the "
        "same batch does not.",
        origin="figure 1",
        setting=f"{SETTING}majority; one step of size 1, {DRAWS} batches of {BATCH} a seed. "
        "Control: 60 of each",
        measure=_one_step,
        reproduced=(
            Within("minority recall, λ = 0.2 minus SGD", low=0.2),
            Within("balanced accuracy, λ = 0.2 minus SGD", low=0.05),
            Within("balanced accuracy, λ = 1 minus SGD", low=0),
            Within("minority's share of the weights, λ = 0.2", low=0.4),
        ),
        opposite=(Within("balanced accuracy, λ = 0.2 minus SGD", high=0),),
    ),
    Claim(
        id="absgd-toy-trained",
        says="Trained to the end, the toy still favours ABSGD.",
        origin="a question that figure 1 leaves open",
        setting=f"{SETTING}majority; full batch, 300 steps of size 1",
        measure=_to_the_end,
        reproduced=(
            Within("λ = 1 minus SGD", low=0.01),
            Within("λ = 0.2 minus SGD", low=0.01),
        ),
        opposite=(
            Within("λ = 1 minus SGD", high=0),
            Within("λ = 0.2 minus SGD", high=0),
        ),
    ),
)

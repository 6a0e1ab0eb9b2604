"""Who gets the weight: hard samples, rare classes, and single samples inside a class."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.absgd.imbalance import DIGITS, FIRST, LONG, QUICK
from imbal_lab.claims.absgd.setting import RARE, run, weights
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.instruments import class_means
from imbal_lab.methods import inverse_frequency_weights

LAMBDAS = (100.0, 10.0, 1.0, 0.5, 0.2, 0.1)
BATCH = 16


def _largest(seeds: Sequence[int]) -> dict[str, Tensor]:
    losses = run(DIGITS, tuple(seeds)).losses(2)
    rows = [torch.randperm(losses.shape[1], generator=_seeded(s))[:BATCH] for s in seeds]
    batch = losses.gather(1, torch.stack(rows))
    top = {lam: weights(batch, lam).amax(dim=1) / BATCH for lam in LAMBDAS}
    return {
        **{f"largest share, λ = {lam:g}": share for lam, share in top.items()},
        "λ = 1 minus λ = 10": top[1.0] - top[10.0],
        "λ = 0.2 minus λ = 1": top[0.2] - top[1.0],
    }


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rare_over_frequent(values: Tensor, y: Tensor) -> Tensor:
    """Mean of the rarest classes' means over that of the most frequent ones': [K, n] -> [K]."""
    means = torch.stack([class_means(own, y, int(y.max()) + 1) for own in values])
    return means[:, -RARE:].mean(dim=1) / means[:, :RARE].mean(dim=1)


def _minority(seeds: Sequence[int]) -> dict[str, Tensor]:
    seen, found = run(DIGITS.but(lam=1.0), tuple(seeds)), {}
    for epoch in (2, 12, 200):
        share = weights(seen.losses(epoch), 1.0)
        found[f"rare / frequent, epoch {epoch}"] = rare_over_frequent(share, seen.clean)
    even = run(DIGITS.but(lam=1.0, data="digits, balanced", plan=FIRST), tuple(seeds))
    share = weights(even.losses(12), 1.0)
    return found | {
        "epoch 12 minus epoch 200": found["rare / frequent, epoch 12"]
        - found["rare / frequent, epoch 200"],
        "the same classes, epoch 12, balanced data": rare_over_frequent(share, even.clean),
    }


def within_classes(values: Tensor, y: Tensor) -> Tensor:
    """Share of the variance of ``values`` [K, n] that lies inside the classes: [K]."""
    num_classes = int(y.max()) + 1
    inside = torch.stack([own - class_means(own, y, num_classes)[y] for own in values])
    return inside.square().mean(dim=1) / values.var(dim=1, correction=0)


def _inside(seeds: Sequence[int]) -> dict[str, Tensor]:
    seen = run(DIGITS.but(lam=1.0), tuple(seeds))
    by_class = inverse_frequency_weights(seen.clean.bincount().tolist()).double()[seen.clean]
    return {
        "share inside classes, ABSGD": within_classes(weights(seen.losses(12), 1.0), seen.clean),
        "share inside classes, class weights": within_classes(
            by_class.expand(len(seeds), -1), seen.clean
        ),
    }


def _interpolated(seeds: Sequence[int]) -> dict[str, Tensor]:
    """Losses shrink, so that the weights become even."""
    fitted = DIGITS.but(lam=1.0, plan=LONG._replace(lr=QUICK))
    losses = run(fitted, tuple(seeds)).losses(200)
    own = weights(losses, 1.0)
    return {
        "mean training loss": losses.mean(dim=1),
        "spread of the weights": own.std(dim=1),
        "distance from SGD's direction in the losses": (
            F.normalize(own, dim=1) - 1 / math.sqrt(own.shape[1])
        ).norm(dim=1),
    }


SETTING = "digits, long-tailed, 110 to 2; ReLU MLP 64-64-10, batches of 32, step size 0.002"
CLAIMS = (
    Claim(
        id="absgd-sharpness",
        says="λ controls how sharp the weights are: nearly 1/16 each at λ = 100, most of them on "
        "one sample of 16 at λ = 0.1.",
        origin="figure 1 and the authors' code: weight against loss",
        reported="largest of 16 in figure 1: 0.48",
        setting=f"{SETTING}; SGD after epoch 2, one batch of {BATCH} a seed, γ = 1",
        measure=_largest,
        reproduced=(
            Within("largest share, λ = 100", 1 / BATCH, 1.1 / BATCH),
            Within("λ = 1 minus λ = 10", low=0),
            Within("λ = 0.2 minus λ = 1", low=0.1),
            Within("largest share, λ = 0.1", low=0.5),
        ),
        opposite=(Within("λ = 0.2 minus λ = 1", high=0),),
    ),
    Claim(
        id="absgd-minority-weights",
        says="Rare classes get larger weights, and the less so the better they are learnt.",
        origin="the authors' code: mean weight of each class by epoch",
        setting=f"{SETTING}; ABSGD, λ = 1; mean weight of the {RARE} rarest classes over that of "
        f"the {RARE} most frequent. Control: 31 of each",
        measure=_minority,
        reproduced=(
            Within("rare / frequent, epoch 12", low=1.5),
            Within("epoch 12 minus epoch 200", low=0.5),
            Within("the same classes, epoch 12, balanced data", 0.67, 1.5),
        ),
        opposite=(Within("rare / frequent, epoch 12", high=1),),
    ),
    Claim(
        id="absgd-inside-classes",
        says="Its weights tell apart the samples of one class, which class weights cannot.",
        origin="abstract: individual-level weights",
        setting=f"{SETTING}; ABSGD, λ = 1, epoch 12; share of the weights' variance inside classes",
        measure=_inside,
        reproduced=(
            Within("share inside classes, ABSGD", low=0.2),
            Within("share inside classes, class weights", high=1e-10),
        ),
    ),
    Claim(
        id="absgd-interpolation",
        says="Once the training set is fitted all losses are near 0, the weights near 1, and "
        "ABSGD is SGD.",
        origin="follows from the weights",
        setting=f"{SETTING.rpartition(',')[0]}, step size 0.02; ABSGD, λ = 1, epoch 200",
        measure=_interpolated,
        reproduced=(
            Within("spread of the weights", high=0.05),
            Within("distance from SGD's direction in the losses", high=0.05),
        ),
    ),
)

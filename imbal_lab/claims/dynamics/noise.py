"""Mini-batches: the direction of the minority is the noisier one, and what repairs it."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.dynamics.setting import digits, imbalanced, log_slope, network
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import ClassBatches, Dataset
from imbal_lab.methods import class_gradients, inverse_frequency_weights, pcngd_step, projections
from imbal_lab.training import train
from imbal_lab.training.loop import Gradients, endless

BATCH = {1: 24, 5: 24, 10: 22, 25: 52}  # with them natural batches hold 12, 4, 2 and 2 eights
BATCHES = 40
SIZES = (1, 2, 4, 8, 16, 32, 64)


@cache
def _at(seed: int, rho: int, step: int) -> tuple[Dataset, nn.Module, Tensor]:
    """Data, network and full-batch class gradients after ``step`` steps of PCNGD."""
    data = digits(seed, imbalanced(rho))
    model = network(data, seed, 24, 24)
    list(train(data, model, pcngd_step, lr=0.01, steps=step, every=step))
    return data, model, class_gradients(model, data.x, data.y, 2)


def _mean_projections(
    seed: int, rho: int, step: int, draw: Callable[[Dataset], Iterable[Tensor]]
) -> Tensor:
    """p [2], the mean over 40 mini-batches."""
    data, model, full = _at(seed, rho, step)
    rows = islice(endless(draw(data)), BATCHES)
    seen = [projections(class_gradients(model, data.x[r], data.y[r], 2), full) for r in rows]
    return torch.stack(seen).mean(dim=0)


@cache
def _p(seed: int, rho: int, step: int, oversample: bool) -> Tensor:
    def draw(data: Dataset) -> ClassBatches:
        return ClassBatches(data.y, BATCH[rho], oversample=oversample, seed=seed)

    return _mean_projections(seed, rho, step, draw)


def _gap(seed: int, rho: int, step: int = 30, oversample: bool = False) -> float:
    """p_0 - p_1."""
    majority, minority = _p(seed, rho, step, oversample).tolist()
    return majority - minority


@per_seed
def _noisier(seed: int) -> dict[str, float]:
    return {
        **{f"p₀ − p₁, ρ = 10, step {t}": _gap(seed, 10, t) for t in (10, 30, 100)},
        **{f"p₀ − p₁, ρ = {rho}, step 30": _gap(seed, rho) for rho in (5, 25)},
        "ρ = 10 minus ρ = 1, step 30": _gap(seed, 10) - _gap(seed, 1),
        "p₀ − p₁, ρ = 1, step 30": _gap(seed, 1),
    }


@per_seed
def _repaired(seed: int) -> dict[str, float]:
    return {
        **{f"p₀ − p₁, ρ = 10, step {t}": _gap(seed, 10, t, oversample=True) for t in (30, 100)},
        **{f"p₀ − p₁, ρ = {rho}, step 30": _gap(seed, rho, oversample=True) for rho in (5, 25)},
        "natural minus oversampled, ρ = 10, step 30": _gap(seed, 10)
        - _gap(seed, 10, oversample=True),
    }


@per_seed
def _survives(seed: int) -> dict[str, float]:
    """p_0 / p_1 over its largest possible value."""
    found = {}
    for rho in (5, 10, 25):
        majority, minority = _p(seed, rho, 30, False).tolist()
        found[f"p₀/p₁, ρ = {rho}"] = majority / minority
        found[f"p₀/p₁ over √ρ, ρ = {rho}"] = majority / minority / rho**0.5
    return found


@per_seed
def _law(seed: int) -> dict[str, float]:
    """Batches drawn with replacement, as many examples of each class."""
    generator = torch.Generator().manual_seed(seed)

    def draw(size: int) -> Callable[[Dataset], Iterable[Tensor]]:
        def rows(data: Dataset) -> Iterable[Tensor]:
            pools = [(data.y == c).nonzero()[:, 0] for c in (0, 1)]
            for _ in range(BATCHES):
                picks = [torch.randint(len(p), (size,), generator=generator) for p in pools]
                yield torch.cat([p[i] for p, i in zip(pools, picks, strict=True)])

        return rows

    p = torch.stack([_mean_projections(seed, 10, 30, draw(size)) for size in SIZES], dim=1)
    majority, minority = log_slope(SIZES, p**-2 - 1).tolist()
    return {"slope, majority": majority, "slope, minority": minority}


def _class_weighted(weights: Tensor) -> Gradients:
    """Class gradients of the class-weighted cross-entropy, by autograd."""

    def gradients(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
        rows = []
        for c in range(num_classes):
            loss = F.cross_entropy(model(x[y == c]), y[y == c], weights, reduction="sum")
            grads = torch.autograd.grad(loss / len(y), list(model.parameters()))
            rows.append(torch.cat([g.flatten() for g in grads]))
        return torch.stack(rows)

    return gradients


@per_seed
def _weights(seed: int) -> dict[str, float]:
    data, model, full = _at(seed, 10, 30)
    weights = inverse_frequency_weights(data.counts).double()
    weighted = _class_weighted(weights)
    changes = []
    for rows in islice(endless(ClassBatches(data.y, BATCH[10], seed=seed)), BATCHES):
        batch = model, data.x[rows], data.y[rows], 2
        p = projections(class_gradients(*batch), full)
        changes.append(
            (projections(weighted(*batch), weighted(model, data.x, data.y, 2)) - p).abs()
        )
    repeats = torch.cat([(data.y == 0).nonzero()[:, 0], (data.y == 1).nonzero()[:, 0].repeat(10)])
    repeated = class_gradients(model, data.x[repeats], data.y[repeats], 2).sum(dim=0)
    by_weight = weighted(model, data.x, data.y, 2).sum(dim=0)
    cosine = F.cosine_similarity(repeated, by_weight, dim=0)
    return {
        "largest change of p_l": torch.stack(changes).max().item(),
        "1 − cosine of the two full gradients": 1 - cosine.item(),
    }


SETTING = "digits after 30 (10, 100) steps of PCNGD; p_l of batches"

CLAIMS = (
    Claim(
        id="dynamics-noise",
        says="In mini-batches of natural proportions the minority's direction is noisier than the "
        "majority's: p₁ < p₀.",
        origin="abstract, poster",
        setting=f"{SETTING} of 20 + 4 (ρ = 5), 20 + 2 (ρ = 10), 50 + 2 (ρ = 25). Control: "
        "12 + 12 at ρ = 1",
        measure=_noisier,
        reproduced=(
            *(Within(f"p₀ − p₁, ρ = 10, step {t}", low=0.1) for t in (10, 30, 100)),
            Within("ρ = 10 minus ρ = 1, step 30", low=0.1),
        ),
        early=(
            *(Within(f"p₀ − p₁, ρ = 10, step {t}", low=0.1) for t in (10, 30)),
            Within("ρ = 10 minus ρ = 1, step 30", low=0.1),
        ),
        opposite=(Within("p₀ − p₁, ρ = 10, step 30", high=0),),
    ),
    Claim(
        id="dynamics-noise-oversampled",
        says="Oversampling makes both directions equally noisy.",
        origin="abstract",
        setting=f"{SETTING} with half of each class (at ρ = 10: 11 of 150 threes and 11 of 15 "
        "eights)",
        measure=_repaired,
        reproduced=(
            *(Within(f"p₀ − p₁, ρ = 10, step {t}", -0.08, 0.08) for t in (30, 100)),
            Within("natural minus oversampled, ρ = 10, step 30", low=0.1),
        ),
        early=(
            Within("p₀ − p₁, ρ = 10, step 30", -0.08, 0.08),
            Within("natural minus oversampled, ρ = 10, step 30", low=0.1),
        ),
        opposite=(Within("natural minus oversampled, ρ = 10, step 30", high=0),),
    ),
    Claim(
        id="dynamics-noise-survives",
        says="Normalising leaves the imbalance in the projections: p₀/p₁ is above 1 and at most "
        "√ρ, instead of ρ.",
        origin="follows from the law of large numbers",
        setting="digits after 30 steps of PCNGD; p_l of batches in natural proportions",
        measure=_survives,
        reproduced=tuple(
            condition
            for rho in (5, 10, 25)
            for condition in (
                Within(f"p₀/p₁, ρ = {rho}", low=1.1),
                Within(f"p₀/p₁ over √ρ, ρ = {rho}", high=1),
            )
        ),
    ),
    Claim(
        id="dynamics-noise-law",
        says="The noise 1/p_l² − 1 falls as one over the number of the class's examples in the "
        "batch.",
        origin="follows from the law of large numbers",
        reported="slope −1 (theory)",
        setting="digits at ρ = 10 after 30 steps of PCNGD; p_l of batches with 1 to 64 examples of "
        "each class, drawn with replacement; slope of the logarithms",
        measure=_law,
        reproduced=(
            Within("slope, majority", -1.25, -0.75),
            Within("slope, minority", -1.25, -0.75),
        ),
    ),
    Claim(
        id="dynamics-noise-weights",
        says="A class-weighted loss does what oversampling does for the full gradient, and leaves "
        "the noise p_l of mini-batches as it is.",
        origin="follows from the definition",
        setting="digits after 30 steps of PCNGD; p_l of batches of 20 + 2; weights 1/n_l; each "
        "eight ten times for the full gradient",
        measure=_weights,
        reproduced=(
            Within("largest change of p_l", -1e-9, 1e-9),
            Within("1 − cosine of the two full gradients", -1e-9, 1e-9),
        ),
    ),
)

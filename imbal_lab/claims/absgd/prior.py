"""What ABSGD aims at: the objective's minimiser is no correction for the prior."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.methods import absgd_loss, log_mean_exp
from imbal_lab.training import Result, Run, sweep

LAMBDAS = (0.5, 1.0, 5.0)
STEPS = 1000


def minimiser(counts: Tensor, lam: float) -> Tensor:
    """Probabilities [C] that minimise F over labels with ``counts`` [C] and nothing to tell
    their examples apart."""
    y = torch.arange(len(counts)).repeat_interleave(counts)
    logits = torch.zeros(len(counts), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [logits],
        max_iter=200,
        tolerance_grad=1e-12,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        objective = lam * log_mean_exp(-logits.log_softmax(dim=0)[y], lam)
        objective.backward()
        return objective

    optimizer.step(closure)
    return logits.detach().softmax(dim=0)


@per_seed
def _minimiser(seed: int) -> dict[str, float]:
    generator, found = torch.Generator().manual_seed(seed), {}
    counts = torch.randperm(60, generator=generator)[:5] + 1
    frequent, prior = counts.argmax(), counts.double() / counts.sum()
    for lam in LAMBDAS:
        p, power = minimiser(counts, lam), prior ** (lam / (1 + lam))
        found[f"largest error of η^(λ/(1+λ)), λ = {lam:g}"] = (
            (p - power / power.sum()).abs().max().item()
        )
        found[f"most probable class changed, λ = {lam:g}"] = float(p.argmax() != frequent)
    return found


@cache
def _swept(seeds: tuple[int, ...], method: str, lam: float | None = None) -> list[Result]:
    runs = [
        Run(
            data="gauss2d",
            rho=100,
            method=method,
            method_options={} if lam is None else {"lam": lam},
            model_options={"widths": (2, 64, 64, 4), "activation": "relu"},
            seed=seed,
            steps=STEPS,
            lr=0.02,
            momentum=0.9,
            schedule="cosine",
        )
        for seed in seeds
    ]
    return sweep(runs, cache=None, progress=False)


def _accuracy(results: Sequence[Result]) -> Tensor:
    return torch.stack([result.test_recall[-1] for result in results]).double().mean(dim=1)


def _overlapping(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    plain = _accuracy(_swept(own, "sgd"))
    adjusted = _accuracy(_swept(own, "logit_adjustment")) - plain
    gains = {lam: _accuracy(_swept(own, "absgd", lam)) - plain for lam in (1.0, 5.0)}
    return {
        "balanced accuracy, SGD": plain,
        "logit adjustment minus SGD": adjusted,
        **{f"ABSGD minus SGD, λ = {lam:g}": gain for lam, gain in gains.items()},
        **{
            f"logit adjustment minus ABSGD, λ = {lam:g}": adjusted - gain
            for lam, gain in gains.items()
        },
    }


def directions(losses: Tensor, lam: float) -> tuple[Tensor, Tensor]:
    """Gradients for the losses, of length 1: ABSGD's, and that of generalised cross-entropy.

    L_q = (1 - p^q)/q with q = 1/|lam|, in terms of the loss -log p.
    """
    q, one, other = 1 / abs(lam), *(losses.clone().requires_grad_() for _ in range(2))
    absgd_loss(one, lam).backward()
    ((1 - (-q * other).exp()) / q).mean().backward()
    assert one.grad is not None
    assert other.grad is not None
    return F.normalize(one.grad, dim=0), F.normalize(other.grad, dim=0)


@per_seed
def _gce(seed: int) -> dict[str, float]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(200, 10, dtype=torch.float64, generator=generator)
    losses = F.cross_entropy(logits, torch.arange(200) % 10, reduction="none")
    found = {}
    for lam in (-1.0, -2.0, -5.0):
        own, other = directions(losses, lam)
        found[f"distance of the directions, λ = {lam:g}"] = (own - other).norm().item()
    return found


CLAIMS = (
    Claim(
        id="absgd-minimiser",
        says="With cross-entropy and λ > 0 the objective is minimised by probabilities in "
        "proportion to η^(λ/(1+λ)), η the true ones: flatter, and the same class on top.",
        origin="follows from the objective",
        setting="five classes with random counts and constant inputs; L-BFGS in float64",
        measure=_minimiser,
        reproduced=tuple(
            condition
            for lam in LAMBDAS
            for condition in (
                Within(f"largest error of η^(λ/(1+λ)), λ = {lam:g}", high=1e-6),
                Within(f"most probable class changed, λ = {lam:g}", 0, 0),
            )
        ),
    ),
    Claim(
        id="absgd-no-prior-correction",
        says="So where classes overlap ABSGD alone does not rebalance a network's decisions, as "
        "logit adjustment does.",
        origin="follows from the objective",
        setting=f"four overlapping classes in the plane, 1000 to 10; ReLU MLP 2-64-64-4, "
        f"{STEPS} steps of 64, cosine schedule from 0.02, momentum 0.9, γ = 0.9",
        measure=_overlapping,
        reproduced=(
            Within("logit adjustment minus SGD", low=0.03),
            *(Within(f"logit adjustment minus ABSGD, λ = {lam:g}", low=0.03) for lam in (1, 5)),
        ),
        opposite=tuple(
            Within(f"logit adjustment minus ABSGD, λ = {lam:g}", high=0) for lam in (1, 5)
        ),
    ),
    Claim(
        id="absgd-generalised-cross-entropy",
        says="With cross-entropy and λ < 0, ABSGD goes in the direction of generalised "
        "cross-entropy with q = 1/|λ|; for λ = -1 that is the mean absolute error.",
        origin="follows from the objective",
        setting="200 random losses as one batch, float64; distance of the two directions",
        measure=_gce,
        reproduced=tuple(
            Within(f"distance of the directions, λ = {lam}", high=1e-10) for lam in (-1, -2, -5)
        ),
    ),
)

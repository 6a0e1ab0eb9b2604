"""Attraction and repulsion: what pulls at the vectors of the classifier, class by class."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from imbal_lab.claims.arb.setting import dataset, network, run
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.instruments import Attraction, LoopRecording, attraction_repulsion

COUNTS = (1000, 100, 20, 5)  # of the claim about equal logits
OTHERS = ("ARB, batch counts", "class weights", "inverse ratio")


def ratio(seen: Attraction | LoopRecording) -> Tensor:
    """Repulsion over attraction of each class [C], each summed over the batches seen."""
    both = (seen.repulsion, seen.attraction)
    repulsion, attraction = (part.reshape(-1, part.shape[-1]).sum(dim=0) for part in both)
    return repulsion / attraction


def slope(counts: Sequence[int], values: Tensor) -> float:
    """Exponent a of ``values`` [C] ~ n_k^a, by least squares."""
    return float(np.polyfit(np.log(counts), values.double().log().numpy(), 1)[0])


def exponents(counts: Sequence[int], component: Tensor) -> tuple[float, float]:
    """(a, b) of ``component`` [C, C] ~ n_k^a n_j^b over the pairs k != j, by least squares."""
    log_n = torch.tensor(counts, dtype=torch.float64).log()
    k, j = _pairs(component)
    terms = torch.stack([log_n[k], log_n[j], torch.ones_like(log_n[k])], dim=1)
    found = torch.linalg.lstsq(terms, component[k, j].double().log()[:, None]).solution
    return found[0].item(), found[1].item()


def spread(component: Tensor) -> float:
    """log10 of the largest over the smallest component of a pair k != j."""
    found = component[_pairs(component)]
    return (found.max() / found.min()).log10().item()


def _pairs(component: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs k != j with a component; a class that was in no batch has none."""
    k, j = component.nonzero(as_tuple=True)
    return k[k != j], j[k != j]


def untrained(name: str, loss: str, seed: int) -> Attraction:
    """All training examples and the network before its first step."""
    data = dataset(name, seed)
    model = network(data, seed)
    with torch.no_grad():
        features = model[:-1](data.x)
        logits = model[-1](features)
    added = torch.tensor(data.counts).log() if loss == "ARB" else 0
    return attraction_repulsion(features, logits + added, data.y)


def slopes(name: str, seed: int) -> dict[str, float]:
    """Slopes of log R/A before training, in the first and in the last epoch."""
    counts, found = dataset(name, seed).counts, {}
    for loss in ("CE", "ARB"):
        one = run(name, loss, seed)
        found[f"{loss}, untrained"] = slope(counts, ratio(untrained(name, loss, seed)))
        found[f"{loss}, first epoch"] = slope(counts, ratio(one.first))
        found[f"{loss}, last epoch"] = slope(counts, ratio(one.last))
    for when in ("first epoch", "last epoch"):
        difference = found[f"CE, {when}"] - found[f"ARB, {when}"]
        found[f"CE minus ARB, {when}"] = difference
    for loss in OTHERS:
        found[f"{loss}, first epoch"] = slope(counts, ratio(run(name, loss, seed).first))
    return found


@per_seed
def _digits(seed: int) -> dict[str, float]:
    found = slopes("digits", seed)
    for loss, even in (("CE", False), ("ARB", False), ("CE", True)):
        rarest = ratio(run("digits", loss, seed, even=even).first)[-1]
        found[f"R/A of the rarest, first epoch, {loss}{', ρ = 1' if even else ''}"] = rarest.item()
    return found


@per_seed
def _mnist1d(seed: int) -> dict[str, float]:
    return slopes("mnist1d", seed)


@per_seed
def _spread(seed: int) -> dict[str, float]:
    found = {}
    for name in ("digits", "mnist1d"):
        for when in ("first", "last"):
            ce, arb = (
                spread(getattr(run(name, loss, seed), when).component.mean(dim=0))
                for loss in ("CE", "ARB")
            )
            found[f"CE, {when} epoch, {name}"] = ce
            found[f"ARB minus CE, {when} epoch, {name}"] = arb - ce
    return found


@per_seed
def _exponents(seed: int) -> dict[str, float]:
    counts = dataset("digits", seed).counts
    found: dict[str, float] = {}
    for loss in ("CE", "ARB"):
        seen = {
            "untrained": untrained("digits", loss, seed).component,
            "last epoch": run("digits", loss, seed).last.component.mean(dim=0),
        }
        for when, component in seen.items():
            a, b = exponents(counts, component)
            found |= {f"a, {loss}, {when}": a, f"b, {loss}, {when}": b}
    return found


@per_seed
def _equal_logits(seed: int) -> dict[str, float]:
    n = torch.tensor(COUNTS, dtype=torch.float64)
    y = torch.arange(len(n)).repeat_interleave(n.long())
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(len(y), 8, generator=generator, dtype=torch.float64)
    logits = torch.zeros(len(y), len(n), dtype=torch.float64)
    ce = ratio(attraction_repulsion(features, logits, y))
    arb = ratio(attraction_repulsion(features, logits + n.log(), y))
    theory = (n.sum() - n) / ((len(n) - 1) * n)
    return {
        "CE, largest relative error of the formula": (ce / theory - 1).abs().max().item(),
        "ARB, largest distance of R/A from 1": (arb - 1).abs().max().item(),
        "CE, R/A of the most frequent": ce[0].item(),
        "CE, R/A of the rarest": ce[-1].item(),
    }


EARLY = (
    Within("CE, untrained", high=-0.7),
    Within("ARB, untrained", -0.2, 0.2),
    Within("CE minus ARB, first epoch", high=-0.1),
    Within("ARB, first epoch", -0.2, 0.2),
)
LATE = Within("CE minus ARB, last epoch", high=-0.1)
OPPOSITE = (Within("CE minus ARB, first epoch", low=0.1),)
ON_DIGITS = (
    *EARLY,
    Within("CE, first epoch", high=-0.5),
    Within("R/A of the rarest, first epoch, CE, ρ = 1", 0.5, 2),
)
SLOPE = (
    "Slope of log R/A over log n_k (−1: imbalanced, 0: balanced), R and A summed over the batches "
    "of an epoch"
)

CLAIMS = (
    Claim(
        id="arb-components-digits",
        says="Under cross-entropy a rare class's vector of the classifier is mostly pushed and "
        "hardly pulled: repulsion over attraction, R/A, falls like 1/n_k. ARB-Loss balances them.",
        origin="abstract; logged by the released code",
        reported="−1 and 0 at equal logits (theory)",
        setting=f"digits. {SLOPE}. Beside it other losses, and R/A of the rarest class with its "
        "control",
        measure=_digits,
        reproduced=(*ON_DIGITS, LATE),
        early=ON_DIGITS,
        opposite=OPPOSITE,
    ),
    Claim(
        id="arb-components-mnist1d",
        says="The same on overlapping classes, with some forty batches an epoch.",
        origin="abstract; logged by the released code",
        reported="−1 and 0 at equal logits (theory)",
        setting=f"MNIST-1D. {SLOPE}",
        measure=_mnist1d,
        reproduced=(*EARLY, LATE),
        early=EARLY,
        opposite=OPPOSITE,
    ),
    Claim(
        id="arb-component-spread",
        says="Under cross-entropy what the classes' examples do to each other's vectors differs "
        "by orders of magnitude from pair to pair; ARB-Loss evens it out.",
        origin="gradient figure, as the released code logs it",
        setting="Norm of the gradient on w_k from the examples of class j, mean over the batches "
        "of an epoch; log₁₀ of the largest over the smallest pair k ≠ j",
        measure=_spread,
        reproduced=tuple(
            condition
            for name in ("digits", "mnist1d")
            for condition in (
                Within(f"CE, first epoch, {name}", low=1),
                Within(f"ARB minus CE, first epoch, {name}", high=-0.1),
            )
        ),
        opposite=tuple(
            Within(f"ARB minus CE, first epoch, {name}", low=0.1) for name in ("digits", "mnist1d")
        ),
    ),
    Claim(
        id="arb-component-exponents",
        says="What evens out is each pair: the gradient on w_k from class j goes with n_j under "
        "cross-entropy, and with n_k n_j under ARB-Loss, which is the same from k on j.",
        origin="follows from the gradient at equal logits",
        reported="CE a = 0, b = 1; ARB a = 1, b = 1 (theory)",
        setting="digits; fit of norm ~ n_k^a n_j^b over the pairs k ≠ j, all examples before "
        "training, and the batches of the last epoch",
        measure=_exponents,
        reproduced=(
            Within("a, CE, untrained", -0.15, 0.15),
            Within("b, CE, untrained", 0.85, 1.15),
            Within("a, ARB, untrained", 0.85, 1.15),
            Within("b, ARB, untrained", 0.85, 1.15),
        ),
    ),
    Claim(
        id="arb-equal-logits",
        says="At equal logits R/A of class k is (N − n_k)/((C − 1) n_k) under cross-entropy, and "
        "1 for every class under ARB-Loss.",
        origin="follows from the gradient",
        setting="counts 1000, 100, 20, 5; random features, logits 0, float64",
        measure=_equal_logits,
        reproduced=(
            Within("CE, largest relative error of the formula", high=1e-12),
            Within("ARB, largest distance of R/A from 1", high=1e-12),
            Within("CE, R/A of the rarest", low=10),
        ),
    ),
)

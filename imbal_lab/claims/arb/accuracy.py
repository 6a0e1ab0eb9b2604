"""Balanced accuracy: against cross-entropy, two stages, and simpler ways to use the counts."""

import torch
from torch import Tensor

from imbal_lab.claims.arb.setting import head, run, tail, two_stage
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.instruments import class_means
from imbal_lab.methods import posthoc_logits

POINTS = 100  # percentage points
SETS = ("digits", "mnist1d")


def balanced(name: str, loss: str, seed: int, *, even: bool = False) -> float:
    """Mean recall of the classes, in per cent."""
    return POINTS * run(name, loss, seed, even=even).recall.mean().item()


def posthoc(name: str, seed: int) -> Tensor:
    """Recalls [C] of the network trained with cross-entropy, log n taken from its logits."""
    data, model, *_ = run(name, "CE", seed)
    with torch.no_grad():
        logits = posthoc_logits(model(data.x_test), data.counts)
    hits = (logits.argmax(dim=1) == data.y_test).float()
    return class_means(hits, data.y_test, data.num_classes)


def gains(name: str, seed: int) -> dict[str, float]:
    """What the losses gain over cross-entropy."""
    ce, arb = (run(name, loss, seed).recall for loss in ("CE", "ARB"))
    base = balanced(name, "CE", seed)
    return {
        "CE": base,
        "ARB minus CE": balanced(name, "ARB", seed) - base,
        "three rarest classes": POINTS * (tail(arb) - tail(ce)),
        "three most frequent": POINTS * (head(arb) - head(ce)),
        "inverse ratio minus CE": balanced(name, "inverse ratio", seed) - base,
        "class weights minus CE": balanced(name, "class weights", seed) - base,
    }


@per_seed
def _digits(seed: int) -> dict[str, float]:
    ce, arb = (balanced("digits", loss, seed, even=True) for loss in ("CE", "ARB"))
    return gains("digits", seed) | {"CE, ρ = 1": ce, "ARB minus CE, ρ = 1": arb - ce}


@per_seed
def _mnist1d(seed: int) -> dict[str, float]:
    return gains("mnist1d", seed)


@per_seed
def _batch_counts(seed: int) -> dict[str, float]:
    found = {}
    for name in SETS:
        batch = balanced(name, "ARB, batch counts", seed)
        found[f"minus CE, {name}"] = batch - balanced(name, "CE", seed)
        found[f"minus global counts, {name}"] = batch - balanced(name, "ARB", seed)
    return found


@per_seed
def _one_stage(seed: int) -> dict[str, float]:
    return {
        f"ARB minus cRT, {name}": balanced(name, "ARB", seed)
        - POINTS * two_stage(name, seed).mean().item()
        for name in SETS
    }


@per_seed
def _posthoc(seed: int) -> dict[str, float]:
    return {
        f"ARB minus post hoc, {name}": balanced(name, "ARB", seed)
        - POINTS * posthoc(name, seed).mean().item()
        for name in SETS
    }


@per_seed
def _weights(seed: int) -> dict[str, float]:
    return {
        f"ARB minus class weights, {name}": balanced(name, "ARB", seed)
        - balanced(name, "class weights", seed)
        for name in SETS
    }


GAIN = (
    Within("ARB minus CE", low=1),
    Within("three rarest classes", low=5),
    Within("inverse ratio minus CE", high=-1),
)
LOSS = (Within("ARB minus CE", high=-1),)


def ahead(of: str) -> tuple[tuple[Within, ...], tuple[Within, ...]]:
    """Ahead on both data sets, or behind on both."""
    names = [f"ARB minus {of}, {name}" for name in SETS]
    return tuple(Within(n, low=0) for n in names), tuple(Within(n, high=0) for n in names)


CLAIMS = (
    Claim(
        id="arb-accuracy-digits",
        says="ARB-Loss has a better balanced accuracy than cross-entropy.",
        origin="abstract",
        setting="digits; per cent, and percentage points. Control: ρ = 1 and as many examples. "
        "Beside it the ratio upside down, which should hurt, and class weights",
        measure=_digits,
        reproduced=(*GAIN, Within("ARB minus CE, ρ = 1", -1, 1)),
        opposite=LOSS,
    ),
    Claim(
        id="arb-accuracy-mnist1d",
        says="The same on overlapping classes.",
        origin="abstract",
        setting="MNIST-1D; per cent, and percentage points",
        measure=_mnist1d,
        reproduced=GAIN,
        opposite=LOSS,
    ),
    Claim(
        id="arb-batch-counts",
        says="The counts of each mini-batch, the default of the released code on CIFAR, serve as "
        "well as those of the training set.",
        origin="released settings",
        setting="both data sets; balanced accuracy, percentage points",
        measure=_batch_counts,
        reproduced=tuple(
            condition
            for name in SETS
            for condition in (
                Within(f"minus CE, {name}", low=1),
                Within(f"minus global counts, {name}", low=-1),
            )
        ),
        opposite=tuple(Within(f"minus CE, {name}", high=-1) for name in SETS),
    ),
    Claim(
        id="arb-one-stage",
        says="One stage with ARB-Loss beats two-stage training.",
        origin="abstract",
        setting="both data sets; against cRT: cross-entropy for 75 % of the epochs, then a new "
        "classifier on frozen features and class-balanced batches. Balanced accuracy, percentage "
        "points",
        measure=_one_stage,
        reproduced=ahead("cRT")[0],
        opposite=ahead("cRT")[1],
    ),
    Claim(
        id="arb-beyond-posthoc",
        says="It gains more than cross-entropy with log n taken from the logits after training.",
        origin="question of ours",
        setting="both data sets; balanced accuracy, percentage points",
        measure=_posthoc,
        reproduced=ahead("post hoc")[0],
        opposite=ahead("post hoc")[1],
    ),
    Claim(
        id="arb-beyond-weights",
        says="It gains more than class weights, which balance attraction and repulsion at equal "
        "logits too.",
        origin="question of ours",
        setting="both data sets; weights of inverse frequency; balanced accuracy, percentage "
        "points",
        measure=_weights,
        reproduced=ahead("class weights")[0],
        opposite=ahead("class weights")[1],
    ),
)

"""The Minority Initial Drop: gradient descent makes the minority worse first, and when."""

import math

import torch
from torch import nn

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.dynamics.setting import (
    balanced,
    blobs,
    digits,
    imbalanced,
    network,
    rise,
    run,
    share,
    trained,
)
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import Dataset, load
from imbal_lab.methods import class_gradients, gd_step
from imbal_lab.training import train


@per_seed
def _drop(seed: int) -> dict[str, float]:
    gd, pcngd = (rise(run(method, seed, imbalanced(10))) for method in ("GD", "PCNGD"))
    return {
        "rise, GD, ρ = 10": gd,
        "rise, GD minus PCNGD": gd - pcngd,
        "rise, GD, ρ = 1": rise(run("GD", seed, imbalanced(1))),
        "rise, GD, balanced, same size": rise(run("GD", seed, balanced(10))),
    }


@per_seed
def _recall(seed: int) -> dict[str, float]:
    found = {}
    for method in ("GD", "PCNGD"):
        recall = run(method, seed, imbalanced(10)).recall[:, 1]
        found[f"fall of recall, {method}"] = (recall[0] - recall.min()).item()
    return found | {"GD minus PCNGD": found["fall of recall, GD"] - found["fall of recall, PCNGD"]}


@per_seed
def _grows(seed: int) -> dict[str, float]:
    rises = {rho: rise(run("GD", seed, imbalanced(rho))) for rho in (1, 3, 10, 30)}
    return {
        **{f"rise, ρ = {rho}": value for rho, value in rises.items()},
        "ρ = 10 minus ρ = 3": rises[10] - rises[3],
        "ρ = 30 minus ρ = 10": rises[30] - rises[10],
        "largest rise / log((1 + ρ)/2)": max(
            rises[rho] / math.log((1 + rho) / 2) for rho in (3, 10, 30)
        ),
    }


@per_seed
def _many_classes(seed: int) -> dict[str, float]:
    gd, pcngd = (rise(trained(method, _ten(seed, 30), seed, 100)) for method in ("GD", "PCNGD"))
    even = rise(trained("GD", _ten(seed, 1), seed, 100))
    return {
        "rise of the rarest, GD": gd,
        "rise of the rarest, PCNGD": pcngd,
        "rise of the same class, GD, ρ = 1": even,
    }


def _ten(seed: int, rho: int) -> Dataset:
    return load("digits", rho=rho, n_max=120, n_test=50, seed=seed).to(torch.float64)


@per_seed
def _criterion(seed: int) -> dict[str, float]:
    """Right where the sign of g_l . grad f foretells whether f_l rises, for every class l."""
    found, data = (
        {},
        {
            "digits": digits(seed, imbalanced(10)),
            "centred blobs": blobs(seed, offset=0.0),
            "ten digits": _ten(seed, 30),
        },
    )
    for name, dataset in data.items():
        model = network(dataset, seed, 24, 24)
        foretold = _descent(model, dataset)
        start, after = train(dataset, model, gd_step, lr=1e-3, steps=1)
        found[f"share of classes foretold, {name}"] = share(
            (after.loss > start.loss) == (foretold < 0)
        )
        if name != "ten digits":
            found[f"cosine of g₁ and ∇f, {name}"] = foretold[1].item()
    return found


def _descent(model: nn.Module, dataset: Dataset) -> torch.Tensor:
    """Cosine of each class gradient with the gradient of the total loss: [C]."""
    grads = class_gradients(model, dataset.x, dataset.y, dataset.num_classes)
    return nn.functional.cosine_similarity(grads, grads.sum(dim=0), dim=1)


@per_seed
def _majority(seed: int) -> dict[str, float]:
    found = {}
    for rho in (3, 10, 30):
        one = run("GD", seed, imbalanced(rho))
        larger = one.grad_norm[:-1, 0] >= one.grad_norm[:-1, 1]
        found[f"share of these steps in which it rises, ρ = {rho}"] = share(
            one.loss[:, 0].diff()[larger] > 0
        )
    return found


@per_seed
def _start(seed: int) -> dict[str, float]:
    found = {}
    for rho in (1, 10, 30):
        one = run("GD", seed, imbalanced(rho))
        found[f"cosine of g₀ and g₁, ρ = {rho}"] = one.cosine[0, 0, 1].item()
        found[f"ρ ‖g₁‖/‖g₀‖, ρ = {rho}"] = (rho * one.grad_norm[0, 1] / one.grad_norm[0, 0]).item()
    return found


@per_seed
def _geometry(seed: int) -> dict[str, float]:
    found = {}
    for name, offset in (("centred", 0.0), ("offset", 1.0)):
        one = trained("GD", blobs(seed, offset), seed, 100)
        found[f"cosine of g₀ and g₁, {name}"] = one.cosine[0, 0, 1].item()
        found[f"rise, {name}"] = rise(one)
    return found


CLAIMS = (
    Claim(
        id="dynamics-initial-drop",
        says="Under gradient descent on imbalanced data the minority's loss first rises "
        "(Minority Initial Drop); under PCNGD it does not.",
        origin="abstract, Fig. 1",
        setting="digits, 150 steps. Rise: largest mean loss of the minority minus its first. "
        "Controls: ρ = 1, and 82 of each",
        measure=_drop,
        reproduced=(
            Within("rise, GD, ρ = 10", low=0.05),
            Within("rise, GD minus PCNGD", low=0.05),
            Within("rise, GD, ρ = 1", high=0.01),
            Within("rise, GD, balanced, same size", high=0.01),
        ),
        opposite=(Within("rise, GD minus PCNGD", high=-0.05),),
    ),
    Claim(
        id="dynamics-recall-drop",
        says="The minority's recall falls before it grows, under GD and not under PCNGD.",
        origin="Fig. 1",
        setting="the same; recall on 24 test images of each class",
        measure=_recall,
        reproduced=(
            Within("fall of recall, GD", low=0.02),
            Within("GD minus PCNGD", low=0.02),
        ),
        opposite=(Within("GD minus PCNGD", high=-0.02),),
    ),
    Claim(
        id="dynamics-drop-grows",
        says="The drop grows with ρ, and stays below log((1 + ρ)/2), the loss that the class "
        "frequencies alone would give.",
        origin="our model of the drop",
        setting="digits, GD, 150 steps",
        measure=_grows,
        reproduced=(
            Within("rise, ρ = 1", high=0.01),
            Within("ρ = 10 minus ρ = 3", low=0),
            Within("ρ = 30 minus ρ = 10", low=0),
            Within("largest rise / log((1 + ρ)/2)", high=1),
        ),
        opposite=(Within("ρ = 30 minus ρ = 10", high=0), Within("ρ = 10 minus ρ = 3", high=0)),
    ),
    Claim(
        id="dynamics-drop-many-classes",
        says="With more than two classes the rarest drops too.",
        origin="the authors' code, runs with several classes",
        setting="digits 0 to 9, long-tailed, 120 to 4 (ρ = 30); tanh MLP 64-24-24-10; "
        "100 steps. Control: 120 of each",
        measure=_many_classes,
        reproduced=(
            Within("rise of the rarest, GD", low=0.05),
            Within("rise of the rarest, PCNGD", high=0.01),
            Within("rise of the same class, GD, ρ = 1", high=0.01),
        ),
    ),
    Claim(
        id="dynamics-drop-criterion",
        says="For a short step of GD, class l's loss rises if and only if g_l · ∇f < 0; for two "
        "classes: if cos(g₀, g₁) < −‖g₁‖/‖g₀‖.",
        origin="follows from smoothness",
        setting="first step, step size 0.001, float64; digits at ρ = 10, two blobs around the "
        "origin at ρ = 10 (where the minority does not rise), ten digits at ρ = 30",
        measure=_criterion,
        reproduced=(
            Within("share of classes foretold, digits", 1, 1),
            Within("share of classes foretold, centred blobs", 1, 1),
            Within("share of classes foretold, ten digits", 1, 1),
            Within("cosine of g₁ and ∇f, digits", high=-0.02),
            Within("cosine of g₁ and ∇f, centred blobs", low=0.02),
        ),
    ),
    Claim(
        id="dynamics-majority-falls",
        says="The majority's loss never rises under GD while its gradient is the longer one.",
        origin="follows from smoothness",
        setting="digits, GD, 150 steps; the steps with ‖g₀‖ ≥ ‖g₁‖",
        measure=_majority,
        reproduced=tuple(
            Within(f"share of these steps in which it rises, ρ = {rho}", 0, 0)
            for rho in (3, 10, 30)
        ),
    ),
    Claim(
        id="dynamics-start",
        says="At the start the class gradients form an obtuse angle, and their lengths have the "
        "ratio of the counts: ‖g₁‖/‖g₀‖ is about 1/ρ.",
        origin="poster; figures of angles and norms",
        setting="digits, before the first step",
        measure=_start,
        reproduced=tuple(
            condition
            for rho in (1, 10, 30)
            for condition in (
                Within(f"cosine of g₀ and g₁, ρ = {rho}", high=-0.1),
                Within(f"ρ ‖g₁‖/‖g₀‖, ρ = {rho}", 0.5, 2),
            )
        ),
    ),
    Claim(
        id="dynamics-geometry",
        says="The drop depends on the data: two blobs around the origin have an acute angle and no "
        "drop, the same blobs moved off the origin have both.",
        origin="our negative control",
        setting="two Gaussian blobs, 200 to 20, at ±0.6, with and without an offset of 1; tanh MLP "
        "2-24-24-2; GD, 100 steps",
        measure=_geometry,
        reproduced=(
            Within("cosine of g₀ and g₁, centred", low=0),
            Within("rise, centred", high=0.05),
            Within("cosine of g₀ and g₁, offset", high=-0.1),
            Within("rise, offset", low=0.05),
        ),
    ),
)

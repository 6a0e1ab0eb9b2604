"""PCNGD: what is promised for two classes, what is not for more, and where it needs a guard."""

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.dynamics.setting import (
    digits,
    imbalanced,
    network,
    run,
    share,
    up_share,
)
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import load
from imbal_lab.instruments import Recording
from imbal_lab.methods import pcngd_step
from imbal_lab.methods.registry import Step
from imbal_lab.training import train

RATIOS = (1, 3, 10, 30)


def _on_digits(seed: int, lr: float, steps: int) -> Recording:
    dataset = digits(seed, imbalanced(10))
    return Recording.of(
        train(dataset, network(dataset, seed, 24, 24), pcngd_step, lr=lr, steps=steps)
    )


@per_seed
def _monotone(seed: int) -> dict[str, float]:
    return {
        **{f"step size 0.01, ρ = {r}": up_share(run("PCNGD", seed, imbalanced(r))) for r in RATIOS},
        "step size 0.1, ρ = 10": up_share(_on_digits(seed, lr=0.1, steps=150)),
        "GD, ρ = 10": up_share(run("GD", seed, imbalanced(10))),
    }


@per_seed
def _first_order(seed: int) -> dict[str, float]:
    counts = torch.tensor(imbalanced(10), dtype=torch.float64)
    found = {}
    for lr in (0.1, 1e-3, 1e-5):
        one = _on_digits(seed, lr, steps=1)
        fallen = (one.loss[0] - one.loss[1]) * counts / counts.sum()  # contributions, as in g_l
        ratio = fallen / (lr * one.grad_norm[0] * (1 + one.cosine[0, 0, 1]))
        found[f"majority, η = {lr:g}"], found[f"minority, η = {lr:g}"] = ratio.tolist()
    return found


@per_seed
def _minima(seed: int) -> dict[str, float]:
    one = _on_digits(seed, lr=0.1, steps=150)
    start, end = one.loss[0].max().item(), one.loss[-1].max().item()
    return {"larger class loss, start": start, "at the end": end}


def _digits_of(num_classes: int, seed: int) -> Recording:
    kept = tuple(range(num_classes))
    data = load("digits", classes=kept, rho=10, n_max=100, n_test=20, seed=seed).to(torch.float64)
    model = network(data, seed, 24, 24)
    return Recording.of(train(data, model, pcngd_step, lr=0.005, steps=100))


def _uphill(one: Recording) -> float:
    """Share of steps and classes that PCNGD's direction sends uphill, to first order."""
    return share(one.cosine.sum(dim=2) < 0)


@per_seed
def _more_classes(seed: int) -> dict[str, float]:
    data = load("gauss2d", rho=10, n_max=200, n_test=5, seed=seed).to(torch.float64)
    one = Recording.of(train(data, network(data, seed), pcngd_step, lr=0.05, steps=200))
    return {
        "share sent uphill, four overlapping classes": _uphill(one),
        "share of up-steps, four overlapping classes": up_share(one),
    }


@per_seed
def _many_digits(seed: int) -> dict[str, float]:
    return {f"share sent uphill, {k} digits": _uphill(_digits_of(k, seed)) for k in (3, 5, 10)}


def _tiny_guard(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    """PCNGD with 1e-300 below the fraction bar instead of a test for zero."""
    lengths = grads.norm(dim=1, keepdim=True)
    return params - lr * (grads / (lengths + 1e-300)).sum(dim=0)


def _far(step: Step, seed: int) -> float:
    """log10 of the length of the parameters after 300 steps of size 10."""
    data = digits(seed, imbalanced(10))
    model = network(data, seed)
    list(train(data, model, step, lr=10.0, steps=300, every=300))
    return parameters_to_vector(model.parameters()).norm().log10().item()


@per_seed
def _underflow(seed: int) -> dict[str, float]:
    return {
        "log₁₀ ‖θ‖ at the end, zero stays zero": _far(pcngd_step, seed),
        "log₁₀ ‖θ‖ at the end, guard 10⁻³⁰⁰": _far(_tiny_guard, seed),
    }


CLAIMS = (
    Claim(
        id="dynamics-monotone",
        says="For two classes and short steps PCNGD lowers the loss of every class in every step.",
        origin="abstract",
        setting="digits, PCNGD, 150 steps; share of steps and classes in which a loss grows by "
        "more than 1e-10, float64. Shown beside it: GD",
        measure=_monotone,
        reproduced=(
            *(Within(f"step size 0.01, ρ = {rho}", 0, 0) for rho in RATIOS),
            Within("step size 0.1, ρ = 10", 0, 0),
        ),
    ),
    Claim(
        id="dynamics-first-order",
        says="To first order a step of PCNGD lowers class l's loss by η ‖g_l‖ (1 + cos(g₀, g₁)): "
        "relative progress is the same for both classes, whatever ρ.",
        origin="follows from smoothness",
        reported="1 (theory)",
        setting="digits at ρ = 10, first step, float64; real decrease over the predicted one",
        measure=_first_order,
        reproduced=(
            Within("majority, η = 1e-05", 0.999, 1.001),
            Within("minority, η = 1e-05", 0.999, 1.001),
        ),
    ),
    Claim(
        id="dynamics-both-minima",
        says="PCNGD brings every class to the minimum of its own loss where gradients dominate.",
        origin="public summary of the paper",
        setting="digits at ρ = 10, which a network separates, so that both minima are 0; step size "
        "0.1, 150 steps",
        measure=_minima,
        reproduced=(Within("at the end", high=0.01),),
    ),
    Claim(
        id="dynamics-rate",
        says="Under gradient dominance the distance to the minimum shrinks geometrically.",
        origin="public summary of the paper; the factor is our derivation",
        why_not="cross-entropy on these data has no gradient dominance, and the constants in the "
        "factor are not known for a network",
    ),
    Claim(
        id="dynamics-more-than-two",
        says="With more than two classes PCNGD may send a class uphill: only the sum of the "
        "classes' relative decreases is never negative.",
        origin="follows from the update; a guard against over-claiming",
        setting="four overlapping classes in the plane, 200 to 20, logistic regression, step size "
        "0.05, 200 steps; share of steps and classes with ĝ_l · v < 0",
        measure=_more_classes,
        reproduced=(
            Within("share sent uphill, four overlapping classes", low=0.01),
            Within("share of up-steps, four overlapping classes", low=0.01),
        ),
    ),
    Claim(
        id="dynamics-digits-never-uphill",
        says="On 3, 5 and 10 digits, which do not overlap, PCNGD sends no class uphill.",
        origin="our trial",
        setting="digits, long-tailed, 100 to 10; tanh MLP 64-24-24-K, step size 0.005, 100 steps",
        measure=_many_digits,
        reproduced=tuple(Within(f"share sent uphill, {k} digits", 0, 0) for k in (3, 5, 10)),
    ),
    Claim(
        id="dynamics-underflow",
        says="On separable data PCNGD with a constant step goes on until the gradients underflow; "
        "a tiny number below the fraction bar is no guard then.",
        origin="our trial",
        setting="digits at ρ = 10, logistic regression, step size 10, 300 steps; length of the "
        "parameters. The steps sum to at most 6000, which is 10^3.8",
        measure=_underflow,
        reproduced=(
            Within("log₁₀ ‖θ‖ at the end, zero stays zero", high=4),
            Within("log₁₀ ‖θ‖ at the end, guard 10⁻³⁰⁰", low=10),
        ),
    ),
)

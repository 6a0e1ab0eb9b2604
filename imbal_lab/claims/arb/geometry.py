"""The simplex of the classifier: what the trained one looks like, and what keeps a perfect one."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.arb.setting import TAIL, run
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data.profiles import counts_for
from imbal_lab.instruments import cosines
from imbal_lab.methods import arb_loss

CLASSES, DIMENSIONS = 10, 16


def centred(weight: Tensor) -> Tensor:
    """Vectors [C, d] minus their mean, which changes no prediction."""
    return weight - weight.mean(dim=0)


def norm_variation(weight: Tensor) -> float:
    """Standard deviation over mean of the lengths of the centred vectors; 0 for a simplex."""
    lengths = centred(weight).norm(dim=1)
    return (lengths.std(correction=0) / lengths.mean()).item()


def angle_error(weight: Tensor) -> float:
    """Mean |cosine + 1/(C − 1)| over the pairs of centred vectors; 0 for a simplex."""
    classes = len(weight)
    found = cosines(centred(weight))[tuple(torch.triu_indices(classes, classes, 1))]
    return (found + 1 / (classes - 1)).abs().mean().item()


def tail_cosine(weight: Tensor) -> float:
    """Mean cosine between the centred vectors of the three rarest classes."""
    found = cosines(centred(weight)[-TAIL:])
    return found[tuple(torch.triu_indices(TAIL, TAIL, 1))].mean().item()


def simplex(classes: int, dimensions: int, seed: int) -> Tensor:
    """Unit vectors [C, d] with all cosines −1/(C − 1), turned at random; float64."""
    corners = torch.eye(classes, dtype=torch.float64) - 1 / classes
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(dimensions, classes, generator=generator, dtype=torch.float64)
    return F.normalize(corners @ torch.linalg.qr(drawn)[0].T, dim=1)


def at_the_simplex(
    counts: Sequence[int], scale: float, seed: int, *, arb: bool
) -> tuple[float, float]:
    """The gradient on the classifier where features and classifier are the same simplex.

    Largest over smallest length of it over the classes, and the least cosine between the step
    that gradient descent makes and the class's own feature.
    """
    y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    corners = simplex(len(counts), DIMENSIONS, seed)
    weight = (scale * corners).requires_grad_()
    logits = corners[y] @ weight.T
    loss = arb_loss(logits, y, counts) if arb else F.cross_entropy(logits, y)
    (grad,) = torch.autograd.grad(loss, weight)
    lengths = grad.norm(dim=1)
    least = F.cosine_similarity(-grad, corners, dim=1).min()
    return (lengths.max() / lengths.min()).item(), least.item()


@per_seed
def _simplex(seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for what, measure in (("length variation", norm_variation), ("angle error", angle_error)):
        for name in ("digits", "mnist1d"):
            ce, arb = (measure(run(name, loss, seed).classifier) for loss in ("CE", "ARB"))
            found[f"{what}, CE, {name}"] = ce
            found[f"{what}, ARB minus CE, {name}"] = arb - ce
    return found


@per_seed
def _collapse(seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in ("digits", "mnist1d"):
        ce, arb = (tail_cosine(run(name, loss, seed).classifier) for loss in ("CE", "ARB"))
        found |= {f"CE, {name}": ce, f"ARB minus CE, {name}": arb - ce}
    even = tail_cosine(run("digits", "CE", seed, even=True).classifier)
    return found | {"CE, ρ = 1 minus ρ = 50, digits": even - found["CE, digits"]}


@per_seed
def _gradient(seed: int) -> dict[str, float]:
    counts, even = (counts_for("long-tailed", 1000, rho, CLASSES) for rho in (100.0, 1.0))
    found: dict[str, float] = {}
    for label, n, scale, arb in (
        ("ARB", counts, 12, True),
        ("CE", counts, 12, False),
        ("CE, ρ = 1", even, 12, False),
        ("ARB, scale 2", counts, 2, True),
    ):
        ratio, cosine = at_the_simplex(n, scale, seed, arb=arb)
        found |= {f"length ratio, {label}": ratio, f"least cosine, {label}": cosine}
    return found


CLOSER = tuple(
    f"{what}, ARB minus CE, {name}"
    for what in ("length variation", "angle error")
    for name in ("digits", "mnist1d")
)

CLAIMS = (
    Claim(
        id="arb-simplex",
        says="Training with ARB-Loss ends with a classifier closer to the simplex of balanced data "
        "(vectors of equal length, all cosines −1/(C − 1)).",
        origin="motivation of the paper, in our words",
        setting="both data sets; centred vectors of the classifier after training",
        measure=_simplex,
        reproduced=tuple(Within(name, high=-0.005) for name in CLOSER),
        opposite=tuple(Within(name, low=0.005) for name in CLOSER),
    ),
    Claim(
        id="arb-minority-collapse",
        says="Under cross-entropy the vectors of rare classes draw together (minority collapse); "
        "ARB-Loss keeps them apart.",
        origin="motivation of the paper, in our words",
        setting="both data sets; mean cosine between the centred vectors of the three rarest "
        f"classes after training; −1/9 = {-1 / 9:.2f} for the simplex",
        measure=_collapse,
        reproduced=(
            Within("CE, ρ = 1 minus ρ = 50, digits", high=-0.05),
            Within("ARB minus CE, digits", high=-0.05),
            Within("ARB minus CE, mnist1d", high=-0.05),
        ),
        opposite=(
            Within("ARB minus CE, digits", low=0.05),
            Within("ARB minus CE, mnist1d", low=0.05),
        ),
    ),
    Claim(
        id="arb-simplex-gradient",
        says="At a simplex with large logits ARB-Loss has for every class a gradient of the same "
        "length along the class's own feature, as balanced cross-entropy has: it stays a simplex. "
        "Cross-entropy on imbalanced data leaves it.",
        origin="follows from the gradient",
        setting="ten classes, 1000 to 10, features and classifier the same randomly turned "
        "simplex, logits times 12 (and 2, where it does not hold), float64",
        measure=_gradient,
        reproduced=(
            Within("length ratio, ARB", high=1.01),
            Within("least cosine, ARB", low=0.999),
            Within("length ratio, CE", low=2),
            Within("least cosine, CE", high=0.9),
            Within("length ratio, CE, ρ = 1", high=1.01),
            Within("least cosine, CE, ρ = 1", low=0.999),
        ),
    ),
)

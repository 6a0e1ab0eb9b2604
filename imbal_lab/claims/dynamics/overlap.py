"""Classes that overlap, a convex loss: where gradient descent and PCNGD end."""

from functools import cache

import torch
from torch import Tensor, nn

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.dynamics.setting import network, share, up_share
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import Dataset
from imbal_lab.instruments import Recording
from imbal_lab.methods import gd_step, pcngd_step
from imbal_lab.training import train

COUNTS = (400, 40)
SETTING = (
    "two Gaussians of spread 1 in the plane, 1.4 apart, 400 to 40; logistic regression from zero"
)


def overlapping(seed: int) -> Dataset:
    """Two Gaussians that no rule keeps apart; the test set is not used."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(2).repeat_interleave(torch.tensor(COUNTS))
    x = torch.randn(len(y), 2, generator=generator, dtype=torch.float64)
    x[:, 0] += torch.tensor([-0.7, 0.7], dtype=torch.float64)[y]
    return Dataset("overlap", x, y, x[[0, -1]], torch.tensor([0, 1]), ("common", "rare"))


def untrained(dataset: Dataset) -> nn.Module:
    """Logistic regression with all parameters zero, where both losses are log 2."""
    model = network(dataset, 0)
    with torch.no_grad():
        for param in model.parameters():
            param.zero_()
    return model


@cache
def _pcngd(seed: int, lr: float, steps: int) -> Recording:
    data = overlapping(seed)
    return Recording.of(train(data, untrained(data), pcngd_step, lr=lr, steps=steps))


@per_seed
def _ends(seed: int) -> dict[str, float]:
    data = overlapping(seed)
    gd = Recording.of(train(data, untrained(data), gd_step, lr=1.0, steps=400, every=400))
    own = _pcngd(seed, 0.03, 400)
    return {
        "minority's loss, end minus start, GD": (gd.loss[-1, 1] - gd.loss[0, 1]).item(),
        "majority's, GD": (gd.loss[-1, 0] - gd.loss[0, 0]).item(),
        "minority's, PCNGD": (own.loss[-1, 1] - own.loss[0, 1]).item(),
        "majority's, PCNGD": (own.loss[-1, 0] - own.loss[0, 0]).item(),
    }


@per_seed
def _stop(seed: int) -> dict[str, float]:
    found = {}
    for lr, steps in ((0.3, 100), (0.03, 400)):
        one = _pcngd(seed, lr, steps)
        found[f"1 + cosine at the end, η = {lr}"] = 1 + one.cosine[-1, 0, 1].item()
        found[f"share of up-steps, η = {lr}"] = up_share(one)
    norms, cosine = one.grad_norm[-1], one.cosine[-1]
    total = (norms @ cosine @ norms).clamp_min(0).sqrt()
    return found | {"‖∇f‖ over the longer ‖g_l‖, at the end": (total / norms.max()).item()}


def smoothness(dataset: Dataset) -> float:
    """L of the class losses: the softmax's curvature is at most 1/2, the rest is the data's."""
    seen = torch.cat([dataset.x, torch.ones(len(dataset.y), 1, dtype=torch.float64)], dim=1)
    return torch.linalg.eigvalsh(seen.T @ seen / len(seen)).max().item() / 2


@per_seed
def _bound(seed: int) -> dict[str, float]:
    data = overlapping(seed)
    smooth = smoothness(data)

    def step(params: Tensor, grads: Tensor, lr: float) -> Tensor:
        return pcngd_step(params, grads, grads.norm(dim=1).min().item() / (2 * smooth))

    one = Recording.of(train(data, untrained(data), step, lr=1.0, steps=300))
    fallen = -one.loss.diff(dim=0) * torch.tensor(data.counts) / len(data.y)
    promised = (1 + one.cosine[:-1, 0, 1]) / (4 * smooth) * one.grad_norm[:-1].amin(1) ** 2
    return {
        "share that falls less than promised": share(fallen < promised[:, None] - 1e-14),
        "share of up-steps": up_share(one),
        "least promised, first step": promised[0].item(),
    }


CLAIMS = (
    Claim(
        id="dynamics-overlap-ends",
        says="Where classes overlap, GD ends with the minority worse than untrained; PCNGD ends "
        "with both classes better.",
        origin="convex check of ours",
        setting=f"{SETTING}; GD with step size 1, PCNGD with 0.03, 400 steps",
        measure=_ends,
        reproduced=(
            Within("minority's loss, end minus start, GD", low=0.3),
            Within("majority's, GD", high=-0.3),
            Within("minority's, PCNGD", high=-0.05),
            Within("majority's, PCNGD", high=-0.05),
        ),
        opposite=(Within("minority's loss, end minus start, GD", high=0),),
    ),
    Claim(
        id="dynamics-pareto-stop",
        says="PCNGD stops where the class gradients are opposite (Pareto-stationary), which need "
        "not be a minimum of the total loss; with a constant step it gets there without bouncing.",
        origin="follows from the update",
        setting=f"{SETTING}; PCNGD, step size 0.3 (100 steps) and 0.03 (400 steps)",
        measure=_stop,
        reproduced=(
            Within("1 + cosine at the end, η = 0.3", high=1e-4),
            Within("share of up-steps, η = 0.3", 0, 0),
            Within("1 + cosine at the end, η = 0.03", high=1e-4),
            Within("share of up-steps, η = 0.03", 0, 0),
            Within("‖∇f‖ over the longer ‖g_l‖, at the end", low=0.5),
        ),
    ),
    Claim(
        id="dynamics-decrease-bound",
        says="With step size min‖g_l‖/(2L) PCNGD lowers each class's loss by at least "
        "(1 + cos) min‖g_l‖²/(4L) in every step.",
        origin="follows from smoothness",
        setting=f"{SETTING}; that step size, L from the data, 300 steps; losses are contributions",
        measure=_bound,
        reproduced=(
            Within("share that falls less than promised", 0, 0),
            Within("share of up-steps", 0, 0),
        ),
    ),
)

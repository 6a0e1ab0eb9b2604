"""Lesson 04: the values of its formulas' symbols, drawn at random and computed by the library."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab import methods, models
from imbal_lab.authoring.formulas import Facts


def drawn(generator: Generator) -> tuple[Tensor, float]:
    """Seven losses and a lambda of either sign."""
    losses = 3 * torch.rand(7, generator=generator, dtype=torch.float64)
    size = 0.5 + 2 * torch.rand((), generator=generator).item()
    return losses, size if torch.rand((), generator=generator) < 0.5 else -size


def weights(generator: Generator) -> Facts:
    losses, lam = drawn(generator)
    return Facts(
        over={"i": 7, "j": 7},
        values={
            "F": methods.robust_loss(losses, lam),
            "w_i": methods.absgd_weights(losses, lam),
            r"\ell_i": losses,
            r"\lambda": lam,
            "n": 7,
        },
    )


def objective(generator: Generator) -> Facts:
    losses, lam = drawn(generator)
    robust = methods.robust_loss(losses, lam)
    return Facts(over={"i": 7}, values={"F": robust, r"\ell_i": losses, r"\lambda": lam, "n": 7})


def direction(generator: Generator) -> Facts:
    _, lam = drawn(generator)
    x = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 0, 0, 0, 1, 1, 2])
    model = models.mlp([2, 4, 3], seed=int(torch.randint(99, (), generator=generator))).double()
    losses = F.cross_entropy(model(x), y, reduction="none")

    def slope(value: Tensor) -> Tensor:
        parts = torch.autograd.grad(value, list(model.parameters()), retain_graph=True)
        return torch.cat([part.flatten() for part in parts])

    return Facts(
        over={"i": 7},
        values={
            r"\nabla F": slope(methods.robust_loss(losses, lam)),
            r"\nabla\ell_i": torch.stack([slope(loss) for loss in losses]),
            "w_i": methods.absgd_weights(losses.detach(), lam),
            "n": 7,
        },
    )


def normaliser(generator: Generator) -> Facts:
    losses, lam = drawn(generator)
    old = torch.randn((), generator=generator, dtype=torch.float64)
    gamma = 0.1 + 0.8 * torch.rand((), generator=generator).item()
    return Facts(
        over={"i": 7},
        values={
            "u_t": methods.running_normaliser(old, losses, lam, gamma).exp(),
            "u_{t-1}": math.exp(old),
            r"\gamma": gamma,
            "B": 7,
            r"\ell_i": losses,
            r"\lambda": lam,
        },
    )


CASES = {
    "weights": weights,
    "objective": objective,
    "direction": direction,
    "normaliser": normaliser,
}

"""Lesson 07: the values of its formulas' symbols, drawn at random and computed by the library."""

import torch
from torch import Generator
from torch.nn import functional as F  # noqa: N812

from imbal_lab import methods
from imbal_lab.authoring.formulas import Facts

COUNTS = torch.tensor([6, 3, 2])


def labels(generator: Generator) -> torch.Tensor:
    y = torch.arange(3).repeat_interleave(COUNTS)
    return y[torch.randperm(len(y), generator=generator)]


def forces(generator: Generator) -> Facts:
    y = labels(generator)
    logits = torch.randn(11, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    (pushes,) = torch.autograd.grad(F.cross_entropy(logits, y), logits)
    attraction, repulsion = methods.attraction_and_repulsion(pushes, y).unbind(dim=1)
    return Facts(
        over={"i": 11, "k": 3},
        values={
            "g_{ik}": pushes,
            "p_{ik}": logits.detach().softmax(dim=1),
            "y_i": y,
            "n": len(y),
            "A_k": attraction,
            "R_k": repulsion,
        },
    )


def ratio(generator: Generator) -> Facts:
    y = labels(generator)
    level = torch.randn(1, generator=generator, dtype=torch.float64).item()
    logits = torch.full((11, 3), level, dtype=torch.float64, requires_grad=True)
    (pushes,) = torch.autograd.grad(F.cross_entropy(logits, y), logits)
    attraction, repulsion = methods.attraction_and_repulsion(pushes, y).unbind(dim=1)
    values = {"A_k": attraction, "R_k": repulsion, "n": 11, "n_k": COUNTS, "C": 3}
    return Facts(over={"k": 3}, values=values)


def balance(generator: Generator) -> Facts:
    y = labels(generator)
    level = torch.randn(1, generator=generator, dtype=torch.float64).item()
    logits = torch.full((11, 3), level, dtype=torch.float64, requires_grad=True)
    loss = methods.arb_losses(logits, y, COUNTS.double()).mean()
    (pushes,) = torch.autograd.grad(loss, logits)
    attraction, repulsion = methods.attraction_and_repulsion(pushes, y).unbind(dim=1)
    values = {"A_k": attraction, "R_k": repulsion, "n": 11, "n_k": COUNTS}
    return Facts(over={"k": 3}, values=values)


def arb(generator: Generator) -> Facts:
    y = torch.randint(0, 3, (5,), generator=generator)
    logits = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    losses = methods.arb_losses(logits, y, COUNTS.double())
    return Facts(
        over={"i": 5, "k": 3},
        values={r"\ell_i": losses, "z_{ik}": logits, "y_i": y, "n_k": COUNTS},
    )


def iou(generator: Generator) -> Facts:
    y, predictions = torch.randint(0, 3, (2, 30), generator=generator)
    found = methods.mean_iou(predictions, y, 3).double()
    return Facts(
        over={"k": 3},
        values={
            "J": found,
            "C": 3,
            "b_k": torch.bincount(y[y == predictions], minlength=3),
            "c_k": torch.bincount(predictions, minlength=3),
            "t_k": torch.bincount(y, minlength=3),
        },
        within=1e-6,  # quotients of whole numbers are single precision
    )


CASES = {
    "forces": forces,
    "ratio": ratio,
    "balance": balance,
    "arb": arb,
    "same": arb,
    "iou": iou,
}

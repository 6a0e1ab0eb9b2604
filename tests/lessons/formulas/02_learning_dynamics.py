"""Lesson 02: the values of its formulas' symbols, drawn at random and computed by the library."""

import torch
from torch import Generator
from torch.nn import functional as F  # noqa: N812

from imbal_lab import methods, models
from imbal_lab.authoring.formulas import Facts


def class_parts(generator: Generator) -> Facts:
    x = torch.randn(9, 2, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 0, 0, 0, 0, 1, 1, 2, 2])[torch.randperm(9, generator=generator)]
    model = models.mlp([2, 4, 3], seed=int(torch.randint(99, (), generator=generator))).double()
    losses = F.cross_entropy(model(x), y, reduction="none")
    contributions = [torch.where(y == c, losses, 0).mean() for c in range(3)]
    gradients = [
        torch.autograd.grad(part, tuple(model.parameters()), retain_graph=True)
        for part in contributions
    ]
    return Facts(
        over={"i": 9, "l": 3},
        values={
            "f": F.cross_entropy(model(x), y).detach(),
            "f_l": torch.stack(contributions).detach(),
            "n": len(y),
            "y_i": y,
            r"\ell_i": losses.detach(),
            "g_l": methods.class_gradients(model, x, y, num_classes=3),
            r"\nabla f_l": torch.stack([torch.cat([g.flatten() for g in gs]) for gs in gradients]),
        },
    )


def criterion(generator: Generator) -> Facts:
    """True exactly where a very short step of gradient descent raises the minority's part.

    The parts are quadratic bowls whose gradients at the parameters are g_0 and g_1.
    """
    lengths = torch.tensor([3.0, 1.0], dtype=torch.float64)
    grads = F.normalize(torch.randn(2, 2, generator=generator, dtype=torch.float64), dim=1)
    grads = grads * lengths[:, None]
    params = torch.randn(2, generator=generator, dtype=torch.float64)
    after = methods.gd_step(params, grads, lr=1e-6)
    change = grads[1] @ (after - params) + (after - params).square().sum() / 2
    angle = torch.acos(F.cosine_similarity(grads[0], grads[1], dim=0))
    return Facts(over={"l": 2}, values={"g_l": grads, r"\alpha": angle}, holds=bool(change > 0))


def step(generator: Generator) -> Facts:
    params = torch.randn(6, generator=generator, dtype=torch.float64)
    grads = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    return Facts(
        over={"l": 3},
        values={
            r"\theta_t": params,
            r"\theta_{t+1}": methods.pcngd_step(params, grads, lr=0.3),
            r"\eta": 0.3,
            "g_l": grads,
        },
    )


CASES = {"class_parts": class_parts, "criterion": criterion, "step": step}

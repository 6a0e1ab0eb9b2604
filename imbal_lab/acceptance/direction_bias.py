"""The bias of ABSGD's direction at parameters that stand still.

A small batch's own normaliser is too small where the batch misses the hard examples, and too
large where it has them: the mean of the ratios is not the ratio of the means.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.by_weights import Weights, weigh
from imbal_lab.data import load
from imbal_lab.methods import robust_loss
from imbal_lab.models import mlp
from imbal_lab.training.optimizer_loop import fit

Normaliser = Callable[[Tensor, Tensor, float, float], Tensor]

LAM = 0.5
BATCH, BATCHES, BEFORE = 16, 1500, 50  # examples a batch; batches, and more before they count


def bias(weights: Weights, normaliser: Normaliser, gamma: float, seed: int) -> float:
    """How far the mean direction over small batches lies from the gradient of F, over its length.

    A linear classifier on four overlapping classes, 300 to 10, stands still after 50 plain steps;
    with ``gamma`` = 1 every batch has its own normaliser and ``normaliser`` is not called.
    """
    losses, grads, true = _standing_still(seed)
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(losses), (BEFORE + BATCHES, BATCH), generator=generator)
    log_u, total = torch.tensor(-math.inf).double(), torch.zeros_like(true)
    for t, batch in enumerate(rows):
        seen = losses[batch]
        own = weigh(weights, seen, LAM)
        if gamma < 1:
            log_u = torch.as_tensor(normaliser(log_u.clone(), seen.clone(), LAM, gamma))
            own = own * (robust_loss(seen, LAM) / LAM - log_u).exp()
        if t >= BEFORE:
            total += own @ grads[batch] / (BATCH * BATCHES)
    return ((total - true).norm() / true.norm()).item()


def _standing_still(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Losses [n], the gradient of each [n, P], and that of F [P], for a linear classifier."""
    data = load("gauss2d", rho=30, n_max=300, n_test=5, seed=seed).to(torch.float64)
    model = mlp([2, 4], seed=seed).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    [*fit(data, model, nn.CrossEntropyLoss(), optimizer, steps=50, every=50)]
    logits = model(data.x)
    losses = F.cross_entropy(logits, data.y, reduction="none")
    robust = robust_loss(losses, LAM)
    true = torch.autograd.grad(robust, list(model.parameters()), retain_graph=True)
    (slopes,) = torch.autograd.grad(losses.sum(), logits)  # [n, C]
    inputs = torch.cat([data.x, torch.ones(len(data.x), 1).double()], dim=1)
    grads = torch.cat([(slopes[:, :, None] * inputs[:, None, :2]).flatten(1), slopes], dim=1)
    return losses.detach(), grads, torch.cat([part.flatten() for part in true])

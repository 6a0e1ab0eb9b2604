"""Many networks trained as one program, one a seed, with losses that may change on the way.

What :func:`imbal_lab.training.sweep` does not do: ABSGD that is switched on late, other base
losses, labels with noise, gradients cut to a length.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset, ShuffledBatches
from imbal_lab.training.criteria import Criteria
from imbal_lab.training.ensemble import Ensemble
from imbal_lab.training.one_thread import one_thread


class Plan(NamedTuple):
    """How every network is trained."""

    epochs: int
    batch: int
    lr: float
    momentum: float = 0.9
    clip: float = 5.0  # longest gradient, each network's own


class Logits(NamedTuple):
    """What K networks say after an epoch."""

    train: Tensor  # [K, C, n]
    test: Tensor  # [K, C, m]


def train_together(
    datasets: Sequence[Dataset],
    models: Sequence[nn.Module],
    stages: Mapping[int, Callable[[], nn.Module]],
    plan: Plan,
    *,
    seeds: Sequence[int],
    watch: Sequence[int],
) -> dict[int, Logits]:
    """Train each model on its data set, all of one size; logits after the epochs ``watch``.

    ``stages[e]()`` makes the loss that each network has from epoch e on, with a state of its
    own. The seeds draw the batches, the same ones for every loss.
    """
    x, y = (torch.stack([getattr(each, name) for each in datasets]) for name in ("x", "y"))
    x_test = torch.stack([each.x_test for each in datasets])
    epochs = [repeat(ShuffledBatches(y[0], plan.batch, seed=seed)) for seed in seeds]
    rows = [chain.from_iterable(each) for each in epochs]
    steps, own = -(-y.shape[1] // plan.batch), torch.arange(len(seeds)).unsqueeze(1)
    ensemble, seen = Ensemble(models), {}
    optimizer = torch.optim.SGD(ensemble.params, plan.lr, plan.momentum)
    with one_thread():
        for epoch in range(plan.epochs):
            if epoch in stages:
                criteria = Criteria([stages[epoch]() for _ in seeds])
            for _ in range(steps):
                batch = torch.stack([next(each) for each in rows])  # [K, B]
                losses = criteria(ensemble(x[own, batch]), y[own, batch])
                optimizer.zero_grad()
                losses.sum().backward()
                cut(ensemble.params, plan.clip)
                optimizer.step()
            if epoch + 1 in watch:
                with torch.no_grad():
                    seen[epoch + 1] = Logits(ensemble(x), ensemble(x_test))
    return seen


def cut(params: Sequence[Tensor], longest: float) -> None:
    """Shorten each network's gradient, over all of ``params`` [K, ...], to ``longest``."""
    grads = [p.grad for p in params if p.grad is not None]
    squares = torch.stack([g.flatten(1).square().sum(dim=1) for g in grads])  # [params, K]
    factor = (longest / squares.sum(dim=0).sqrt()).clamp(max=1)
    for g in grads:
        g.mul_(factor.view(-1, *[1] * (g.ndim - 1)))

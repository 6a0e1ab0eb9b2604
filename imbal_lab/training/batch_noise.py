"""How noisy each class's mini-batch direction is, at one point of a run.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), at small scale: threes and eights, 150
to 15, and the projections p_l of mini-batch class gradients on the full-batch ones, each a mean
over 40 batches. The point is that of a network after some steps of PCNGD.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset, load
from imbal_lab.methods import (
    class_gradients,
    class_weighted_loss,
    inverse_frequency_weights,
    pcngd_step,
)
from imbal_lab.models import mlp
from imbal_lab.training.loop import Gradients, endless, train

Projections = Callable[[Tensor, Tensor], Tensor]
N_MAX, N_TEST, HIDDEN = 150, 24, (24, 24)
BATCHES = 40


def digits(seed: int, rho: float) -> Dataset:
    """Threes and eights in double precision."""
    data = load("digits", classes=(3, 8), n_max=N_MAX, n_test=N_TEST, rho=rho, seed=seed)
    return data.to(torch.float64)


def network(seed: int) -> nn.Sequential:
    """A tanh network for them."""
    return mlp([64, *HIDDEN, 2], seed=seed).double()


@dataclass(frozen=True, eq=False)
class Point:
    """A network on its way, with the class gradients of the whole training set."""

    data: Dataset
    model: nn.Sequential

    @classmethod
    def after(cls, steps: int, seed: int, rho: float = 10) -> "Point":
        """After so many steps of PCNGD, step size 0.01."""
        data, model = digits(seed, rho), network(seed)
        for _ in train(data, model, pcngd_step, lr=0.01, steps=steps, every=steps):
            pass
        return cls(data, model)

    def projections(
        self,
        batches: Iterable[Tensor],
        measure: Projections,
        gradients: Gradients = class_gradients,
    ) -> Tensor:
        """p [BATCHES, C] of as many batches of row numbers, epoch after epoch.

        Raises ValueError if ``measure`` does not give one number a class.
        """
        x, y, classes = self.data.x, self.data.y, self.data.num_classes
        full = gradients(self.model, x, y, classes)
        rows = []
        for batch in islice(endless(batches), BATCHES):
            p = measure(gradients(self.model, x[batch], y[batch], classes), full.clone())
            if not isinstance(p, Tensor) or p.shape != (classes,):
                got = list(p.shape) if isinstance(p, Tensor) else type(p).__name__
                raise ValueError(f"projections: must return one number a class, gave {got}")
            rows.append(p.detach().double())
        return torch.stack(rows)

    def with_replacement(self, size: int, seed: int) -> Iterator[Tensor]:
        """Batches of ``size`` examples of every class."""
        generator = torch.Generator().manual_seed(seed)
        pools = [(self.data.y == c).nonzero()[:, 0] for c in range(self.data.num_classes)]
        while True:
            yield torch.cat(
                [pool[torch.randint(len(pool), (size,), generator=generator)] for pool in pools]
            )


def class_weighted_gradients(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Class gradients [C, P] of the loss with inverse-frequency weights, at 10 to 1."""
    weights = inverse_frequency_weights((10, 1)).to(x)
    rows = []
    for c in range(num_classes):
        loss = class_weighted_loss(model(x[y == c]), y[y == c], weights, reduction="sum") / len(y)
        pieces = torch.autograd.grad(loss, tuple(model.parameters()))
        rows.append(torch.cat([piece.flatten() for piece in pieces]))
    return torch.stack(rows)

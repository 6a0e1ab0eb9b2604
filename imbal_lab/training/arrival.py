"""When each class is learnt in mini-batches, over seeds: the runs, and what is read from them.

Threes and eights as in `batch_noise`, batches of 22. A class is learnt when its mean training loss
is below 0.35. The start counts as step 1, so that the logarithm of a time is finite.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from imbal_lab.instruments import Recording
from imbal_lab.methods.registry import Step
from imbal_lab.training.batch_noise import digits, network
from imbal_lab.training.loop import train

LEARNT = 0.35
BATCH = 22  # at rho = 10 20 + 2 in natural proportions
Draw = Callable[[Tensor, int], Iterable[Tensor]]  # labels and seed to batches of row numbers


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What one way to train did: S seeds, T recorded steps, two classes, the minority last."""

    label: str
    loss: Tensor  # [S, T, 2] mean training loss of each class

    @property
    def times(self) -> Tensor:
        """[S, 2] when each class was learnt; infinite if it was not."""
        learnt = self.loss < LEARNT
        first = learnt.double().argmax(dim=1) + 1.0
        return torch.where(learnt.any(dim=1), first, torch.inf)

    @property
    def lag(self) -> Tensor:
        """[S] log2 of the minority's time over the majority's; NaN if a class was not learnt."""
        majority, minority = self.times.T
        lag = (minority / majority).log2()
        return torch.where(lag.isfinite(), lag, torch.nan)

    @property
    def rise(self) -> Tensor:
        """[S] of the minority's loss above its start."""
        return self.loss[:, :, 1].amax(dim=1) - self.loss[:, 0, 1]


def arrivals(
    label: str,
    step: Step,
    draw: Draw,
    seeds: Iterable[int],
    steps: int,
    *,
    lr: float = 0.01,
    rho: float = 10,
    full_gradients: bool = False,
) -> Arrivals:
    """Train once a seed, in double precision, and keep the losses of every step."""
    losses = []
    for seed in seeds:
        data = digits(seed, rho)
        run = train(
            data,
            network(seed),
            step,
            lr=lr,
            steps=steps,
            batches=draw(data.y, seed),
            full_gradients=full_gradients,
            record_gradients=False,
        )
        losses.append(Recording.of(run).loss)
    return Arrivals(label, torch.stack(losses))

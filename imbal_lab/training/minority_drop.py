"""The Minority Initial Drop over seeds: the runs, and what is read from them.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), at small scale: two classes, one rare.
Per seed (which draws the examples and the initial weights), with mean class losses F_l(t):

    rise = max_t F_1(t) - F_1(0)        up-steps of class l = number of t with F_l(t+1) > F_l(t)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from imbal_lab.data import load
from imbal_lab.instruments import Recording
from imbal_lab.methods.registry import Step
from imbal_lab.models import mlp
from imbal_lab.training.loop import Gradients, train

DATA: dict[str, dict[str, Any]] = {
    "digits": {"classes": (3, 8), "n_max": 150, "n_test": 24},
    "gauss2d_binary": {"n_max": 200, "n_test": 250},
}
HIDDEN = (24, 24)
LR = 0.1  # of both, so that no difference is one of step size
ROUNDING = 1e-10  # in double precision, a loss that grows by less has not grown


@dataclass(frozen=True, eq=False)
class Runs:
    """What one step did: S seeds, T recorded steps, two classes, the minority last."""

    label: str
    loss: Tensor  # [S, T, 2] mean training loss of each class
    recall: Tensor  # [S, T, 2] on the balanced test set

    @property
    def rise(self) -> Tensor:
        """[S] of the minority's loss above its start."""
        return self.loss[:, :, 1].amax(dim=1) - self.loss[:, 0, 1]

    @property
    def up_steps(self) -> Tensor:
        """[S, 2] steps in which the class's loss grew."""
        return (self.loss.diff(dim=1) > ROUNDING).sum(dim=1)

    @property
    def change(self) -> Tensor:
        """[S, 2] of the class's loss, last step minus first."""
        return self.loss[:, -1] - self.loss[:, 0]

    @property
    def recall_drop(self) -> Tensor:
        """[S] of the minority's recall below its start."""
        return self.recall[:, 0, 1] - self.recall[:, :, 1].amin(dim=1)


def measure(
    label: str,
    step: Step,
    gradients: Gradients,
    data: str,
    rho: float,
    seeds: Iterable[int],
    steps: int,
) -> Runs:
    """Train once a seed, in double precision, and keep what the claim is about."""
    recordings = []
    for seed in seeds:
        dataset = load(data, rho=rho, seed=seed, **DATA[data]).to(torch.float64)
        model = mlp([dataset.x.shape[1], *HIDDEN, 2], seed=seed).double()
        run = train(dataset, model, step, lr=LR, steps=steps, gradients=gradients)
        recordings.append(Recording.of(run))
    loss, recall = (torch.stack([getattr(r, k) for r in recordings]) for k in ("loss", "recall"))
    return Runs(label, loss, recall)

"""Attraction and repulsion during training: the runs, and what is read from them.

Ten digits, rho = 50, which of them is how frequent drawn by the seed; the setting of the claims
about ARB-Loss in `course/CLAIMS.md`, but that R and A are those of the whole training set.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.own_losses import Losses, OwnLosses
from imbal_lab.data import ShuffledBatches, load
from imbal_lab.models import mlp
from imbal_lab.training import fit

Forces = Callable[[Tensor, Tensor], Tensor]

RHO, BATCH, LR, MOMENTUM, EPOCHS = 50, 64, 0.05, 0.9, 60
RAREST = 3  # classes; as many are "few" in the pictures
CORNERS, SCALE = (1000, 600, 359, 215, 129, 77, 46, 28, 17, 10), 12.0  # of the simplex


@dataclass(frozen=True, eq=False)
class Runs:
    """What one loss did: S seeds, an epoch a record from 0, C classes, the rarest last."""

    label: str
    counts: tuple[int, ...]
    forces: Tensor  # [S, E, C, 2] attraction and repulsion
    recall: Tensor  # [S, C] on the test set, at the end

    @property
    def ratio(self) -> Tensor:
        """[S, E, C] repulsion over attraction."""
        return self.forces[..., 1] / self.forces[..., 0]

    @property
    def slope(self) -> Tensor:
        """[S, E] of log ratio over log count: -1 where it falls like 1/n, 0 in balance."""
        log_n = torch.tensor(self.counts, dtype=torch.float64).log()
        log_n -= log_n.mean()
        return self.ratio.double().log() @ log_n / log_n.square().sum()

    @property
    def rarest(self) -> Tensor:
        """[S] mean recall of the three rarest classes."""
        return self.recall[:, -RAREST:].mean(dim=1)


def measure(
    label: str, losses: Losses | None, forces: Forces, seeds: Iterable[int], epochs: int = EPOCHS
) -> Runs:
    """Train once a seed; ``losses`` None is cross-entropy."""
    all_forces, recalls = [], []
    counts: tuple[int, ...] = ()
    for seed in seeds:
        data = load("digits", rho=RHO, rare="random", seed=seed)
        counts = data.counts
        model = mlp([data.x.shape[1], 64, 64, data.num_classes], seed=seed, activation="relu")
        criterion = nn.CrossEntropyLoss() if losses is None else OwnLosses(losses, counts)
        optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM)
        epoch = -(-len(data.y) // BATCH)
        training = fit(
            data,
            model,
            criterion,
            optimizer,
            steps=epochs * epoch,
            every=epoch,
            batches=ShuffledBatches(data.y, BATCH, seed=seed),
            scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * epoch),
            record_gradients=False,
        )
        seen = []
        for record in training:  # the model is as it is at this record
            seen.append(_forces(forces, criterion, model(data.x), data.y))
            recall = record.recall
        all_forces.append(torch.stack(seen))
        recalls.append(recall)
    return Runs(label, counts, torch.stack(all_forces), torch.stack(recalls))


def _forces(forces: Forces, criterion: nn.Module, logits: Tensor, y: Tensor) -> Tensor:
    (pushes,) = torch.autograd.grad(criterion(logits, y), logits)
    found = forces(pushes, y)
    wanted = [logits.shape[1], 2]
    if not isinstance(found, Tensor) or list(found.shape) != wanted:
        kind = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(f"forces: must return a tensor of shape {wanted}, gave {kind}")
    return found.detach()


def at_the_simplex(losses: Losses | None, counts: Sequence[int] = CORNERS) -> tuple[float, float]:
    """What moves a classifier that is a simplex already, with features on the same simplex.

    Largest over smallest length of the gradient on its rows, and the least cosine between the step
    down that gradient and the row itself.
    """
    size = len(counts)
    corners = F.normalize(torch.eye(size, dtype=torch.float64) - 1 / size, dim=1)
    y = torch.arange(size).repeat_interleave(torch.tensor(counts))
    rows = (SCALE * corners).requires_grad_()
    criterion = nn.CrossEntropyLoss() if losses is None else OwnLosses(losses, counts)
    (grad,) = torch.autograd.grad(criterion(corners[y] @ rows.T, y), rows)
    lengths = grad.norm(dim=1)
    along = F.cosine_similarity(-grad, corners, dim=1)
    return (lengths.max() / lengths.min()).item(), along.min().item()

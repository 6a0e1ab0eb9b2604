"""Result: what a finished run leaves behind, and how it is measured."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import Dataset
from imbal_lab.instruments import class_means
from imbal_lab.methods import class_recalls

LIMIT = 1e30  # differences of larger logits overflow in single precision


class Result(NamedTuple):
    """T recorded steps of one run, class by class; rank 0 is the most frequent class.

    Losses are cross-entropy on the raw logits whatever the method, averaged over the class's own
    examples. A run has diverged when a logit is NaN or beyond 1e30; everything is NaN from there.
    """

    step: Tensor  # [T] int64
    train_loss: Tensor  # [T, C]
    train_recall: Tensor  # [T, C]
    test_loss: Tensor  # [T, C]
    test_recall: Tensor  # [T, C]
    test_logits: Tensor  # [m, C, ...] after the last step, in the order of the test set
    path: str  # "batched", or "serial: " and why

    @property
    def diverged(self) -> bool:
        """Whether the run ended in NaN."""
        return bool(self.test_loss[-1].isnan().any())


class Measurements:
    """The measurements of one run while it goes on."""

    def __init__(self, model: nn.Module, dataset: Dataset) -> None:
        self.model = model
        self.dataset = dataset
        self.diverged = False
        self._rows: list[tuple[Tensor, ...]] = []
        self._steps: list[int] = []

    def take(self, step: int) -> None:
        """Measure the model on the whole training and test set."""
        data, classes = self.dataset, self.dataset.num_classes
        logits, self.test_logits = self._logits(data.x), self._logits(data.x_test)
        self.diverged |= not bool(within_limit(logits) & within_limit(self.test_logits))
        if self.diverged:
            self.test_logits = torch.full_like(self.test_logits, torch.nan)
            row = (self.test_logits.new_full((classes,), torch.nan),) * 4
        else:
            row = (
                *class_losses(logits, data.y, classes),
                *class_losses(self.test_logits, data.y_test, classes),
            )
        self._steps.append(step)
        self._rows.append(row)

    def result(self, path: str) -> Result:
        """All that was taken, stacked."""
        columns = [torch.stack(column) for column in zip(*self._rows, strict=True)]
        return Result._make((torch.tensor(self._steps), *columns, self.test_logits, path))

    @torch.no_grad()
    def _logits(self, x: Tensor) -> Tensor:
        """In evaluation mode, as a model with batch normalisation is used."""
        self.model.eval()
        logits: Tensor = self.model(x)
        self.model.train()
        return logits


def class_losses(logits: Tensor, y: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy [C] and recall [C] of each class, or of its pixels: ``y`` [n, h, w]."""
    losses = F.cross_entropy(logits, y, reduction="none").flatten()
    guesses, y = logits.argmax(dim=1).flatten(), y.flatten()
    recalls = class_recalls(guesses, y, num_classes).to(losses.dtype)
    return class_means(losses, y, num_classes), recalls


def within_limit(logits: Tensor, dim: tuple[int, ...] | None = None) -> Tensor:
    """Whether all logits are finite and within the limit, over ``dim`` (all): a bool tensor."""
    return logits.detach().abs().amax(dim=() if dim is None else dim) < LIMIT  # NaN is not less

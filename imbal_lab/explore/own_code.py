"""The learner's own function in the place where the library's would stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Function = Callable[..., Any]


class OwnLoss(nn.Module):
    """``function(logits, y, counts, ...)`` as a criterion; ValueError unless it gives a scalar."""

    def __init__(self, function: Function, counts: Iterable[int], *more: float) -> None:
        super().__init__()
        self._function, self._more = function, more
        self.register_buffer("counts", torch.tensor(list(counts)))

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        loss = self._function(logits, y, self.counts, *self._more)
        if not isinstance(loss, Tensor) or loss.ndim:
            raise ValueError(f"loss: must return a scalar made of the logits, gave {_kind(loss)}")
        if not loss.requires_grad:
            raise ValueError(
                "loss: it is cut off from the logits, so nothing is learnt; look for .detach(), "
                ".item(), NumPy or torch.no_grad on the way"
            )
        return loss


class OwnWeights(nn.Module):
    """Cross-entropy with each example weighed by ``function(losses [n], lam) -> [n]``.

    No gradient goes through the weights.
    """

    def __init__(self, function: Function, lam: float) -> None:
        super().__init__()
        self._function, self._lam = function, lam

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        losses = F.cross_entropy(logits, y, reduction="none")
        weights = self._function(losses.detach().clone(), self._lam)
        if not isinstance(weights, Tensor) or weights.shape != losses.shape:
            raise ValueError(
                f"weights: must return one weight an example, {list(losses.shape)}, "
                f"gave {_kind(weights)}"
            )
        return (weights.detach() * losses).mean()


class Told:
    """Batches that tell a weakening the labels of each before it is trained on."""

    def __init__(self, batches: Iterable[Tensor], y: Tensor, tell: Callable[[Tensor], None]):
        self._batches, self._y, self._tell = batches, y, tell

    def __iter__(self) -> Iterator[Tensor]:
        for rows in self._batches:
            self._tell(self._y[rows])
            yield rows


def _kind(value: object) -> str:
    return str(list(value.shape)) if isinstance(value, Tensor) else type(value).__name__

"""A learner's loss as a criterion of the training loop."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class OwnLoss(nn.Module):
    """``function(logits [n, C], y [n], counts [C], *more) -> scalar`` as a criterion.

    Raises ValueError in training unless it gives a scalar made of the logits.
    """

    def __init__(self, function: Callable[..., Any], counts: Sequence[int], *more: float) -> None:
        super().__init__()
        self._function, self._counts, self._more = function, torch.tensor(counts), more

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        loss = self._function(logits, y, self._counts, *self._more)
        if not isinstance(loss, Tensor) or loss.ndim or not loss.requires_grad:
            kind = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise ValueError(f"loss: must return a scalar made of the logits, gave {kind}")
        return loss

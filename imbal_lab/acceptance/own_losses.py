"""A learner's losses of single examples as a criterion of the training loop."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Losses = Callable[[Tensor, Tensor, Tensor], Tensor]


class OwnLosses(nn.Module):
    """The mean of ``function(logits [n, C], y [n], counts [C]) -> [n]`` as a criterion.

    Raises ValueError in training unless it gives one loss an example, made of the logits.
    """

    def __init__(self, function: Callable[..., Any], counts: Sequence[int]) -> None:
        super().__init__()
        self._function, self._counts = function, torch.tensor(counts)

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        losses = self._function(logits, y, self._counts)
        if not isinstance(losses, Tensor) or losses.shape != y.shape or not losses.requires_grad:
            kind = list(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
            raise ValueError(
                f"losses: must return one loss an example, {list(y.shape)}, made of the logits; "
                f"gave {kind}"
            )
        return losses.mean()

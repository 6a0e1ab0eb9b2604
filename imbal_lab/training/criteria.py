"""K criteria of one kind as one: each model's loss with its own counts and its own state."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import (
    ABSGD,
    ARBLoss,
    CDTLoss,
    ClassWeightedLoss,
    FocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
)

# Losses that are a function of logits, labels and their own buffers, and of nothing else.
PURE = (ABSGD, ARBLoss, CDTLoss, ClassWeightedLoss, FocalLoss, LDAMLoss, LogitAdjustedLoss)


class Criteria:
    """``criteria``, made by one method with the same options, on logits [K, C, B].

    Only their buffers may differ. These are stacked, and a running state moves on in the stack.
    """

    def __init__(self, criteria: Sequence[nn.Module]) -> None:
        self._one = one = criteria[0]
        columns = zip(*(criterion.named_buffers() for criterion in criteria), strict=True)
        self.buffers = {column[0][0]: torch.stack([b for _, b in column]) for column in columns}
        self._each = torch.vmap(lambda own, logits, y: functional_call(one, own, (logits, y)))

    def __call__(self, logits: Tensor, y: Tensor) -> Tensor:
        """The loss of each model [K], of ``logits`` [K, C, B] and labels ``y`` [K, B]."""
        if type(self._one) is nn.CrossEntropyLoss:
            return F.cross_entropy(logits, y, reduction="none").mean(dim=1)
        # Each batch as one image of B pixels: the same mean, and no need to turn the logits round.
        losses: Tensor = self._each(self.buffers, logits.unsqueeze(1), y.unsqueeze(1))
        return losses


def why_not_pure(criterion: nn.Module | None) -> str:
    """Why this criterion cannot be one of many; empty if it can."""
    if criterion is None:
        return "the method's step needs the class gradients of the whole training set"
    if type(criterion) is nn.CrossEntropyLoss or type(criterion) in PURE:
        return ""
    return f"{type(criterion).__name__} has no batched form"

"""Focal loss: examples that are already classified well count for less.

Lin, Goyal, Girshick, He, Dollár, ICCV 2017 (arXiv 1708.02002), here for C classes with
p = softmax(z):

    loss = w_y (1 - p_y)^gamma (-log p_y)

gamma = 0 is cross-entropy, gamma = 2 the paper's choice. The factor is part of the loss and
is differentiated too. Traps: the paper's own loss is a sum of C sigmoid losses, of which this
is the softmax form in common use; and the factor shrinks the loss of *every* class, so a step
size tuned for cross-entropy is too small.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.class_weights import check_weights
from imbal_lab.methods.loss_inputs import (
    at_least_float32,
    check_batch,
    check_not_negative,
    check_reduction,
    reduced,
)


def focal_loss(
    logits: Tensor,
    y: Tensor,
    gamma: float = 2.0,
    weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``logits`` [n, C], ``y`` [n], ``weights`` [C] or None; a scalar, or [n] for "none".

    The mean is over the examples, whatever the weights. Raises ValueError for shapes, labels
    or weights that do not fit, for gamma < 0, and for NaN.

    >>> logits, y = torch.tensor([[0.0, 0.0], [0.0, 2.0]]), torch.tensor([1, 1])
    >>> focal_loss(logits, y, gamma=1.0, reduction="none")
    tensor([0.3466, 0.0151])
    """
    check_not_negative("gamma", gamma, "2")
    check_batch(logits, y)
    losses = F.cross_entropy(at_least_float32(logits), y, reduction="none")
    missing = 1 - (-losses).exp()  # 1 - p_y
    # Below eps it is rounding; the floor keeps the slope of x^gamma, gamma < 1, finite at p_y = 1.
    focal = missing.clamp(min=torch.finfo(losses.dtype).eps) ** gamma * losses
    if weights is not None:
        check_weights(weights, num_classes=logits.shape[1])
        focal = at_least_float32(weights, like=logits)[y] * focal
    return reduced(focal, reduction)


class FocalLoss(nn.Module):
    """:func:`focal_loss` as a criterion; ``weights`` [C] is a buffer (or None).

    >>> model, x, y = nn.Linear(4, 3), torch.zeros(3, 4), torch.tensor([0, 1, 2])
    >>> criterion = FocalLoss(gamma=2.0, weights=torch.tensor([0.5, 1.0, 1.5]))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.4)  # larger than for cross-entropy
    >>> criterion(model(x), y).backward()
    >>> optimizer.step()
    """

    weights: Tensor | None

    def __init__(
        self, gamma: float = 2.0, weights: Tensor | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.gamma = check_not_negative("gamma", gamma, "2")
        self.reduction = check_reduction(reduction)
        self.register_buffer("weights", None if weights is None else check_weights(weights))

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        return focal_loss(logits, y, self.gamma, self.weights, self.reduction)

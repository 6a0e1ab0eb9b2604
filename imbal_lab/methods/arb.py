"""ARB-Loss: attraction-repulsion-balanced loss.

Xie, Yang, Cai, He, Neurocomputing 527 (2023) (arXiv 2204.08735). With logits z:

    loss = -log( e^(z_y) / sum_k (n_k / n_y) e^(z_k) )  =  -log softmax(z + log n)_y

The gradient of cross-entropy on the classifier vector of class k is an attraction to its
own features and a repulsion from those of every other class. For a rare class the repulsion
is larger by (n - n_k) / ((C - 1) n_k) at equal logits; here the two are equal.

n_k are the training examples of each class, or those of the batch. With the former this is
the balanced softmax, which is :mod:`logit_adjustment` with tau = 1. With the latter, a
class absent from the batch drops out and receives no gradient, and a batch of a single
class has loss zero. In segmentation every pixel is an example; ignored pixels are neither
in the loss nor in the counts.

The trap: predict with the raw logits, argmax z.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import (
    Counts,
    along_classes,
    as_counts,
    at_least_float32,
    check_batch,
    check_labels,
    check_reduction,
    readable,
    reduced,
)


def batch_counts(y: Tensor, num_classes: int, ignore_index: int = -100) -> Tensor:
    """How often each class occurs in ``y``, of any shape, without ignored labels: int64 [C].

    Raises ValueError for other labels.

    >>> batch_counts(torch.tensor([[0, 2, 2], [0, 0, -100]]), num_classes=3)
    tensor([3, 0, 2])
    """
    check_labels(y, num_classes, ignore_index)
    return _counted(y, num_classes, ignore_index)


def _counted(y: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    valid = (y != ignore_index).flatten()
    labels = torch.where(valid, y.flatten(), 0)
    none = torch.zeros(num_classes, dtype=torch.int64, device=y.device)
    return none.index_add(0, labels, valid.long())  # integers: float32 stops counting at 2^24


def arb_losses(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    """The loss of each example [n], of ``logits`` [n, C], ``y`` [n] and ``counts`` [C] alone.

    A class with count 0 drops out, as long as no label has it.

    >>> arb_losses(torch.zeros(2, 3), torch.tensor([0, 2]), torch.tensor([6, 3, 1]))
    tensor([0.5108, 2.3026])
    """
    # (n_k / n_y) e^(z_k) is e^(z_k + log n_k) / n_y, and a factor of every term drops out.
    return F.cross_entropy(logits + counts.log(), y, reduction="none")


def arb_loss(
    logits: Tensor,
    y: Tensor,
    counts: Counts | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """``logits`` [n, C] and ``y`` [n], or [n, C, H, W] and [n, H, W]; a scalar, or as ``y``.

    ``counts`` [C] of the training set; by default those of this batch. A count may be zero
    as long as no label has that class. Ignored labels have loss 0, and the mean is over the
    others (0 if there are none). Raises ValueError for shapes, labels or counts that do not
    fit, and for NaN.

    >>> logits, y = torch.zeros(2, 3), torch.tensor([0, 2])
    >>> arb_loss(logits, y, counts=(6, 3, 1), reduction="none")
    tensor([0.5108, 2.3026])
    """
    n = None if counts is None else as_counts(counts, least=0)
    return _balanced(logits, y, n, ignore_index, reduction)


class ARBLoss(nn.Module):
    """:func:`arb_loss` as a criterion; the counts of the training set are a buffer (or None).

    >>> model, x = nn.Linear(4, 3), torch.zeros(10, 4)
    >>> y = torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
    >>> criterion = ARBLoss(counts=(600, 300, 100))  # ARBLoss() counts every batch anew
    >>> criterion(model(x), y).backward()
    >>> guesses = model(x).argmax(dim=1)  # raw logits
    """

    counts: Tensor | None

    def __init__(
        self, counts: Counts | None = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.ignore_index = ignore_index
        self.reduction = check_reduction(reduction)
        n = None if counts is None else as_counts(counts, least=0).float()
        self.register_buffer("counts", n)

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        return _balanced(logits, y, self.counts, self.ignore_index, self.reduction)


def _balanced(
    logits: Tensor, y: Tensor, counts: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    check_batch(logits, y, None if counts is None else len(counts), ignore_index)
    check_reduction(reduction)
    valid = y != ignore_index
    if counts is None:
        counts = _counted(y, logits.shape[1], ignore_index)
        counts = torch.where(counts.any(), counts, 1)  # all ignored: any will do
    elif readable(y):
        _refuse_labels_without_count(y, valid, counts)
    n = along_classes(counts, logits).squeeze(0)  # [C], or [C, 1, 1] for pixels
    losses = arb_losses(at_least_float32(logits), torch.where(valid, y, 0), n)
    losses = torch.where(valid, losses, 0.0)
    if reduction == "mean":
        return reduced(losses, "sum") / valid.sum().clamp(min=1)
    return reduced(losses, reduction)


def _refuse_labels_without_count(y: Tensor, valid: Tensor, counts: Tensor) -> None:
    missing = (counts == 0).to(y.device)
    if not missing.any():
        return
    uncounted = y[valid & missing[torch.where(valid, y, 0)]]
    if len(uncounted):
        raise ValueError(
            f"counts: class {int(uncounted[0])} has count 0, but y holds it; count the labels of "
            "the whole training set"
        )

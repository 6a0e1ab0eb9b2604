"""Logit adjustment: add the log of the class frequencies to the logits, or take it away.

Menon, Jayasumana, Rawat, Jain, Veit, Kumar, ICLR 2021 (arXiv 2007.07314). With logits z and
pi_k = n_k / sum_j n_j:

    training:  loss = -log softmax(z + tau log pi)_y,  predict argmax_k z_k
    post hoc:  train with cross-entropy,               predict argmax_k (z - tau log pi)_k

tau = 0 is cross-entropy; tau = 1 in training is the balanced softmax of Ren et al., NeurIPS
2020 (arXiv 2007.10740). The trap is to do both: a network trained with the adjusted loss is
used with its raw logits.
"""

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import (
    Counts,
    along_classes,
    as_counts,
    check_batch,
    check_not_negative,
    check_reduction,
    reduced,
)


def log_prior(counts: Counts) -> Tensor:
    """log pi [C] in double precision, of training examples per class [C], all at least one."""
    n = as_counts(counts)
    return (n / n.sum()).log()


def logit_adjusted_loss(
    logits: Tensor, y: Tensor, counts: Counts, tau: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """The training loss: ``logits`` [n, C], ``y`` [n], ``counts`` [C]; a scalar, or [n].

    Raises ValueError for shapes, labels or counts that do not fit, for tau < 0, and for NaN.

    >>> import torch
    >>> logits, y = torch.zeros(2, 3), torch.tensor([0, 2])
    >>> logit_adjusted_loss(logits, y, counts=(6, 3, 1), reduction="none")
    tensor([0.5108, 2.3026])
    """
    return _adjusted(logits, y, _offset(counts, tau), reduction)


def posthoc_logits(logits: Tensor, counts: Counts, tau: float = 1.0) -> Tensor:
    """Logits of a network trained with cross-entropy, minus tau log pi: for argmax.

    ``logits`` [n, C] or [n, C, H, W]; as many come back. Raises ValueError for logits or counts
    that do not fit, and for tau < 0.

    >>> import torch
    >>> posthoc_logits(torch.tensor([[2.0, 1.0, 0.0]]), counts=(90, 9, 1)).argmax(dim=1)
    tensor([2])
    """
    offset = _offset(counts, tau)
    if logits.ndim < 2 or logits.shape[1] != len(offset):
        raise ValueError(
            f"logits: shape {tuple(logits.shape)}; with {len(offset)} counts give "
            f"[n, {len(offset)}] or [n, {len(offset)}, H, W]"
        )
    return logits - along_classes(offset, logits)


class LogitAdjustedLoss(nn.Module):
    """The training loss as a criterion; the offset tau log pi is a buffer.

    >>> import torch
    >>> model, x, y = nn.Linear(4, 3), torch.zeros(3, 4), torch.tensor([0, 1, 2])
    >>> criterion = LogitAdjustedLoss(counts=(90, 9, 1))
    >>> criterion(model(x), y).backward()
    >>> guesses = model(x).argmax(dim=1)  # raw logits, since they were adjusted in training
    """

    offset: Tensor

    def __init__(self, counts: Counts, tau: float = 1.0, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = check_reduction(reduction)
        self.register_buffer("offset", _offset(counts, tau).float())

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        return _adjusted(logits, y, self.offset, self.reduction)


def _offset(counts: Counts, tau: float) -> Tensor:
    return check_not_negative("tau", tau, "1") * log_prior(counts)


def _adjusted(logits: Tensor, y: Tensor, offset: Tensor, reduction: str) -> Tensor:
    check_batch(logits, y, num_classes=len(offset))
    z = logits + along_classes(offset, logits)
    return reduced(F.cross_entropy(z, y, reduction="none"), reduction)

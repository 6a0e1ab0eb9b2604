"""CDT: class-dependent temperatures, a training loss that asks more of rare classes.

Ye, Chen, Zhan, Chao, 2020 (arXiv 2001.01385). With logits s and n_c training examples:

    a_c = (n_max / n_c)^gamma,   loss = -log( e^(s_y / a_y) / sum_c e^(s_c / a_c) )

Every logit is divided by the temperature of *its own* class, not only the label's. To be as
sure of a rare class, the network must give it a larger logit, which survives the shift of
its features at test time. gamma = 0 is cross-entropy; the paper tries gamma up to 0.4.

The trap: predict with the raw logits, argmax s. Dividing at test time takes the gain back.
With q = softmax(s / a) the gradient at s_c is (q_c - [c = y]) / a_c: no larger than 1 / a_c, so
rare classes start slower, at the same step size.
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


def cdt_temperatures(counts: Counts, gamma: float) -> Tensor:
    """a [C] in double precision, of training examples per class [C]; 1 for the largest.

    Raises ValueError for counts below one, and for gamma < 0.

    >>> cdt_temperatures((5000, 500, 50), gamma=0.3)
    tensor([1.0000, 1.9953, 3.9811], dtype=torch.float64)
    """
    n = as_counts(counts)
    return (n.max() / n) ** check_not_negative("gamma", gamma, "0.2")


def cdt_loss(
    logits: Tensor, y: Tensor, counts: Counts, gamma: float, reduction: str = "mean"
) -> Tensor:
    """The training loss: ``logits`` [n, C], ``y`` [n], ``counts`` [C]; a scalar, or [n].

    Raises ValueError for shapes, labels, counts or gamma that do not fit, and for NaN.

    >>> import torch
    >>> logits = torch.tensor([[1.0, 2.0, 0.5]])
    >>> cdt_loss(logits, torch.tensor([2]), counts=(5000, 500, 50), gamma=0.3)
    tensor(1.7580)
    """
    return _tempered(logits, y, cdt_temperatures(counts, gamma), reduction)


class CDTLoss(nn.Module):
    """:func:`cdt_loss` as a criterion; ``temperatures`` [C] is a buffer.

    >>> import torch
    >>> model, x, y = nn.Linear(4, 3), torch.zeros(3, 4), torch.tensor([0, 1, 2])
    >>> criterion = CDTLoss(counts=(5000, 500, 50), gamma=0.2)
    >>> criterion(model(x), y).backward()
    >>> guesses = model(x).argmax(dim=1)  # raw logits
    """

    temperatures: Tensor

    def __init__(self, counts: Counts, gamma: float, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = check_reduction(reduction)
        self.register_buffer("temperatures", cdt_temperatures(counts, gamma).float())

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        return _tempered(logits, y, self.temperatures, self.reduction)


def _tempered(logits: Tensor, y: Tensor, temperatures: Tensor, reduction: str) -> Tensor:
    check_batch(logits, y, num_classes=len(temperatures))
    z = logits / along_classes(temperatures, logits)
    return reduced(F.cross_entropy(z, y, reduction="none"), reduction)

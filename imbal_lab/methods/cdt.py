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

import torch
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

    >>> cdt_temperatures((5000, 500, 50), gamma=0.3)
    tensor([1.0000, 1.9953, 3.9811], dtype=torch.float64)
    """
    n = torch.as_tensor(counts, dtype=torch.float64)
    return (n.max() / n) ** gamma


def cdt_loss(logits: Tensor, y: Tensor, counts: Counts, gamma: float) -> Tensor:
    """The mean training loss: ``logits`` [n, C], ``y`` [n], ``counts`` [C]; a scalar.

    The formula and no more: :class:`CDTLoss` looks at its input and takes images too.

    >>> logits = torch.tensor([[1.0, 2.0, 0.5]])
    >>> cdt_loss(logits, torch.tensor([2]), counts=(5000, 500, 50), gamma=0.3)
    tensor(1.7580)
    """
    a = cdt_temperatures(counts, gamma).to(logits)
    return F.cross_entropy(logits / a, y)


class CDTLoss(nn.Module):
    """:func:`cdt_loss` as a criterion; ``temperatures`` [C] is a buffer.

    Raises ValueError for counts below one, for gamma < 0, for shapes and labels that do not fit,
    and for NaN.

    >>> model, x, y = nn.Linear(4, 3), torch.zeros(3, 4), torch.tensor([0, 1, 2])
    >>> criterion = CDTLoss(counts=(5000, 500, 50), gamma=0.2)
    >>> criterion(model(x), y).backward()
    >>> guesses = model(x).argmax(dim=1)  # raw logits
    """

    temperatures: Tensor

    def __init__(self, counts: Counts, gamma: float, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = check_reduction(reduction)
        check_not_negative("gamma", gamma, "0.2")
        self.register_buffer("temperatures", cdt_temperatures(as_counts(counts), gamma).float())

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        check_batch(logits, y, num_classes=len(self.temperatures))
        z = logits / along_classes(self.temperatures, logits)
        return reduced(F.cross_entropy(z, y, reduction="none"), self.reduction)

"""Mixed labels for Major Feature Weakening: what a feature is made of, its label is made of.

With lam_i the share that example i keeps and p(i) its partner (see
:mod:`~imbal_lab.methods.mfw`):

    loss_i = lam_i CE(logits_i, y_i) + (1 - lam_i) CE(logits_i, y_{p(i)})

This is the course's variant and not the paper's: mixup's label rule (Zhang, Cisse, Dauphin,
Lopez-Paz, ICLR 2018, arXiv 1710.09412) with the share of MFW. With the label kept, the network
must widen a frequent class's region to take in its weakened examples, at the rare classes'
cost; with the label mixed it need not.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import (
    at_least_float32,
    check_batch,
    check_reduction,
    reduced,
)
from imbal_lab.methods.mfw import MajorFeatureWeakening, check_partner


def mixed_label_loss(
    logits: Tensor, y: Tensor, partner: Tensor, strengths: Tensor, reduction: str = "mean"
) -> Tensor:
    """lam CE(logits_i, y_i) + (1 - lam) CE(logits_i, y_{p(i)}) with lam = strengths[y_i].

    ``logits`` [n, C], ``y`` and ``partner`` [n], ``strengths`` [C]; a scalar, or [n].
    Raises ValueError for shapes, labels or partners that do not fit, and for NaN.

    >>> logits, y = torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1])
    >>> mixed_label_loss(logits, y, torch.tensor([1, 0]), torch.tensor([0.7, 1.0]), "none")
    tensor([0.7269, 0.6931])
    """
    check_batch(logits, y, num_classes=len(strengths))
    check_partner(partner, len(y))
    logits = at_least_float32(logits)
    lam = at_least_float32(strengths, like=logits)[y]
    own = F.cross_entropy(logits, y, reduction="none")
    partners = F.cross_entropy(logits, y[partner], reduction="none")
    return reduced(torch.lerp(partners, own, lam), reduction)


class MixedLabelLoss(nn.Module):
    """:func:`mixed_label_loss` with the partners of the last pass; cross-entropy in eval mode.

    Put it where the criterion stands: ``criterion = MixedLabelLoss(weakening)``.
    """

    def __init__(self, weakening: MajorFeatureWeakening, reduction: str = "mean") -> None:
        super().__init__()
        self.weakening = weakening
        self.reduction = check_reduction(reduction)

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        partner = self.weakening.partner
        if partner is None:
            partner = torch.arange(len(y), device=y.device)  # each its own: nothing is mixed
        return mixed_label_loss(logits, y, partner, self.weakening.strengths, self.reduction)

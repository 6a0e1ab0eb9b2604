"""LDAM: a label-distribution-aware margin, larger for rare classes; and deferred reweighting.

Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019 (arXiv 1906.07413). With logits z:

    m_k = max_margin (n_min / n_k)^(1/4)
    loss = -log softmax(scale (z - m_y e_y))_y          (only the label's logit is lowered)

The logits are meant to be cosines, of normalised features with normalised classifier rows:
z in [-1, 1] is what margins up to 0.5 and scale 30 are made for. The trap is an ordinary
linear layer, for which scale 30 is a loss thirty times as steep. Predict with the raw z.

With class weights the mean is that of torch and of the authors' code, divided by
sum_i w_(y_i); see :mod:`class_weights` for the other one. Deferred reweighting (DRW) trains
without weights first, then with effective-number weights, after the step size has dropped:

    criterion.weights = deferred_weights(epoch, counts, start=160)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.class_weights import check_weights, effective_number_weights
from imbal_lab.methods.loss_inputs import (
    Counts,
    as_counts,
    at_least_float32,
    check_batch,
    check_not_negative,
    check_reduction,
    reduced,
)


def ldam_margins(counts: Counts, max_margin: float = 0.5) -> Tensor:
    """m [C] in double precision, of training examples per class; max_margin for the rarest.

    >>> ldam_margins((1600, 100))
    tensor([0.2500, 0.5000], dtype=torch.float64)
    """
    n = as_counts(counts)
    return check_not_negative("max_margin", max_margin, "0.5") * (n.min() / n) ** 0.25


def ldam_loss(
    logits: Tensor,
    y: Tensor,
    counts: Counts,
    max_margin: float = 0.5,
    scale: float = 30.0,
    weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``logits`` [n, C], ``y`` [n], ``counts`` [C], ``weights`` [C] or None; a scalar, or [n].

    Raises ValueError for shapes, labels, counts or weights that do not fit, for a negative
    margin or a scale that is not positive, and for NaN.

    >>> cosines, y = torch.tensor([[0.9, 0.1], [0.9, 0.1]]), torch.tensor([0, 1])
    >>> ldam_loss(cosines, y, counts=(1600, 100), scale=10.0, reduction="none")
    tensor([4.0784e-03, 1.3000e+01])
    """
    margins = ldam_margins(counts, max_margin)
    return _with_margin(logits, y, margins, _checked_scale(scale), weights, reduction)


def deferred_weights(epoch: int, counts: Counts, start: int, beta: float = 0.9999) -> Tensor:
    """Class weights [C] of deferred reweighting: ones before epoch ``start`` (from 0), then
    :func:`effective_number_weights`. The paper's runs of 200 epochs start at 160.

    >>> deferred_weights(epoch=0, counts=(100, 10), start=160)
    tensor([1., 1.])
    """
    weights = effective_number_weights(counts, beta)
    return torch.ones_like(weights) if epoch < start else weights


class LDAMLoss(nn.Module):
    """:func:`ldam_loss` as a criterion; ``margins`` [C] and ``weights`` [C] are buffers.

    ``weights`` are ones until you assign others, as in deferred reweighting.

    >>> features, rows = torch.randn(6, 4), torch.randn(3, 4, requires_grad=True)
    >>> counts, y = (90, 9, 1), torch.tensor([0, 0, 0, 0, 1, 2])
    >>> criterion = LDAMLoss(counts)
    >>> for epoch in range(200):
    ...     criterion.weights = deferred_weights(epoch, counts, start=160)
    ...     cosines = F.normalize(features) @ F.normalize(rows).T
    ...     criterion(cosines, y).backward()
    """

    margins: Tensor
    weights: Tensor

    def __init__(
        self,
        counts: Counts,
        max_margin: float = 0.5,
        scale: float = 30.0,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.scale = _checked_scale(scale)
        self.reduction = check_reduction(reduction)
        self.register_buffer("margins", ldam_margins(counts, max_margin).float())
        self.register_buffer("weights", torch.ones_like(self.margins))

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        return _with_margin(logits, y, self.margins, self.scale, self.weights, self.reduction)


def _with_margin(
    logits: Tensor,
    y: Tensor,
    margins: Tensor,
    scale: float,
    weights: Tensor | None,
    reduction: str,
) -> Tensor:
    check_batch(logits, y, num_classes=len(margins))
    weights = torch.ones_like(margins) if weights is None else weights
    check_weights(weights, num_classes=len(margins))
    logits = at_least_float32(logits)
    own_margin = at_least_float32(margins, like=logits)[y].unsqueeze(1)
    lowered = logits.scatter_add(1, y.unsqueeze(1), -own_margin)
    w = at_least_float32(weights, like=logits)
    losses = F.cross_entropy(scale * lowered, y, w, reduction="none")
    if reduction == "mean":
        total = w[y].sum()
        return reduced(losses, "sum") / torch.where(total == 0, 1, total)
    return reduced(losses, reduction)


def _checked_scale(scale: float) -> float:
    if not 0 < scale < float("inf"):
        raise ValueError(f"scale={scale!r}: use a finite scale > 0, such as 30")
    return scale

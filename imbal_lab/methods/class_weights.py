"""Class weights: let each example count by the rarity of its class.

With n_k training examples in class k, n in all, and C classes:

    inverse frequency   w_k = n / (C n_k)                    (King and Zeng 2001)
    effective number    w_k proportional to (1 - beta) / (1 - beta^n_k)

Cui, Jia, Lin, Song, Belongie, CVPR 2019 (arXiv 1901.05555) for the second. The two are
normalised differently, each as its source has it: inverse-frequency weights average to 1
over the training *examples*, effective-number weights to 1 over the *classes*. This changes
the step size, and nothing else. beta = 0 weighs all alike; beta -> 1 is inverse frequency.

And there are two means over a batch. The textbook's is (1/B) sum_i w_(y_i) l_i; that is
what you find here. ``torch.nn.CrossEntropyLoss(weight=w)`` divides by sum_i w_(y_i) instead,
so that a batch of one class is not weighted at all, and a rare example raises the others'
divisor.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import (
    Counts,
    as_counts,
    at_least_float32,
    check_batch,
    check_reduction,
    readable,
    reduced,
)


def inverse_frequency_weights(counts: Counts) -> Tensor:
    """w [C] = n / (C n_k) in float32: mean 1 over the examples, as scikit-learn's "balanced".

    >>> inverse_frequency_weights((90, 9, 1))
    tensor([ 0.3704,  3.7037, 33.3333])
    """
    n = as_counts(counts)
    return (n.sum() / (len(n) * n)).float()


def effective_number_weights(counts: Counts, beta: float = 0.9999) -> Tensor:
    """w [C] proportional to (1 - beta)/(1 - beta^n_k) in float32: they sum to C.

    ``beta`` in [0, 1); ValueError otherwise.
    """
    if not 0 <= beta < 1:
        raise ValueError(f"beta={beta!r}: use 0 <= beta < 1, such as 0.9999")
    n = as_counts(counts)
    w = -1 / torch.expm1(n * torch.tensor(beta, dtype=torch.float64).log())
    return (w * len(n) / w.sum()).float()


def class_weighted_loss(
    logits: Tensor, y: Tensor, weights: Tensor, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy times ``weights[y]``; its mean is the textbook's, over the batch size.

    ``logits`` [n, C], ``y`` [n], ``weights`` [C]; a scalar, or [n] for "none".
    Raises ValueError for shapes, labels or weights that do not fit, and for NaN.

    >>> logits, y = torch.zeros(3, 2), torch.tensor([0, 0, 1])
    >>> class_weighted_loss(logits, y, torch.tensor([0.5, 2.0]), reduction="none")
    tensor([0.3466, 0.3466, 1.3863])
    """
    check_batch(logits, y)
    check_weights(weights, num_classes=logits.shape[1])
    logits = at_least_float32(logits)
    weights = at_least_float32(weights, like=logits)
    return reduced(F.cross_entropy(logits, y, weights, reduction="none"), reduction)


class ClassWeightedLoss(nn.Module):
    """:func:`class_weighted_loss` as a criterion; ``weights`` [C] is a buffer.

    >>> model, x, y = nn.Linear(4, 3), torch.zeros(3, 4), torch.tensor([0, 1, 2])
    >>> criterion = ClassWeightedLoss(inverse_frequency_weights((90, 9, 1)))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    >>> criterion(model(x), y).backward()
    >>> optimizer.step()
    """

    weights: Tensor

    def __init__(self, weights: Tensor, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = check_reduction(reduction)
        self.register_buffer("weights", check_weights(weights))

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        return class_weighted_loss(logits, y, self.weights, self.reduction)


def check_weights(weights: Tensor, num_classes: int | None = None) -> Tensor:
    """``weights`` if it is [C], finite and nowhere negative; ValueError otherwise."""
    if weights.ndim != 1:
        raise ValueError(f"weights: shape {tuple(weights.shape)}; give one weight a class, [C]")
    if num_classes not in (None, len(weights)):
        raise ValueError(
            f"weights: {len(weights)} of them; with {num_classes} classes give {num_classes}"
        )
    if readable(weights) and not ((weights >= 0) & weights.isfinite()).all():
        raise ValueError(f"weights: {weights.tolist()}; give finite numbers >= 0")
    return weights

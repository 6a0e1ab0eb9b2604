"""What a classifier is worth class by class: recall, and the F1 that also counts false alarms.

With c_kl examples of class k that are called l:

    recall of k  R_k = c_kk / sum_l c_kl              macro-F1 = (1/C) sum_k F_k
    F1 of k      F_k = 2 c_kk / (sum_l c_kl + sum_l c_lk)

The mean of the recalls is the balanced accuracy. It does not depend on how often the classes
occur among the examples, since each recall looks at one class only; F1 does, since a rare class
collects its false alarms from all others (van Rijsbergen, "Information Retrieval", 1979).

A class that is absent has recall 0. One that is neither there nor ever guessed has F1 0, as
scikit-learn has it with ``zero_division=0`` and all labels named.
"""

import torch
from torch import Tensor


def class_recalls(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Recall of each class: ``predictions`` [n], ``y`` [n]; returns [num_classes] in float64.

    >>> class_recalls(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 1, 1]), 3)
    tensor([1.0000, 0.5000, 0.0000], dtype=torch.float64)
    """
    hits = torch.bincount(y[predictions == y], minlength=num_classes)
    counts = torch.bincount(y, minlength=num_classes)
    return hits.double() / counts.clamp_min(1)


def macro_f1(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Mean of the classes' F1 over all ``num_classes``; a scalar in float64.

    >>> macro_f1(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 1, 1]), 2)
    tensor(0.7333, dtype=torch.float64)
    """
    hits = torch.bincount(y[predictions == y], minlength=num_classes)
    there = torch.bincount(y, minlength=num_classes)
    guessed = torch.bincount(predictions, minlength=num_classes)
    return (2 * hits.double() / (there + guessed).clamp_min(1)).mean()

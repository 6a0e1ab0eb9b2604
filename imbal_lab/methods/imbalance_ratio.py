"""The imbalance ratio, the one number on every slider of this course."""

import torch
from torch import Tensor


def imbalance_ratio(y: Tensor) -> float:
    """rho = n_max / n_min over the classes that occur in ``y`` [n]; 1 is balanced.

    >>> imbalance_ratio(torch.tensor([0, 0, 0, 1]))
    3.0
    """
    counts = torch.unique(y, return_counts=True)[1]
    return counts.max().item() / counts.min().item()

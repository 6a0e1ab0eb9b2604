"""Mean intersection over union: how well the shapes of a segmentation fit, class by class.

With P_k the pixels that are called k and Y_k those that are k:

    IoU_k = |P_k and Y_k| / |P_k or Y_k|,     mean IoU = mean over the classes

A class that is in neither is left out of the mean. Recall divides by |Y_k| alone, so that it
never sees a false alarm; for a class of few pixels a few false alarms more than fill the union.
"""

import torch
from torch import Tensor


def mean_iou(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """A number from 0 to 1, of the classes ``predictions`` and ``y``, both of any one shape.

    >>> y = torch.tensor([[0, 0, 0], [0, 1, 1]])
    >>> predictions = torch.tensor([[0, 0, 0], [1, 1, 1]])
    >>> mean_iou(predictions, y, num_classes=3)  # 3/4 and 2/3; class 2 is nowhere
    tensor(0.7083)
    """
    shares = []
    for k in range(num_classes):
        called, there = predictions == k, y == k
        either = (called | there).sum()
        if either > 0:
            shares.append((called & there).sum() / either)
    return torch.stack(shares).mean()

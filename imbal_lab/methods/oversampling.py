"""Oversampling by chance: draw each example with a probability that gives classes equal shares.

With n_l training examples in class l, and C classes that occur:

    w_i = 1 / (C n_(y_i))

The n_l examples of a class add up to 1 / C, so that a draw with replacement meets every class
equally often, on average. These are the weights for ``torch.utils.data.WeightedRandomSampler``.
:class:`imbal_lab.data.ClassBatches` deals instead of drawing: its batches hold exactly the same
number of each class.

Oversampling chooses *examples*; class weights scale *losses*. For the full gradient the two do
the same. In a mini-batch only more examples make a class's direction less noisy.
"""

import torch
from torch import Tensor


def sampling_weights(y: Tensor) -> Tensor:
    """Probability of each example, [n] in float64, for labels ``y`` [n].

    They sum to 1, and to 1/C in every class.

    >>> sampling_weights(torch.tensor([0, 0, 0, 1]))
    tensor([0.1667, 0.1667, 0.1667, 0.5000], dtype=torch.float64)
    """
    _, class_of, counts = torch.unique(y, return_inverse=True, return_counts=True)
    return 1 / (len(counts) * counts[class_of].double())

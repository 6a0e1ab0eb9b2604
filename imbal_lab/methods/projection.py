"""Projection of a mini-batch gradient on the full-batch one: how noisy a class's direction is.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391). With the gradient g_l of class l
over the training set and g~_l over a mini-batch, each divided by its length:

    p_l = g~_l / ||g~_l|| . g_l / ||g_l||

This is what is left of a normalised mini-batch step along the way that the class asks for. By
the law of large numbers 1/p_l^2 - 1 falls as 1 / n~_l, the examples of the class in the batch;
so in natural proportions the rare class has the smaller p_l, and class weights do not help:
they scale g~_l and leave p_l as it is.

The trap is to take cosines layer by layer and average them, or to compare with the gradient of
all classes together. Here all parameters are one vector, and each class has its own.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def projections(grads: Tensor, full_grads: Tensor) -> Tensor:
    """p [C] in [-1, 1], of mini-batch and full-batch class gradients [C, P].

    Zero for a class that has no gradient on either side: absent from the batch, or fitted.
    Average p over many batches to measure the noise at one point. Raises ValueError if the
    shapes differ.

    >>> import torch
    >>> batch = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    >>> projections(batch, full_grads=torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    tensor([0.6000, 0.0000])
    """
    if grads.shape != full_grads.shape or grads.ndim != 2:
        raise ValueError(
            f"grads, full_grads: shapes {tuple(grads.shape)} and {tuple(full_grads.shape)}; give "
            "the class gradients [C, P] of the same model twice"
        )
    shortest = torch.finfo(grads.dtype).tiny ** 0.5  # the squares of what is shorter underflow
    return F.cosine_similarity(grads, full_grads, dim=1, eps=shortest).clamp(-1, 1)

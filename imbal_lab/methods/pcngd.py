"""PCNGD: per-class normalised gradient descent.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), appendix F:

    theta_{t+1} = theta_t - lr * sum_l g_l / ||g_l||          (full batch)

One L2 norm over all parameters together, not one a layer; a sum over the classes, not a
mean; and a class whose gradient is zero (absent, or fitted to the last digit) adds nothing.
Zero means that the computed length is zero, below about 1e-23 in single precision: there is
no other guard, and NaN stays NaN.
"""

import torch
from torch import Tensor


def unit_directions(grads: Tensor) -> Tensor:
    """Each class gradient divided by its length: [C, P] in, [C, P] out; a zero row stays zero.

    >>> unit_directions(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    norms = torch.linalg.vector_norm(grads, dim=1, keepdim=True)
    return torch.where(norms == 0, 0.0, grads / norms)


def pcngd_step(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    """The parameters after one PCNGD step.

    ``params`` [P] flat, ``grads`` [C, P] from :func:`class_gradients`; returns [P].
    The length of the step is at most C * lr, whatever the imbalance.
    """
    return params - lr * unit_directions(grads).sum(dim=0)


def normalized(norms: Tensor) -> Tensor:
    """PCNGD as a rule for :class:`PerClass`: class norms [C] to class weights 1/||g_l|| [C]."""
    return torch.where(norms == 0, 0.0, 1 / norms)

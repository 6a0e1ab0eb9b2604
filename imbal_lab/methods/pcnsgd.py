"""PCNSGD+R: per-class normalised SGD, rescaled so that every class advances alike.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), appendix F. PCNSGD itself is
:func:`pcngd_step` with the class gradients g~_l of a mini-batch that holds every class. All its
directions have length 1, but only the part p_l of each (see :mod:`projection`) points where the
class wants to go, and that part is smaller for rare classes. Rescaling divides it out:

    theta_{t+1} = theta_t - lr * sum_l (1 / p_l) g~_l / ||g~_l||           (rescaled_step)
    the same times prod_j p_j, without a division by what may be small     (product_step)

It needs the full-batch class gradients in every step, so it is there to explain and not to
train with. It makes the noise of rare classes larger, by 1 / p_l.

A p_l below ``floor`` counts as ``floor``, in both forms. A batch that by chance points the wrong
way (p_l < 0) therefore keeps its sign: dividing by p_l would turn it round, and in the product
would turn round all others. Where the floor is active, the projections are no longer equal.
"""

import torch
from torch import Tensor

from imbal_lab.methods.pcngd import unit_directions
from imbal_lab.methods.projection import projections

FLOOR = 0.05  # no class is stretched by more than 20


def rescaled_step(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = FLOOR
) -> Tensor:
    """The parameters after one step of PCNSGD+R; every class advances by ``lr`` along its own.

    ``params`` [P]; ``grads`` [C, P] of the mini-batch and ``full_grads`` [C, P] of the whole
    training set, both from :func:`class_gradients` at ``params``; returns [P]. A class without
    gradient on either side is not rescaled. Raises ValueError for a ``floor`` outside (0, 1].

    >>> grads, full = torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0]])
    >>> rescaled_step(torch.zeros(2), grads, full, lr=0.3)
    tensor([-0.3000, -0.4000])
    """
    return _moved(params, grads, lr / _floored(grads, full_grads, floor))


def product_step(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = FLOOR
) -> Tensor:
    """:func:`rescaled_step` times the product of all p_l: every class advances by lr prod p_j.

    The direction is the same. The step is shorter where the batch says little, and with many
    classes very short.
    """
    p = _floored(grads, full_grads, floor)
    return _moved(params, grads, lr * p.prod() / p)


def _moved(params: Tensor, grads: Tensor, lengths: Tensor) -> Tensor:
    """``params`` [P] moved against each class's direction by its length [C]."""
    return params - lengths @ unit_directions(grads)


def _floored(grads: Tensor, full_grads: Tensor, floor: float) -> Tensor:
    """p [C], at least ``floor``; 1 where a gradient is zero, which is not noise."""
    if not 0 < floor <= 1:
        raise ValueError(f"floor={floor!r}: the smallest projection divided by is in (0, 1]")
    p = projections(grads, full_grads)
    lengths = torch.linalg.vector_norm(torch.stack([grads, full_grads]), dim=2)
    return torch.where((lengths == 0).any(dim=0), 1.0, p.clamp_min(floor))

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
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.projection import projections


def rescaled_step(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    """The parameters after one step of PCNSGD+R; every class advances by ``lr`` along its own.

    ``params`` [P]; ``grads`` [C, P] of the mini-batch and ``full_grads`` [C, P] of the whole
    training set, both from :func:`class_gradients` at ``params``; returns [P]. No class is
    stretched by more than 1 / ``floor``, and one without gradient on either side is not
    rescaled. Raises ValueError for a ``floor`` outside (0, 1].

    >>> grads, full = torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0]])
    >>> rescaled_step(torch.zeros(2), grads, full, lr=0.3)
    tensor([-0.3000, -0.4000])
    """
    if not 0 < floor <= 1:
        raise ValueError(f"floor={floor!r}: the smallest projection divided by is in (0, 1]")
    p = projections(grads, full_grads).clamp_min(floor)
    p = torch.where(full_grads.any(dim=1), p, 1.0)  # zero is a fitted class, not noise
    shortest = torch.finfo(grads.dtype).tiny ** 0.5  # the squares of what is shorter underflow
    directions = F.normalize(grads, dim=1, eps=shortest)
    return params - lr * (directions / p[:, None]).sum(dim=0)


def product_step(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    """:func:`rescaled_step` times the product of all p_l: every class advances by lr prod p_j.

    The direction is the same. The step is shorter where the batch says little, and with many
    classes very short.
    """
    there = grads.any(dim=1) & full_grads.any(dim=1)
    p = projections(grads[there], full_grads[there]).clamp_min(floor)
    return rescaled_step(params, grads, full_grads, lr * p.prod().item(), floor)

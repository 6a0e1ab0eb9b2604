"""Attraction and repulsion: what pulls at each row of the classifier, and what pushes it.

Xie, Yang, Cai, He, Neurocomputing 527 (2023) (arXiv 2204.08735); Yang et al., arXiv 2203.09081.
With z_i = W h_i + b and the gradient g_ik = dL/dz_ik at the logits, dL/dw_k = sum_i g_ik h_i:

    A_k = - sum_{i : y_i = k} g_ik      attraction, to the features of the class itself
    R_k =   sum_{i : y_i != k} g_ik     repulsion, from the features of all others

For mean cross-entropy g_ik = (p_ik - [y_i = k]) / n, and at equal logits R_k / A_k is
(n - n_k) / ((C - 1) n_k). R_k - A_k is the gradient on the bias b_k.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def attraction_and_repulsion(pushes: Tensor, y: Tensor) -> Tensor:
    """A and R of each class, [C, 2], of ``pushes`` [n, C], the gradient at the logits; ``y`` [n].

    >>> pushes = torch.tensor([[-0.2, 0.2], [-0.2, 0.2], [0.3, -0.3]])
    >>> attraction_and_repulsion(pushes, torch.tensor([0, 0, 1]))
    tensor([[0.4000, 0.3000],
            [0.3000, 0.4000]])
    """
    own = F.one_hot(y, pushes.shape[1])
    attraction = -(own * pushes).sum(dim=0)
    repulsion = ((1 - own) * pushes).sum(dim=0)
    return torch.stack([attraction, repulsion], dim=1)

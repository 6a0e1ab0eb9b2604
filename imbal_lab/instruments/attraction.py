"""Attraction and repulsion: what pulls at each vector of the classifier, and from where.

The gradient of cross-entropy on the classifier vector w_k (Xie, Yang, Cai, He, Neurocomputing
527 (2023), arXiv 2204.08735; Yang et al., arXiv 2203.09081), with features h_i, p = softmax(z):

    dL/dw_k = - (1/n) sum_{i in k} (1 - p_ik) h_i                  attraction, to its own features
              + (1/n) sum_{j != k} sum_{i in j} p_ik h_i           repulsion, one component per j

p_ik - [y_i = k] is n times the gradient at the logits, so the same split holds for every loss.
At equal logits repulsion / attraction of class k is (n - n_k) / ((C - 1) n_k): small for the
largest class, large for the rarest. With log n added to the logits (ARB-Loss) it is 1.

The trap: z are the logits that the softmax sees, with what the loss adds to them. And from
raw logits at the *end* of a training run little is to be seen: a learned bias makes attraction
and repulsion equal for every class, because dL/db_k is their difference.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.attraction import attraction_and_repulsion
from imbal_lab.methods.loss_inputs import at_least_float32, check_batch, check_labels


class Attraction(NamedTuple):
    """What the examples of one batch ask of the classifier vectors, as contributions (1/n)."""

    attraction: Tensor  # [C] weight with which w_k is pulled to the features of class k
    repulsion: Tensor  # [C] weight with which w_k is pushed from those of all other classes
    component: Tensor  # [C, C] at (k, j): norm of the gradient on w_k from the examples of class j


def attraction_repulsion(features: Tensor, logits: Tensor, y: Tensor) -> Attraction:
    """Of mean cross-entropy on ``logits`` [n, C] = classifier(``features`` [n, d]), ``y`` [n].

    For a loss that adds to the logits, add it first: ``logits + log_counts`` for ARB-Loss.
    Raises ValueError for shapes and labels that do not fit.

    >>> features, y = torch.ones(4, 2), torch.tensor([0, 0, 0, 1])
    >>> seen = attraction_repulsion(features, torch.zeros(4, 2), y)
    >>> seen.repulsion / seen.attraction
    tensor([0.3333, 3.0000])
    """
    check_batch(logits, y)
    z = at_least_float32(logits.detach())
    pushes = z.softmax(dim=1) - F.one_hot(y, z.shape[1])
    return from_logit_gradients(features, pushes / len(y), y)


def from_logit_gradients(features: Tensor, pushes: Tensor, y: Tensor) -> Attraction:
    """The same of any loss, from its gradient at the logits: ``pushes`` [n, C].

    Raises ValueError unless ``features`` is [n, d] with the n of the labels, and for pushes and
    labels that do not fit.
    """
    if features.ndim != 2 or len(features) != len(y):
        raise ValueError(
            f"features: shape {tuple(features.shape)} with {len(y)} labels; give the inputs of "
            "the classifier, [n, d]"
        )
    if pushes.ndim != 2 or len(pushes) != len(y):
        raise ValueError(
            f"pushes: shape {tuple(pushes.shape)} with {len(y)} labels; give the gradient at the "
            "logits, [n, C]"
        )
    check_labels(y, pushes.shape[1])
    attraction, repulsion = attraction_and_repulsion(pushes, y).unbind(dim=1)
    component = _component_norms(features.detach().to(pushes), pushes, y)
    return Attraction(attraction, repulsion, component)


def _component_norms(features: Tensor, pushes: Tensor, y: Tensor) -> Tensor:
    """|| sum_{i in j} pushes_ik h_i || at (k, j), one matrix product a class."""
    sizes = torch.bincount(y, minlength=pushes.shape[1]).tolist()
    order = y.argsort()
    parts = zip(features[order].split(sizes), pushes[order].split(sizes), strict=True)
    return torch.stack([torch.linalg.vector_norm(p.T @ h, dim=1) for h, p in parts], dim=1)

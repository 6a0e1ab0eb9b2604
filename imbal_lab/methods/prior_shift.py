"""Prior shift: from the class mix of the training set to that of the place of use.

Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori
probabilities", Neural Computation 14, 2002. With the shares pi_k of the classes in training and
nu_k where the model is used, and examples that look the same within a class in both places:

    q(k | x) = p(k | x) nu_k / pi_k  /  sum_l p(l | x) nu_l / pi_l

By Bayes' rule this is exact for the true p; for a network's it is as good as its probabilities
are. With equal nu_k it takes log pi from the logits, as :func:`posthoc_logits` does. Turned round,
from equal shares to pi, and inside the loss, it is the logit-adjusted loss.
"""

import torch
from torch import Tensor


def shifted_probabilities(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    """``probs`` [n, C] of a model trained at shares ``train_prior`` [C], for ``test_prior`` [C].

    Rows sum to 1 again. A class of which there was nothing in training gets 0: of such a class
    the model says nothing.

    >>> shifted_probabilities(torch.tensor([[0.9, 0.1]]), torch.tensor([0.9, 0.1]),
    ...                       torch.tensor([0.5, 0.5]))
    tensor([[0.5000, 0.5000]])
    """
    ratio = torch.where(train_prior > 0, test_prior / train_prior, 0.0)
    shifted = probs * ratio
    return shifted / shifted.sum(dim=1, keepdim=True)

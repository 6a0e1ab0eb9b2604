"""Feature gradients: how hard each class pulls at the features that feed the classifier.

Ye, Zhan, Chao, ICCV 2021 (arXiv 2104.01769): the features of minor classes get much larger
gradients, because they are fitted last. With z_i the input of the last linear layer W [C, d],
p_i the softmax of its logits, and l_i the cross-entropy of example i alone:

    dl_i/dz_i = W^T (p_i - e_{y_i}),    G_c = mean over class c of ||dl_i/dz_i||

The mean of lengths is meant, not the length of the mean, in which examples of a class that pull
apart would cancel. It is the gradient of each example's own loss: the 1/n of a batch mean is not
in it.
"""

from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def feature_gradients(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """G [C], the mean length of the feature gradients of each class; 0 for an absent one.

    ``logits`` [n, C], ``y`` [n] labels, ``weight`` [C, d] of the layer that made the logits.

    >>> import torch
    >>> weight = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    >>> feature_gradients(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), weight)
    tensor([0.0000, 2.5000])
    """
    own = F.one_hot(y, len(weight)).to(logits)
    lengths = ((logits.softmax(dim=1) - own) @ weight).norm(dim=1)
    return lengths @ own / own.sum(dim=0).clamp_min(1)

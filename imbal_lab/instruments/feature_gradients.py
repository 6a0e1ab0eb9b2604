"""Feature gradients: how hard each class pulls at the features that feed the classifier.

Ye, Zhan, Chao, ICCV 2021 (arXiv 2104.01769): the features of minor classes get much larger
gradients, because they are fitted last. With z_i the input of the last linear layer W [C, d],
p_i the softmax of its logits, and l_i the cross-entropy of example i alone:

    dl_i/dz_i = W^T (p_i - e_{y_i}),    G_c = mean over class c of ||dl_i/dz_i||

It is at most sqrt(2) times the spectral norm of W, and goes to zero where an example is fitted.

Traps. The mean of lengths is meant, not the length of the mean, in which examples of a class
that pull apart would cancel. It is the gradient of each example's own loss: the 1/n of a batch
mean is not in it. Take logits in eval mode, of the clean training set.
"""

from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.instruments.learning_gap import major_minor
from imbal_lab.instruments.recorder import class_means
from imbal_lab.methods.loss_inputs import at_least_float32, check_batch


def feature_gradient_norms(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """||dl_i/dz_i|| [n] of each example: ``logits`` [n, C], ``y`` [n], ``weight`` [C, d].

    ``weight`` is that of the ``nn.Linear`` which made the logits. Raises ValueError for shapes
    and labels that do not fit.

    >>> import torch
    >>> weight = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    >>> feature_gradient_norms(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), weight)
    tensor([2.5000])
    """
    check_batch(logits, y)
    if logits.ndim != 2 or weight.ndim != 2 or len(weight) != logits.shape[1]:
        raise ValueError(
            f"logits, weight: shapes {tuple(logits.shape)} and {tuple(weight.shape)}; give [n, C] "
            "and the [C, d] of the last linear layer"
        )
    logits = at_least_float32(logits.detach())
    errors = logits.softmax(dim=1) - F.one_hot(y, logits.shape[1])
    return (errors @ weight.detach().to(errors)).norm(dim=1)


def mean_feature_gradients(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """G [C], the mean of :func:`feature_gradient_norms` in each class; 0 for an absent one."""
    return class_means(feature_gradient_norms(logits, y, weight), y, logits.shape[1])


def log_gradient_ratio(norms: Tensor, num_major: int) -> Tensor:
    """Mean of ln(G_minor / G_major) over the first third of the epochs, a scalar.

    ``norms`` [T, C] holds G after each epoch; the first ``num_major`` ranks are major. e to its
    power is the geometric mean of the ratio: 1 where both pull alike.

    >>> import torch
    >>> log_gradient_ratio(torch.tensor([[1.0, 4.0], [1.0, 2.0], [1.0, 1.0]]), num_major=1).exp()
    tensor(4.)
    """
    major, minor = major_minor(norms[: -(-len(norms) // 3)], num_major)
    return (minor / major).log().mean()

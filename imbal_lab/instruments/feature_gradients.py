"""Feature gradients as an instrument; what they are is in :mod:`imbal_lab.methods`.

G_c is at most sqrt(2) times the spectral norm of the classifier's weight, and goes to zero where
a class is fitted. Take logits in eval mode, of the clean training set.
"""

from torch import Tensor

from imbal_lab.instruments.learning_gap import major_minor
from imbal_lab.methods import feature_gradients
from imbal_lab.methods.loss_inputs import at_least_float32, check_batch


def mean_feature_gradients(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """G [C] of :func:`imbal_lab.methods.feature_gradients`, in float32 at least, detached.

    ``logits`` [n, C], ``y`` [n]; ``weight`` [C, d] is that of the ``nn.Linear`` which made the
    logits. Raises ValueError for shapes and labels that do not fit.

    >>> import torch
    >>> weight = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    >>> mean_feature_gradients(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), weight)
    tensor([0.0000, 2.5000])
    """
    check_batch(logits, y)
    if logits.ndim != 2 or weight.ndim != 2 or len(weight) != logits.shape[1]:
        raise ValueError(
            f"logits, weight: shapes {tuple(logits.shape)} and {tuple(weight.shape)}; give [n, C] "
            "and the [C, d] of the last linear layer"
        )
    logits = at_least_float32(logits.detach())
    return feature_gradients(logits, y, weight.detach().to(logits))


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

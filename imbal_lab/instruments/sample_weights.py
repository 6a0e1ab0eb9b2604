"""Sample weights: by how much a method multiplies the pull of each training example.

A weighted loss is (1/n) sum_i w_i l_i, with cross-entropy l_i. Its gradient at the logits of
example i is then w_i times that of plain cross-entropy, so w_i can be read off any criterion
without knowing how it is written. For one that does more than weigh, such as logit adjustment,
the gradient also turns, and w_i is how much of it points the old way.

Only the ratios between examples are shown: the weights are divided by their mean. How large all
of them are together is a matter of the step size.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.instruments.eval_mode import eval_mode

Weights = Callable[[Tensor], Tensor]


def sample_weights(source: Weights | nn.Module | None, logits: Tensor, y: Tensor) -> Tensor:
    """Weights [n] with mean 1 of training examples with ``logits`` [n, C], labels ``y`` [n].

    ``source`` is a criterion ``criterion(logits, y)``, a function of the losses [n] that returns
    [n] weights, such as a learner's own, or None for equal weights. An example that is fitted
    to the last digit has no gradient to be weighed: a criterion gives it NaN. Raises ValueError
    for a function that returns something else or weights whose mean is not positive; what the
    function itself raises comes through.
    """
    if isinstance(source, nn.Module):
        found = _of_criterion(source, logits.double(), y)
    elif source is None:
        found = torch.ones(len(y), dtype=torch.float64)
    else:
        found = _of_function(source, F.cross_entropy(logits, y, reduction="none"))
    mean = found.nanmean()
    if not (mean > 0 and mean.isfinite()):
        raise ValueError(
            f"weights: their mean is {float(mean):g}; give finite weights with a positive mean"
        )
    return (found / mean).float()


def _of_criterion(criterion: nn.Module, logits: Tensor, y: Tensor) -> Tensor:
    with torch.enable_grad(), eval_mode(criterion):
        z = logits.detach().requires_grad_()
        weighed, plain = (
            torch.autograd.grad(loss, z)[0]
            for loss in (criterion(z, y), F.cross_entropy(z, y, reduction="sum"))
        )
    return (weighed * plain).sum(dim=1) / plain.square().sum(dim=1)


def _of_function(function: Weights, losses: Tensor) -> Tensor:
    found = function(losses)
    if not isinstance(found, Tensor) or found.shape != losses.shape:
        got = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"weights: must return a tensor of shape {list(losses.shape)}, gave {got}; it is "
            "called with the losses [n] of all training examples"
        )
    return found.detach().double()

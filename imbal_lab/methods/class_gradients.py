"""Class gradients: what each class asks of the parameters.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), appendix F:

    f = sum_l f_l,   f_l = (1/n) sum_{i in class l} loss_i,   g_l = grad f_l

so the class gradients add up to the ordinary gradient. Note the 1/n over *all* examples:
f_l is a contribution, not a class mean. A class that is absent has f_l = 0 and g_l = 0.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


def class_gradients(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Row l is g_l, over all parameters in the order of ``model.parameters()``.

    ``x`` [n, ...], ``y`` [n] integer labels; returns [num_classes, P]. Neither the
    parameters nor their ``.grad`` are touched. No parameter may be frozen.

    Each class is passed through the model on its own, which is exact as long as the model
    treats examples one by one: see :func:`refuse_batchnorm`.

    >>> model = nn.Linear(2, 3)
    >>> class_gradients(model, torch.ones(4, 2), torch.tensor([0, 0, 1, 0]), 3).shape
    torch.Size([3, 9])
    """
    params = list(model.parameters())
    rows = []
    for c in range(num_classes):
        mine = y == c
        contribution = F.cross_entropy(model(x[mine]), y[mine], reduction="sum") / len(y)
        grads = torch.autograd.grad(contribution, params, materialize_grads=True)
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def refuse_batchnorm(model: nn.Module) -> None:
    """Raise ValueError if a batch-normalisation layer of ``model`` is in training mode.

    Such a layer mixes the examples of a batch, so that "the gradient of one class" is no
    longer a sum over its examples.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training:
            raise ValueError(
                f"model: layer {name!r} is {type(module).__name__} in training mode, which mixes "
                "the classes of a batch; use nn.GroupNorm, or put the layer in eval mode"
            )

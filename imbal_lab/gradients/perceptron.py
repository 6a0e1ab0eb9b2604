"""All class gradients of a multilayer perceptron, themselves, from one pass.

With the examples in the order of their classes, the inputs a_i of a linear layer and the gradients
d_i of its outputs, which one backward pass gives, class c asks of it for

    G_c = sum_{i in c} d_i a_i^T,   g_c = sum_{i in c} d_i

so that each class costs a matrix product a layer, not a pass of its own.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

ENTRY_BY_ENTRY = (nn.Tanh, nn.ReLU, nn.Identity)


def is_perceptron(model: nn.Module) -> bool:
    """Whether :func:`perceptron_gradients` is exact for ``model``.

    That is an ``nn.Sequential`` of linear layers with a bias, each used once, and of activations.
    """
    if type(model) is not nn.Sequential:
        return False
    linear = [layer for layer in model if type(layer) is nn.Linear and layer.bias is not None]
    others = sum(isinstance(layer, ENTRY_BY_ENTRY) for layer in model)
    return len(linear) + others == len(model) and len(set(linear)) == len(linear) > 0


def perceptron_gradients(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """The same as ``methods.class_gradients``, [num_classes, P], up to rounding.

    ``x`` [n, in], ``y`` [n] integer labels. The model must be one: see :func:`is_perceptron`.
    """
    order = torch.argsort(y, stable=True)
    counts = torch.bincount(y, minlength=num_classes).tolist()
    out, inputs, outputs = x[order], [], []
    for layer in model.children():
        before, out = out, layer(out)
        if isinstance(layer, nn.Linear):
            inputs.append(before.detach())
            outputs.append(out)
    total = F.cross_entropy(out, y[order], reduction="sum") / len(y)
    deltas = torch.autograd.grad(total, outputs)
    columns = [
        _of_classes(a.split(counts), d.split(counts)) for a, d in zip(inputs, deltas, strict=True)
    ]
    return torch.cat(list(itertools.chain(*columns)), dim=1)


def _of_classes(inputs: tuple[Tensor, ...], deltas: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Gradients of a layer's weight, as rows [C, o i], and of its bias [C, o]."""
    weights = [d.T @ a for a, d in zip(inputs, deltas, strict=True)]
    return torch.stack(weights).flatten(1), torch.stack([d.sum(dim=0) for d in deltas])

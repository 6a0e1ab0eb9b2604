"""Multilayer perceptron: linear layers with an activation between them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def mlp(widths: Sequence[int], *, seed: int, activation: str = "tanh") -> nn.Sequential:
    """A perceptron with layer widths ``widths``: inputs first, classes last.

    Weights are drawn from N(0, 1/fan_in) and biases are zero, as in the small-scale
    experiments of lesson 02. The draw depends on ``seed`` only: torch's global random
    state is neither read nor changed.

    Raises ValueError for fewer than two widths or an unknown activation.

    >>> mlp([2, 8, 3], seed=0)(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(
            f"widths={list(widths)!r}: give at least inputs and classes, for example [2, 24, 2]"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r}: choose one of {sorted(ACTIVATIONS)}")
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [_linear(fan_in, fan_out, generator), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])  # no activation after the logits


def _linear(fan_in: int, fan_out: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(fan_out, fan_in, generator=generator) / fan_in**0.5)
        layer.bias.zero_()
    return layer

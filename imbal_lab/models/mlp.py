"""Multilayer perceptron: linear layers with an activation between them."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from imbal_lab.models.initialisation import seeded

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def mlp(widths: Sequence[int], *, seed: int, activation: str = "tanh") -> nn.Sequential:
    """A perceptron with layer widths ``widths``: inputs first, classes last.

    Weights are drawn from N(0, 1/fan_in) and biases are zero, as in the small-scale
    experiments of lesson 02. The draw depends on ``seed`` only: torch's global random
    state is neither read nor changed.

    Raises ValueError for fewer than two widths or an unknown activation.

    >>> import torch
    >>> mlp([2, 8, 3], seed=0)(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(
            f"widths={list(widths)!r}: give at least inputs and classes, for example [2, 24, 2]"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r}: choose one of {sorted(ACTIVATIONS)}")
    activate = ACTIVATIONS[activation]
    return seeded(lambda: nn.Sequential(*_layers(widths, activate)), seed)


def _layers(widths: Sequence[int], activate: type[nn.Module]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), activate()]
    return layers[:-1]  # no activation after the logits

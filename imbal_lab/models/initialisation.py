"""Seeded weights: the same seed gives the same network, whatever was drawn before."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

Model = TypeVar("Model", bound=nn.Module)


def seeded(build: Callable[[], Model], seed: int) -> Model:
    """The network that ``build`` makes, with weights drawn from ``seed`` alone.

    Linear weights come from N(0, 1/fan_in). Convolutions, which a ReLU follows here, get
    N(0, 2/fan_in) (He, Zhang, Ren, Sun, ICCV 2015). Biases are 0, the scales of normalisations
    1. torch's global random state is neither read nor changed. Raises TypeError for any other
    layer with weights, which needs a rule of its own here.
    """
    with torch.device("meta"):  # torch's own initialisation draws nothing there
        model = build()
    # As to_empty(device="cpu"), whose first call imports sympy, a third of a second.
    model._apply(lambda tensor: torch.empty(tensor.shape, dtype=tensor.dtype))
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        _initialise(module, generator)
    return model


def _initialise(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.Linear):
        _draw(module, 1.0, generator)
    elif isinstance(module, nn.Conv1d | nn.Conv2d):
        _draw(module, 2.0, generator)
    elif isinstance(module, nn.GroupNorm | nn.BatchNorm1d | nn.BatchNorm2d):
        module.reset_parameters()  # nothing random: ones and zeros
    elif [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
        raise TypeError(f"{type(module).__name__}: its weights would stay undefined; add a rule")


@torch.no_grad()
def _draw(layer: nn.Linear | nn.Conv1d | nn.Conv2d, gain: float, rng: torch.Generator) -> None:
    fan_in = layer.weight[0].numel()
    drawn = torch.randn(layer.weight.shape, generator=rng)
    layer.weight.copy_(drawn * gain**0.5 / fan_in**0.5)
    if layer.bias is not None:
        layer.bias.zero_()

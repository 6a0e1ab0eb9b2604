"""A layer of somebody's model by its name, or an error that lists the names there are."""

from torch import nn


def named_layer(model: nn.Module, name: str) -> nn.Module:
    """The module called ``name`` in ``model.named_modules()``; ValueError if there is none.

    The model as a whole, whose name there is empty, is no layer.

    >>> named_layer(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), "1")
    ReLU()
    """
    layers = {found: module for found, module in model.named_modules() if found}
    if name not in layers:
        raise ValueError(f"layer={name!r}: the model's layers are {', '.join(map(repr, layers))}")
    return layers[name]

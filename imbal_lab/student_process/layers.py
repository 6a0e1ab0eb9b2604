"""A model as a message: an ``nn.Sequential`` of torch's own layers, each by name and arguments.

Another class of model would have to be pickled, so it cannot be handed over.
"""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from imbal_lab.student_process.protocol import Message

LAYERS: dict[str, type[nn.Module]] = {
    layer.__name__: layer
    for layer in (
        nn.Linear, nn.Conv1d, nn.Conv2d, nn.GroupNorm, nn.LayerNorm, nn.BatchNorm1d,
        nn.BatchNorm2d, nn.Identity, nn.Flatten, nn.Unflatten, nn.Tanh, nn.ReLU, nn.Sigmoid,
        nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d,
        nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    )
}  # fmt: skip

PARAMETERS = {name: set(inspect.signature(layer).parameters) for name, layer in LAYERS.items()}

Code = Callable[[Any], Any]  # a value to its message, or back


def encode_model(model: Any, encode: Code) -> Message:
    """Its description. Raises TypeError for a layer that is not in ``LAYERS``, or no layer."""
    if type(model) is nn.Sequential:
        layers = [[name, encode_model(layer, encode)] for name, layer in model.named_children()]
        return {"layers": layers, "train": model.training}
    if LAYERS.get(type(model).__name__) is not type(model):
        raise TypeError(f"{type(model).__name__} cannot be handed over to a student's function")
    return {
        "kind": type(model).__name__,
        "arguments": encode(_arguments(model)),
        "parameters": encode(dict(model.named_parameters())),
        "grads": encode({name: p.grad for name, p in model.named_parameters()}),
        "buffers": encode(dict(model.named_buffers())),
        "train": model.training,
    }


def decode_model(content: Message, decode: Code) -> nn.Module:
    """An equal model with tensors of its own. Draws random numbers, for weights nobody sees."""
    if "layers" in content:
        model: nn.Module = nn.Sequential()
        for name, layer in content["layers"]:
            model.add_module(name, decode_model(layer, decode))
    else:
        model = _layer(content, decode)
    model.training = content["train"]
    return model


def _layer(content: Message, decode: Code) -> nn.Module:
    layer = LAYERS[content["kind"]](**decode(content["arguments"]))
    for name, tensor in decode(content["parameters"]).items():
        setattr(layer, name, nn.Parameter(tensor.detach(), tensor.requires_grad))
    for name, grad in decode(content["grads"]).items():
        getattr(layer, name).grad = grad
    for name, tensor in decode(content["buffers"]).items():
        setattr(layer, name, tensor)
    return layer


def _arguments(layer: nn.Module) -> dict[str, Any]:
    """What its class was called with: torch's layers keep each argument under its own name."""
    names = PARAMETERS[type(layer).__name__] - {"device", "dtype"}
    found = {name: getattr(layer, name) for name in sorted(names) if hasattr(layer, name)}
    if "bias" in names:
        found["bias"] = layer.bias is not None
    return found

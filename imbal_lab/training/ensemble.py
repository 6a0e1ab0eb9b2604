"""Ensemble: K networks of one architecture as one, each on its own batch."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from imbal_lab.training.stacked_layers import STACKED


class Ensemble:
    """``models`` as one function of inputs [K, B, d]; gives logits [K, C, B].

    Attributes:
        params: the models' parameters, stacked, [K, ...] each. Those of the models become views
            of them, so that training these trains the models.

    Raises ValueError, with the reason, for models that cannot be stacked.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        if reason := why_not_stacked(models[0]):
            raise ValueError(f"models: {reason}")
        self._layers = list(_layers(models[0]))
        rows = zip(*(model.parameters() for model in models), strict=True)
        self.params = [torch.stack([p.detach() for p in row]).requires_grad_() for row in rows]
        for k, model in enumerate(models):
            for own, stacked in zip(model.parameters(), self.params, strict=True):
                own.data = stacked.detach()[k]

    def __call__(self, x: Tensor) -> Tensor:
        """Logits [K, C, B] of ``x`` [K, B, d]."""
        h, way, params = x.flatten(2).transpose(1, 2), "rows", iter(self.params)
        for layer in self._layers:
            stacked = STACKED[type(layer), way]
            h, way = stacked.apply(h, layer, params, len(x)), stacked.gives
        return h


def why_not_stacked(model: nn.Module) -> str:
    """Why this model cannot be in an ensemble; empty if it can."""
    for module in model.modules():
        if module._forward_hooks or module._forward_pre_hooks:
            return f"{type(module).__name__} has a forward hook"
    way = "rows"
    for layer in _layers(model):
        stacked = STACKED.get((type(layer), way))
        if stacked is None:
            return f"{type(layer).__name__} has no batched form for {way}"
        if not stacked.fits(layer):
            return f"{layer} has no batched form with these options"
        way = stacked.gives
    return "" if way == "rows" else "what it gives are curves"


def _layers(model: nn.Module) -> Iterator[nn.Module]:
    """The layers in the order in which they are applied."""
    if type(model) is nn.Sequential:
        for part in model:
            yield from _layers(part)
    else:
        yield model

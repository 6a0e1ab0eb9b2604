"""Ensemble: K networks of one architecture as one, each on its own batch.

A layer's weights are stacked, [K, out, in], and one batched matrix product takes the place of K
small ones. Inside, features stand before examples, [K, features, B]: rows of B numbers are
what the last layer's few classes and the softmax over them are fastest with.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

Params = Iterator[Tensor]


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
        h, params = x.transpose(1, 2), iter(self.params)
        for layer in self._layers:
            h = STACKED[type(layer)](h, params)
        return h


def why_not_stacked(model: nn.Module) -> str:
    """Why this model cannot be in an ensemble; empty if it can."""
    for module in model.modules():
        if module._forward_hooks or module._forward_pre_hooks:
            return f"{type(module).__name__} has a forward hook"
    for layer in _layers(model):
        if type(layer) not in STACKED:
            return f"{type(layer).__name__} has no batched form"
        if getattr(layer, "bias", 0) is None:
            return f"{type(layer).__name__} without bias has no batched form"
    return ""


def _layers(model: nn.Module) -> Iterator[nn.Module]:
    """The layers in the order in which they are applied."""
    if type(model) is nn.Sequential:
        for part in model:
            yield from _layers(part)
    else:
        yield model


def _linear(h: Tensor, params: Params) -> Tensor:
    weight, bias = next(params), next(params)
    return torch.baddbmm(bias.unsqueeze(-1), weight, h)


# In place: what an activation gets is a product, or a batch, that nobody else needs.
def _relu(h: Tensor, params: Params) -> Tensor:
    return h.relu_()


def _tanh(h: Tensor, params: Params) -> Tensor:
    return h.tanh_()


STACKED: dict[type[nn.Module], Callable[[Tensor, Params], Tensor]] = {
    nn.Linear: _linear,
    nn.ReLU: _relu,
    nn.Tanh: _tanh,
}

"""The layers that an ensemble of K networks knows, each as one call for all of them.

Between layers the batches lie in one of two ways, and every layer is known for the ways it takes:

    rows    [K, features, B]      a linear layer is one batched matrix product
    curves  [B, K channels, T]    a convolution is one with K groups, a group norm has K times
                                  as many groups

Examples come last in rows because the last layer's few classes, and the softmax over them, are
several times faster along B numbers than along C.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Params = Iterator[Tensor]  # stacked [K, ...], in the order of the layers


class Stacked(NamedTuple):
    """How K layers of a kind are applied at once."""

    apply: Callable[[Tensor, Any, Params, int], Tensor]
    gives: str
    fits: Callable[[Any], bool] = lambda layer: True  # whether ``apply`` is right for its options


def _linear(h: Tensor, layer: nn.Linear, params: Params, k: int) -> Tensor:
    weight, bias = next(params), next(params)
    return torch.baddbmm(bias.unsqueeze(-1), weight, h)


def _conv1d(h: Tensor, layer: nn.Conv1d, params: Params, k: int) -> Tensor:
    weight, bias = next(params).flatten(0, 1), next(params).flatten()
    return F.conv1d(h, weight, bias, layer.stride, layer.padding, layer.dilation, groups=k)


def _group_norm(h: Tensor, layer: nn.GroupNorm, params: Params, k: int) -> Tensor:
    weight, bias = next(params).flatten(), next(params).flatten()
    return F.group_norm(h, k * layer.num_groups, weight, bias, layer.eps)


# In place: what an activation gets is a product, or a batch, that nobody else needs.
def _relu(h: Tensor, layer: nn.Module, params: Params, k: int) -> Tensor:
    return h.relu_()


def _tanh(h: Tensor, layer: nn.Module, params: Params, k: int) -> Tensor:
    return h.tanh_()


def _same(h: Tensor, layer: nn.Module, params: Params, k: int) -> Tensor:
    return h


def _mean(h: Tensor, layer: nn.Module, params: Params, k: int) -> Tensor:
    return h.mean(dim=2, keepdim=True)


def _to_rows(h: Tensor, layer: nn.Module, params: Params, k: int) -> Tensor:
    return h.reshape(len(h), k, -1).permute(1, 2, 0)


def _to_curves(h: Tensor, layer: nn.Unflatten, params: Params, k: int) -> Tensor:
    channels = layer.unflattened_size[0]
    return h.permute(2, 0, 1).reshape(h.shape[2], k * channels, -1)


def _with_bias(layer: nn.Linear) -> bool:
    return layer.bias is not None


def _one_group(layer: nn.Conv1d) -> bool:
    return layer.bias is not None and layer.groups == 1 and layer.padding_mode == "zeros"


def _affine(layer: nn.GroupNorm) -> bool:
    return layer.affine


def _whole_mean(layer: nn.AdaptiveAvgPool1d) -> bool:
    return layer.output_size == 1


def _all_axes(layer: nn.Flatten) -> bool:
    return (layer.start_dim, layer.end_dim) == (1, -1)


def _two_axes(layer: nn.Unflatten) -> bool:
    return layer.dim == 1 and len(layer.unflattened_size) == 2


STACKED: dict[tuple[type[nn.Module], str], Stacked] = {
    (nn.Linear, "rows"): Stacked(_linear, "rows", _with_bias),
    (nn.ReLU, "rows"): Stacked(_relu, "rows"),
    (nn.Tanh, "rows"): Stacked(_tanh, "rows"),
    (nn.Identity, "rows"): Stacked(_same, "rows"),
    (nn.Flatten, "rows"): Stacked(_same, "rows", _all_axes),
    (nn.Unflatten, "rows"): Stacked(_to_curves, "curves", _two_axes),
    (nn.Conv1d, "curves"): Stacked(_conv1d, "curves", _one_group),
    (nn.GroupNorm, "curves"): Stacked(_group_norm, "curves", _affine),
    (nn.ReLU, "curves"): Stacked(_relu, "curves"),
    (nn.Tanh, "curves"): Stacked(_tanh, "curves"),
    (nn.Identity, "curves"): Stacked(_same, "curves"),
    (nn.AdaptiveAvgPool1d, "curves"): Stacked(_mean, "curves", _whole_mean),
    (nn.Flatten, "curves"): Stacked(_to_rows, "rows", _all_axes),
}

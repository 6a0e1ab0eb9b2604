"""Normalisation layers: the gradients of scale and shift for every example, added up by class."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from imbal_lab.gradients.batch import ClassOrder
from imbal_lab.gradients.graph import Layer

CHUNK = 32  # examples whose products are in memory together


class NormRule:
    """Scale and shift of a normalisation layer, from the statistics that autograd saved."""

    def __init__(self, layer: Layer, inputs: Tensor, deltas: Tensor, batch: ClassOrder) -> None:
        self.layer = layer
        scale, shift = PER_ROW[layer.node.name()](layer.node, inputs, deltas)
        pairs = ((layer.weight, scale), (layer.bias, shift))
        each = torch.cat([g for p, g in pairs if p is not None], dim=1)
        each = each.view(len(batch.y), -1, each.shape[1]).sum(dim=1)  # rows of one example
        self.table = each.new_zeros(batch.num_classes, each.shape[1]).index_add_(0, batch.y, each)

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C], and no slack."""
        squared = self.table.square().sum(dim=1)
        return squared, torch.zeros_like(squared)

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c``."""
        return self.table[c].square().sum()

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]."""
        return self.table @ self.table.T

    def weighted(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for scale and shift."""
        yield from self.layer.shaped(weights @ self.table)


def group_norm(node: Any, inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of scale and shift for every row: [rows, channels] twice."""
    n, channels = inputs.shape[:2]
    per_group = channels // node._saved_group
    mean = node._saved_result1.view(n, -1).repeat_interleave(per_group, dim=1)
    rstd = node._saved_result2.view(n, -1).repeat_interleave(per_group, dim=1)
    return over_positions(inputs, deltas, mean, rstd)


def batch_norm(node: Any, inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
    """The same for batch normalisation in eval mode, which treats examples one by one."""
    rstd = torch.rsqrt(node._saved_running_var + node._saved_eps)
    return over_positions(inputs, deltas, node._saved_running_mean, rstd)


def over_positions(
    inputs: Tensor, deltas: Tensor, mean: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor]:
    """sum_t d_t (x_t - mean) rstd and sum_t d_t over the positions t: [rows, channels] twice."""
    inputs, deltas = (v.reshape(*v.shape[:2], -1) for v in (inputs, deltas))
    chunks = zip(inputs.split(CHUNK), deltas.split(CHUNK), strict=True)
    products = torch.cat([torch.linalg.vecdot(x, d) for x, d in chunks])
    shift = deltas.sum(dim=2)
    return (products - mean * shift) * rstd, shift


def layer_norm(node: Any, inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of scale and shift for every row: [rows, features] twice."""
    normalized = (inputs - node._saved_result1) * node._saved_result2
    first = inputs.dim() - len(node._saved_normalized_shape)
    rows = (deltas * normalized).flatten(first), deltas.flatten(first)
    return rows[0].flatten(0, -2), rows[1].flatten(0, -2)


PER_ROW = {
    "NativeBatchNormBackward0": batch_norm,
    "NativeGroupNormBackward0": group_norm,
    "NativeLayerNormBackward0": layer_norm,
}

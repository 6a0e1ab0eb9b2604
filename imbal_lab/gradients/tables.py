"""Convolutions and normalisation layers: their class gradients one by one, [C, P of the layer].

A convolution uses its few parameters at many positions, so that here a table of the class
gradients is small beside the layer's own input; each class costs the weight gradient of its
own examples, together no more than the ordinary one. Where the table would be the larger of
the two (a wide layer on a small picture), only the norms are kept, and the weighted sum is
one ordinary weight gradient of the weighted deltas.
"""

import torch
from torch import Tensor

from imbal_lab.gradients.batch import ClassOrder
from imbal_lab.gradients.graph import Layer


class ConvolutionRule:
    """``inputs`` [n, i, ...] and ``deltas`` [n, o, ...] of a convolution."""

    def __init__(self, layer: Layer, inputs: Tensor, deltas: Tensor, batch: ClassOrder) -> None:
        self.layer, self.batch = layer, batch
        self.inputs, self.deltas = batch.sort(inputs), batch.sort(deltas)
        size = sum(p.numel() for p in trained(layer))
        fits = len(batch.slices) * size <= inputs.numel() + deltas.numel()
        self.table: Tensor | None = None
        if fits:
            self.table = self._table()
            del self.inputs, self.deltas

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C], and no slack: nothing is taken from Gram matrices."""
        if self.table is not None:
            squared = self.table.square().sum(dim=1)
        else:
            squared = self.deltas.new_zeros(self.batch.num_classes)
            for c, rows in self.batch.slices:
                squared[c] = self._gradient(rows).square().sum()
        return squared, torch.zeros_like(squared)

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c``."""
        if self.table is not None:
            return self.table[c].square().sum()
        return self._gradient(dict(self.batch.slices)[c]).square().sum()

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]."""
        table = self._table() if self.table is None else self.table
        return table @ table.T

    def weighted(self, weights: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for weight and bias."""
        if self.table is not None:
            return shaped(self.layer, weights @ self.table)
        each = weights[self.batch.sorted_y].view(-1, *[1] * (self.deltas.dim() - 1))
        total = self._gradient(slice(None), self.deltas * each)
        return shaped(self.layer, total)

    def _table(self) -> Tensor:
        size = sum(p.numel() for p in trained(self.layer))
        table = self.deltas.new_zeros(self.batch.num_classes, size)
        for c, rows in self.batch.slices:
            table[c] = self._gradient(rows)
        return table

    def _gradient(self, rows: slice, deltas: Tensor | None = None) -> Tensor:
        node = self.layer.node
        deltas = self.deltas[rows] if deltas is None else deltas
        _, weight, bias = torch.ops.aten.convolution_backward(
            deltas,
            self.inputs[rows],
            node._saved_weight.detach(),
            [deltas.shape[1]],
            node._saved_stride,
            node._saved_padding,
            node._saved_dilation,
            node._saved_transposed,
            node._saved_output_padding,
            node._saved_groups,
            [False, self.layer.weight is not None, self.layer.bias is not None],
        )
        return torch.cat([g.flatten() for g in (weight, bias) if g is not None])


class NormRule:
    """Scale and shift of nn.GroupNorm and nn.LayerNorm, from the statistics autograd saved."""

    def __init__(self, layer: Layer, inputs: Tensor, deltas: Tensor, batch: ClassOrder) -> None:
        self.layer = layer
        group = layer.node.name() == "NativeGroupNormBackward0"
        scale, shift = (group_norm if group else layer_norm)(layer, inputs, deltas)
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

    def weighted(self, weights: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for scale and shift."""
        return shaped(self.layer, weights @ self.table)


def group_norm(layer: Layer, inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of scale and shift for every row: [rows, channels] twice."""
    node = layer.node
    n, channels = inputs.shape[:2]
    per_group = channels // node._saved_group
    mean = node._saved_result1.view(n, -1).repeat_interleave(per_group, dim=1)
    rstd = node._saved_result2.view(n, -1).repeat_interleave(per_group, dim=1)
    inputs, deltas = inputs.flatten(2), deltas.flatten(2)
    shift = deltas.sum(dim=2)
    return (torch.linalg.vecdot(inputs, deltas) - mean * shift) * rstd, shift


def layer_norm(layer: Layer, inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of scale and shift for every row: [rows, features] twice."""
    node = layer.node
    normalized = (inputs - node._saved_result1) * node._saved_result2
    first = inputs.dim() - len(node._saved_normalized_shape)
    rows = (deltas * normalized).flatten(first), deltas.flatten(first)
    return rows[0].flatten(0, -2), rows[1].flatten(0, -2)


def trained(layer: Layer) -> list[Tensor]:
    return [p for p in (layer.weight, layer.bias) if p is not None]


def shaped(layer: Layer, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
    """``flat`` cut into the trained parameters of ``layer``."""
    params = trained(layer)
    parts = flat.split([p.numel() for p in params])
    return [(p, part.view_as(p)) for p, part in zip(params, parts, strict=True)]

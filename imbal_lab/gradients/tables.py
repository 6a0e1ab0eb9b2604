"""Convolutions and normalisation layers: their class gradients one by one, [C, P of the layer].

A convolution uses its few parameters at many positions, so that here a table of the class
gradients is small beside the layer's own input; each class costs the weight gradient of its
own examples, together no more than the ordinary one. Where the table would be much the larger
(a wide layer on a small picture), only the norms are kept, and the weighted sum is one ordinary
weight gradient of the weighted deltas.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from imbal_lab.gradients.batch import ClassOrder, merged
from imbal_lab.gradients.graph import Layer

FITS = 4  # a table may be this many times as large as the input and delta of its layer
FEW = 4  # examples of a class up to which a call of its own does not pay
CHANNELS = 8  # of a group, below which a grouped convolution is slow
CHUNK = 32  # examples whose own gradients or products are in memory together


class ConvolutionRule:
    """``inputs`` [n, i, ...] and ``deltas`` [n, o, ...] of a convolution."""

    def __init__(self, layer: Layer, inputs: Tensor, deltas: Tensor, batch: ClassOrder) -> None:
        self.layer, self.batch = layer, batch
        self.inputs, self.deltas = batch.sort(inputs), batch.sort(deltas)
        self.size = sum(p.numel() for p in trained(layer))
        self.kernel = layer.node._saved_weight.detach().to(deltas.dtype)  # read for its shape
        self.table: Tensor | None = None
        if len(batch.slices) * self.size <= FITS * (inputs.numel() + deltas.numel()):
            self.table = self._table()
            del self.inputs, self.deltas

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C], and no slack: nothing is taken from Gram matrices."""
        if self.table is not None:
            squared = self.table.square().sum(dim=1)
        else:
            squared = self.deltas.new_zeros(self.batch.num_classes)
            for c, rows in self.batch.slices.items():
                squared[c] = self._gradient(rows).square().sum()
        return squared, torch.zeros_like(squared)

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c``."""
        if self.table is not None:
            return self.table[c].square().sum()
        return self._gradient(self.batch.slices[c]).square().sum()

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]."""
        table = self._table() if self.table is None else self.table
        return table @ table.T

    def weighted(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for weight and bias."""
        if self.table is not None:
            yield from shaped(self.layer, weights @ self.table)
        else:
            each = weights[self.batch.sort(self.batch.y)].view(-1, *[1] * (self.deltas.dim() - 1))
            yield from shaped(self.layer, self._gradient(slice(None), self.deltas * each))

    def _table(self) -> Tensor:
        table = self.deltas.new_zeros(self.batch.num_classes, self.size)
        few = [rows for rows in self.batch.slices.values() if self._is_few(rows)]
        labels = self.batch.sort(self.batch.y)
        for rows in merged(few, CHUNK):
            table.index_add_(0, labels[rows], self._each(rows))
        for c, rows in self.batch.slices.items():
            if not self._is_few(rows):
                table[c] = self._gradient(rows)
        return table

    def _is_few(self, rows: slice) -> bool:
        channels = self.inputs.shape[1] // self.layer.node._saved_groups
        return rows.stop - rows.start <= FEW and channels >= CHANNELS

    def _each(self, rows: slice) -> Tensor:
        """The gradient of every example, [n, P]: one convolution with a group an example."""
        n = rows.stop - rows.start
        inputs, deltas = (v[rows].reshape(1, -1, *v.shape[2:]) for v in (self.inputs, self.deltas))
        kernel = self.kernel.new_empty(n * len(self.kernel), *self.kernel.shape[1:])
        parts = self._backward(inputs, deltas, kernel, n * self.layer.node._saved_groups)
        return torch.cat([g.view(n, -1) for g in parts], dim=1)

    def _gradient(self, rows: slice, deltas: Tensor | None = None) -> Tensor:
        deltas = self.deltas[rows] if deltas is None else deltas
        groups = self.layer.node._saved_groups
        parts = self._backward(self.inputs[rows], deltas, self.kernel, groups)
        return torch.cat([g.flatten() for g in parts])

    def _backward(
        self, inputs: Tensor, deltas: Tensor, kernel: Tensor, groups: int
    ) -> list[Tensor]:
        """Gradients of weight and bias, of those that are trained."""
        node = self.layer.node
        _, weight, bias = torch.ops.aten.convolution_backward(
            deltas,
            inputs,
            kernel,
            [deltas.shape[1]],
            node._saved_stride,
            node._saved_padding,
            node._saved_dilation,
            node._saved_transposed,
            node._saved_output_padding,
            groups,
            [False, self.layer.weight is not None, self.layer.bias is not None],
        )
        return [g for g in (weight, bias) if g is not None]


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
        yield from shaped(self.layer, weights @ self.table)


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


def trained(layer: Layer) -> list[Tensor]:
    return [p for p in (layer.weight, layer.bias) if p is not None]


def shaped(layer: Layer, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
    """``flat`` cut into the trained parameters of ``layer``."""
    params = trained(layer)
    parts = flat.split([p.numel() for p in params])
    return [(p, part.view_as(p)) for p, part in zip(params, parts, strict=True)]

"""Convolutions: a table of the class gradients, [classes present, parameters of the layer].

A convolution uses its few parameters at many positions, so that the table is small beside the
layer's own input. A class costs the weight gradient of its own examples, together no more than
the ordinary one; rare classes go together, as one convolution with a group an example.

Where the table would be much the larger (a wide layer on a small picture), only the norms are
kept, and the weighted sum is one ordinary weight gradient of the weighted deltas.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from imbal_lab.gradients.batch import ClassOrder, merged
from imbal_lab.gradients.graph import Layer

FITS = 4  # a table may be this many times as large as the input and delta of its layer
FEW = 4  # examples of a class up to which a call of its own does not pay
CHANNELS = 8  # of a group, below which a grouped convolution is slow
CHUNK = 16  # examples whose own gradients are in memory together


class ConvolutionRule:
    """``inputs`` [n, i, ...] and ``deltas`` [n, o, ...] of a convolution."""

    def __init__(self, layer: Layer, inputs: Tensor, deltas: Tensor, batch: ClassOrder) -> None:
        self.layer, self.batch = layer, batch
        self.inputs, self.deltas = batch.sort(inputs), batch.sort(deltas)
        self.kernel = layer.node._saved_weight.detach().to(deltas.dtype)  # read for its shape
        self.table: Tensor | None = None
        if len(batch.slices) * sum(layer.sizes) <= FITS * (inputs.numel() + deltas.numel()):
            self.table = self._table()
            del self.inputs, self.deltas

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C], and no slack: nothing is taken from Gram matrices."""
        if self.table is not None:
            squared = torch.linalg.vecdot(self.table, self.table)
        else:
            squared = torch.stack([self._squared(rows) for rows in self.batch.slices.values()])
        full = self.batch.spread(squared)
        return full, torch.zeros_like(full)

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c``."""
        if self.table is None:
            return self._squared(self.batch.slices[c])
        return self.table[list(self.batch.slices).index(c)].square().sum()

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]."""
        table = self._table() if self.table is None else self.table
        return self.batch.spread(table @ table.T)

    def weighted(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for weight and bias."""
        if self.table is not None:
            yield from self.layer.shaped(weights[self.batch.present] @ self.table)
            return
        each = weights[self.batch.sort(self.batch.y)].view(-1, *[1] * (self.deltas.dim() - 1))
        parts = self._gradients(self.inputs, self.deltas * each)
        yield from zip(self.layer.trained, parts, strict=True)

    def _table(self) -> Tensor:
        places = list(self.batch.slices.values())
        table = self.deltas.new_empty(len(places), sum(self.layer.sizes))
        by_param = table.split(self.layer.sizes, dim=1)
        for k, rows in enumerate(places):
            if not self._is_few(rows):
                for into, g in zip(by_param, self._gradients_of(rows), strict=True):
                    into[k] = g.flatten()
        for rows in merged(filter(self._is_few, places), CHUNK):
            classes = [k for k, place in enumerate(places) if rows.start <= place.start < rows.stop]
            member = self.deltas.new_zeros(len(classes), rows.stop - rows.start)
            for row, k in zip(member, classes, strict=True):
                row[places[k].start - rows.start : places[k].stop - rows.start] = 1
            for into, each in zip(by_param, self._of_each_example(rows), strict=True):
                torch.mm(member, each, out=into[classes[0] : classes[-1] + 1])
        return table

    def _is_few(self, rows: slice) -> bool:
        channels = self.inputs.shape[1] // self.layer.node._saved_groups
        return rows.stop - rows.start <= FEW and channels >= CHANNELS

    def _squared(self, rows: slice) -> Tensor:
        return torch.stack([g.square().sum() for g in self._gradients_of(rows)]).sum()

    def _gradients_of(self, rows: slice) -> list[Tensor]:
        """Those of the examples ``rows`` together."""
        return self._gradients(self.inputs[rows], self.deltas[rows])

    def _of_each_example(self, rows: slice) -> list[Tensor]:
        """The gradients [n, P] of every example: a convolution with a group an example."""
        n = rows.stop - rows.start
        inputs, deltas = (v[rows].reshape(1, -1, *v.shape[2:]) for v in (self.inputs, self.deltas))
        return [g.view(n, -1) for g in self._gradients(inputs, deltas, n)]

    def _gradients(self, inputs: Tensor, deltas: Tensor, times: int = 1) -> list[Tensor]:
        """Of weight and bias, of those that are trained; ``times`` as many groups."""
        node, kernel = self.layer.node, self.kernel
        if times > 1:
            kernel = kernel.new_empty(times * len(kernel), *kernel.shape[1:])
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
            times * node._saved_groups,
            [False, self.layer.weight is not None, self.layer.bias is not None],
        )
        return [g for g in (weight, bias) if g is not None]

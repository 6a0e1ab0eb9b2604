"""nn.Linear: class norms from Gram matrices, without the class gradients themselves.

With inputs a_i and output-gradients d_i, the class gradient is sum_{i in c} d_i a_i^T, so

    <g_b, g_c> = sum_{i in b, j in c} (<a_i, a_j> + 1) <d_i, d_j>      (+ 1 is the bias)

Classes with few rows go this way, together in packs. A class with many rows costs less as a
gradient of its own, which is kept and later takes the place of its rows in the weighted sum:
there are at most 2 n (i + o) / (i o) such classes, so little memory is held.

A Gram sum rounds to about eps times the sum of the absolute terms. Where the gradients of a
class cancel, that is much more than its norm: ``slack`` bounds the sum, and the caller asks
for :meth:`exact` where the norm is small beside it.
"""

import torch
from torch import Tensor

from imbal_lab.gradients.batch import ClassOrder
from imbal_lab.gradients.graph import Layer

PACK = 128  # rows of one Gram matrix: larger ones waste products between classes


class LinearRule:
    """``inputs`` [n * k, i] and ``deltas`` [n * k, o]: k rows an example."""

    def __init__(self, layer: Layer, inputs: Tensor | None, deltas: Tensor, batch: ClassOrder):
        self.layer, self.batch = layer, batch
        self.rows = len(deltas) // len(batch.y)
        self.deltas = self._sorted(deltas)
        self.inputs = None if inputs is None else self._sorted(inputs)
        self.kept: dict[int, tuple[Tensor, ...]] = {}

    def _sorted(self, values: Tensor) -> Tensor:
        by_example = values.reshape(len(self.batch.y), self.rows, -1)
        return self.batch.sort(by_example).flatten(0, 1)

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C] and ``slack`` [C], which bounds their absolute terms."""
        squared = self.deltas.new_zeros(self.batch.num_classes)
        slack = torch.zeros_like(squared)
        for members in self._packs():
            rows = slice(members[0][1].start, members[-1][1].stop)
            if len(members) == 1 and self._is_large(rows):
                c = members[0][0]
                self.kept[c] = self._gradient(rows)
                squared[c] = sum(g.square().sum() for g in self.kept[c])
                continue
            gram = self._gram(rows)
            labels = self._labels(rows)
            lengths = gram.diagonal().clamp_min(0).sqrt()
            slack.index_add_(0, labels, lengths)
            together = torch.where(labels[:, None] == labels[None], gram, 0).sum(dim=1)
            squared.index_add_(0, labels, together)
        return squared, slack.square_()

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c`` from its gradient."""
        rows = dict(self._row_slices())[c]
        return torch.stack([g.square().sum() for g in self._gradient(rows)]).sum()

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]."""
        all_rows = slice(0, len(self.deltas))
        labels = self._labels(all_rows)
        member = torch.nn.functional.one_hot(labels, self.batch.num_classes).to(self.deltas.dtype)
        return member.T @ self._gram(all_rows) @ member

    def weighted(self, weights: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for weight and bias."""
        total: list[Tensor] | None = None
        for c, kept in self.kept.items():
            part = [weights[c] * g for g in kept]
            total = part if total is None else [t.add_(g) for t, g in zip(total, part, strict=True)]
        for rows in self._not_kept():
            scaled = self.deltas[rows] * weights[self._labels(rows)][:, None]
            if total is None:
                total = list(self._gradient(rows, scaled))
                continue
            if self.layer.weight is not None:
                assert self.inputs is not None
                total[0].addmm_(scaled.T, self.inputs[rows])
            if self.layer.bias is not None:
                total[-1].add_(scaled.sum(dim=0))
        params = [p for p in (self.layer.weight, self.layer.bias) if p is not None]
        return list(zip(params, total or [], strict=True))

    def _gradient(self, rows: slice, deltas: Tensor | None = None) -> tuple[Tensor, ...]:
        mine = self.deltas[rows] if deltas is None else deltas
        weight = () if self.inputs is None else (mine.T @ self.inputs[rows],)
        return weight if self.layer.bias is None else (*weight, mine.sum(dim=0))

    def _gram(self, rows: slice) -> Tensor:
        """(<a_i, a_j> + 1) <d_i, d_j> for ``rows``; only what is trained counts."""
        deltas = self.deltas[rows]
        gram = deltas @ deltas.T
        if self.inputs is None:
            return gram
        inputs = self.inputs[rows]
        between = inputs @ inputs.T
        return gram.mul_(between if self.layer.bias is None else between.add_(1))

    def _is_large(self, rows: slice) -> bool:
        """Whether the Gram matrix of ``rows`` costs more than their gradient."""
        i = 1 if self.inputs is None else self.inputs.shape[1]
        o = self.deltas.shape[1]
        count = rows.stop - rows.start
        return count > PACK / 2 and count * (i + o) > i * o / 2

    def _labels(self, rows: slice) -> Tensor:
        return self.batch.sorted_y.repeat_interleave(self.rows)[rows]

    def _row_slices(self) -> list[tuple[int, slice]]:
        k = self.rows
        return [(c, slice(s.start * k, s.stop * k)) for c, s in self.batch.slices]

    def _packs(self) -> list[list[tuple[int, slice]]]:
        """Neighbouring classes of together at most PACK rows; a large class is alone."""
        packs: list[list[tuple[int, slice]]] = []
        for c, rows in self._row_slices():
            last = packs[-1] if packs else []
            alone = not last or self._is_large(rows) or self._is_large(last[-1][1])
            if alone or rows.stop - last[0][1].start > PACK:
                packs.append([(c, rows)])
            else:
                last.append((c, rows))
        return packs

    def _not_kept(self) -> list[slice]:
        """The runs of rows whose class has no gradient of its own."""
        runs: list[slice] = []
        for c, rows in self._row_slices():
            if c in self.kept:
                continue
            if runs and runs[-1].stop == rows.start:
                runs[-1] = slice(runs[-1].start, rows.stop)
            else:
                runs.append(rows)
        return runs

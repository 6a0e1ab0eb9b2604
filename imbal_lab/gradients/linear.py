"""The linear layers: class norms from Gram matrices, without the class gradients themselves.

With inputs a_i and output-gradients d_i of a layer, g_c = sum_{i in c} d_i a_i^T, so

    <g_b, g_c> = sum_{i in b, j in c} S_ij,   S = sum_layers (A A^T + 1) o (D D^T)

(o is the product entry by entry, + 1 is the bias): one matrix S [rows, rows] for all layers,
of which the norms need only the blocks of each class. They are computed for windows of
several classes at a time. A class with many rows costs less as a gradient of its own, which
is kept and later takes the place of its rows in the weighted sum.

A Gram sum rounds to about eps times the sum of the absolute terms, which (sum_i sqrt(S_ii))^2
bounds. Where the gradients of a class cancel, that is much more than its norm: the caller is
told the bound, ``slack``, and asks for :meth:`exact` where the norm is small beside it.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.gradients.batch import ClassOrder, merged, windows_of
from imbal_lab.gradients.graph import Layer

ENTRY = 24  # what an entry of a kept gradient costs to measure, weigh and add, in flops


class Use(NamedTuple):
    """A linear layer with its inputs [rows, i] and deltas [rows, o].

    Where the weight is not trained, i = 0: there is nothing to have a gradient.
    """

    layer: Layer
    inputs: Tensor
    deltas: Tensor

    def gradients(self, batch: ClassOrder, c: int) -> list[Tensor]:
        """The gradients of class ``c``: of the weight [o, i], and of a trained bias [o]."""
        rows = batch.slices[c]
        deltas = batch.take(self.deltas, rows)
        weight = deltas.T @ batch.take(self.inputs, rows)
        return [weight] if self.layer.bias is None else [weight, deltas.sum(dim=0)]


class LinearRule:
    """All linear layers of a model that see as many rows, ``batch`` in number.

    That is the number of examples, or a multiple of it where layers see sequences.
    """

    def __init__(self, batch: ClassOrder) -> None:
        self.batch = batch
        self.uses: list[Use] = []
        self.kept: dict[int, list[Tensor]] = {}  # class -> gradient of each weight
        self._squared: tuple[Tensor, Tensor] | None = None  # known once the Gramian is

    def add(self, layer: Layer, inputs: Tensor | None, deltas: Tensor) -> None:
        """One more layer: ``inputs`` [rows, i], if its weight is trained, ``deltas`` [rows, o]."""
        if layer.weight is None or inputs is None:
            inputs = deltas.new_empty(len(deltas), 0)
        self.uses.append(Use(layer, inputs, deltas))

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C] and ``slack`` [C], which bounds their absolute terms."""
        if self._squared is not None:
            return self._squared
        squared = self.uses[0].deltas.new_zeros(self.batch.num_classes)
        slack = torch.zeros_like(squared)
        for c in self._large():
            gradients = [use.gradients(self.batch, c) for use in self.uses]
            squared[c] = squared_norm(gradients)
            self.kept[c] = [weight for weight, *_ in gradients]
        for windows in windows_of(self.batch, self._rest()):
            gram = self._sample_gram(windows.gather)
            windows.class_sums(gram, into=squared)
            windows.lengths(gram, into=slack)
        return squared, slack.square_()

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c`` from its gradient."""
        return squared_norm([use.gradients(self.batch, c) for use in self.uses])

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]: from S, or from the class gradients where that costs less.

        Asked for first, it gives the norms as well.
        """
        present, rows = len(self.batch.slices), len(self.batch.y)
        if (present**2 + ENTRY * present / 2 + rows) * self._size < rows**2 * self._width:
            gram = self._gram_of_gradients()
            self._squared = gram.diagonal().clone(), torch.zeros_like(gram[0])
            return gram
        sample_gram = self._sample_gram(lambda values: values)
        member = F.one_hot(self.batch.y, self.batch.num_classes).to(sample_gram.dtype)
        gram = member.T @ sample_gram @ member
        slack = (sample_gram.diagonal().sqrt() @ member).square_()
        self._squared = gram.diagonal().clone(), slack
        return gram

    def weighted(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for every weight and bias; can be asked for once."""
        each = weights[self.batch.y][:, None]
        while self.uses:
            use, kept = self.uses.pop(), [(c, rows.pop()) for c, rows in self.kept.items()]
            if kept and use.layer.weight is not None:
                yield use.layer.weight, self._with_kept(use, kept, weights, each)
                if use.layer.bias is not None:
                    yield use.layer.bias, each[:, 0] @ use.deltas
                continue
            scaled = use.deltas * each
            if use.layer.weight is not None:
                yield use.layer.weight, scaled.T @ use.inputs
            if use.layer.bias is not None:
                yield use.layer.bias, scaled.sum(dim=0)

    def _with_kept(
        self, use: Use, kept: list[tuple[int, Tensor]], weights: Tensor, each: Tensor
    ) -> Tensor:
        """The weight's part from kept gradients, and from the rows of all other classes."""
        (c, total), *others = kept
        total *= weights[c]
        for c, gradient in others:
            total.addcmul_(gradient, weights[c])
        for rows in merged(self._rest()):
            deltas, inputs, w = (self.batch.take(v, rows) for v in (use.deltas, use.inputs, each))
            total.addmm_((deltas * w).T, inputs)
        return total

    def _sample_gram(self, rows_of: Callable[[Tensor], Tensor]) -> Tensor:
        """S for the rows that ``rows_of`` takes, [..., rows, rows]; only what is trained counts."""
        total: Tensor | None = None
        for layer, inputs, deltas in self.uses:
            a, d = rows_of(inputs), rows_of(deltas)
            between = a @ a.mT
            gram = (d @ d.mT).mul_(between if layer.bias is None else between.add_(1))
            total = gram if total is None else total.add_(gram)
        assert total is not None
        return total

    def _gram_of_gradients(self) -> Tensor:
        """<g_b, g_c> from the class gradients, [C, C]; they are held for one layer at a time."""
        present = self.batch.slices
        gram = self.uses[0].deltas.new_zeros(len(present), len(present))
        for use in self.uses:
            weights = use.deltas.new_empty(len(present), use.deltas.shape[1], use.inputs.shape[1])
            for row, c in zip(weights, present, strict=True):
                torch.mm(
                    self.batch.take(use.deltas, present[c]).T,
                    self.batch.take(use.inputs, present[c]),
                    out=row,
                )
            gram.addmm_(weights.flatten(1), weights.flatten(1).T)
            if use.layer.bias is not None:
                taken = (self.batch.take(use.deltas, rows) for rows in present.values())
                bias = torch.stack([deltas.sum(dim=0) for deltas in taken])
                gram.addmm_(bias, bias.T)
        return self.batch.spread(gram)

    def _large(self) -> list[int]:
        """The classes, largest first, whose gradient costs less than their Gram matrix.

        The first needs no memory of its own, as it becomes the weighted sum; the others
        together are held to the size of inputs and deltas.
        """
        if not self._size:
            return []
        sizes = {c: rows.stop - rows.start for c, rows in self.batch.slices.items()}
        by_size = sorted(sizes, key=lambda c: -sizes[c])
        most = 1 + len(self.batch.y) * self._width // self._size
        worth = ENTRY * self._size / (2 * self._width)
        return [c for c in by_size[:most] if sizes[c] ** 2 > worth]

    def _rest(self) -> list[slice]:
        """The places of the classes that are not kept."""
        return [rows for c, rows in self.batch.slices.items() if c not in self.kept]

    @cached_property
    def _width(self) -> int:
        """i + o of all layers: what a row holds, and half the flops of an entry of S."""
        return sum(use.inputs.shape[1] + use.deltas.shape[1] for use in self.uses)

    @cached_property
    def _size(self) -> int:
        """i * o of all layers."""
        return sum(use.inputs.shape[1] * use.deltas.shape[1] for use in self.uses)


def squared_norm(gradients: list[list[Tensor]]) -> Tensor:
    """Of all of them together."""
    parts = [g.view(-1) for row in gradients for g in row]
    return torch.stack([torch.dot(g, g) for g in parts]).sum()

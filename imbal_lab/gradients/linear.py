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

from imbal_lab.gradients.batch import ClassOrder, Windows, merged
from imbal_lab.gradients.graph import Layer

ENTRY = 24  # what an entry of a kept gradient costs to measure, weigh and add, in flops


class Use(NamedTuple):
    """A linear layer with its inputs [rows, i] and deltas [rows, o]."""

    layer: Layer
    inputs: Tensor | None  # None: the weight is not trained
    deltas: Tensor


class LinearRule:
    """All linear layers of a model that see as many rows, ``batch`` in number.

    That is the number of examples, or a multiple of it where layers see sequences.
    """

    def __init__(self, batch: ClassOrder) -> None:
        self.batch = batch
        self.uses: list[Use] = []
        self.kept: dict[int, list[Tensor | None]] = {}  # class -> gradient of each weight

    def add(self, layer: Layer, inputs: Tensor | None, deltas: Tensor) -> None:
        """One more layer: ``inputs`` [rows, i] and ``deltas`` [rows, o]."""
        self.uses.append(Use(layer, inputs, deltas))

    def squared_norms(self) -> tuple[Tensor, Tensor]:
        """Squared class norms [C] and ``slack`` [C], which bounds their absolute terms."""
        squared = self.uses[0].deltas.new_zeros(self.batch.num_classes)
        slack = torch.zeros_like(squared)
        for c in self._large():
            self.kept[c] = self._gradients(c)
            squared[c] = self._squared(c, self.kept[c])
        if rest := self._rest():
            windows = Windows(self.batch, rest)
            gram = self._sample_gram(windows.gather)
            windows.class_sums(gram, into=squared)
            windows.lengths(gram, into=slack)
        return squared, slack.square_()

    def exact(self, c: int) -> Tensor:
        """The squared norm of class ``c`` from its gradient."""
        return self._squared(c, self._gradients(c))

    def gram(self) -> Tensor:
        """<g_b, g_c>, [C, C]: from S, or from the class gradients where that costs less."""
        present, rows = len(self.batch.slices), len(self.batch.y)
        if (2 * present**2 + ENTRY * present) * self._size < 2 * rows**2 * self._width:
            return self._gram_of_gradients()
        sample_gram = self._sample_gram(lambda values: values)
        member = F.one_hot(self.batch.y, self.batch.num_classes).to(sample_gram.dtype)
        return member.T @ sample_gram @ member

    def weighted(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for every weight and bias; can be asked for once."""
        each = weights[self.batch.y]
        while self.uses:
            use, kept = self.uses.pop(), [(c, rows.pop()) for c, rows in self.kept.items()]
            if use.layer.bias is not None:
                yield use.layer.bias, each @ use.deltas
            if use.layer.weight is not None:
                yield use.layer.weight, self._weighted(use, kept, weights, each)

    def _weighted(
        self, use: Use, kept: list[tuple[int, Tensor | None]], weights: Tensor, each: Tensor
    ) -> Tensor:
        """The weight's part: kept gradients, and the rows of all other classes at once."""
        assert use.inputs is not None
        if not kept:
            return (use.deltas * each[:, None]).T @ use.inputs
        total: Tensor | None = None
        for c, gradient in kept:
            assert gradient is not None
            part = gradient.mul_(weights[c])
            total = part if total is None else total.add_(part)
        assert total is not None
        for rows in merged(self._rest()):
            deltas, inputs, w = (self.batch.take(v, rows) for v in (use.deltas, use.inputs, each))
            total.addmm_((deltas * w[:, None]).T, inputs)
        return total

    def _sample_gram(self, rows_of: Callable[[Tensor], Tensor]) -> Tensor:
        """S for the rows that ``rows_of`` takes, [..., rows, rows]; only what is trained counts."""
        total: Tensor | None = None
        for layer, inputs, deltas in self.uses:
            d = rows_of(deltas)
            gram = d @ d.mT
            if inputs is not None:
                a = rows_of(inputs)
                between = a @ a.mT
                gram *= between if layer.bias is None else between.add_(1)
            total = gram if total is None else total.add_(gram)
        assert total is not None
        return total

    def _gradients(self, c: int) -> list[Tensor | None]:
        """The gradient of class ``c`` with respect to every weight; None if it is not trained."""
        rows, take = self.batch.slices[c], self.batch.take
        return [
            None if use.inputs is None else take(use.deltas, rows).T @ take(use.inputs, rows)
            for use in self.uses
        ]

    def _squared(self, c: int, gradients: list[Tensor | None]) -> Tensor:
        """The squared norm of ``gradients`` of class ``c``, and of those of the biases."""
        rows = self.batch.slices[c]
        biases = [
            self.batch.take(use.deltas, rows).sum(dim=0)
            for use in self.uses
            if use.layer.bias is not None
        ]
        parts = [g.view(-1) for g in (*gradients, *biases) if g is not None]
        return torch.stack([torch.dot(g, g) for g in parts]).sum()

    def _gram_of_gradients(self) -> Tensor:
        present = self.batch.slices
        gram = self.uses[0].deltas.new_zeros(len(present), len(present))
        take = self.batch.take
        for layer, inputs, deltas in self.uses:
            if layer.bias is not None:
                table = torch.stack([take(deltas, rows).sum(dim=0) for rows in present.values()])
                gram.addmm_(table, table.T)
            if inputs is not None:
                table = torch.stack(
                    [take(deltas, rows).T @ take(inputs, rows) for rows in present.values()]
                ).flatten(1)
                gram.addmm_(table, table.T)
        at = self.batch.y.new_tensor(list(present))
        full = gram.new_zeros(self.batch.num_classes, self.batch.num_classes)
        return full.index_put_((at[:, None], at), gram)

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
        return sum(d.shape[1] + (0 if a is None else a.shape[1]) for _, a, d in self.uses)

    @cached_property
    def _size(self) -> int:
        """i * o of all layers."""
        return sum(d.shape[1] * a.shape[1] for _, a, d in self.uses if a is not None)

"""A batch ordered by class, so that a class is a slice."""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property

import torch
from torch import Tensor

PART = 256  # rows whose Gram matrices are computed together
TILE = 16  # rows: a product of 63 takes half as long again as one of 64


class ClassOrder:
    """Labels ``y`` [n] of C classes, and an order of the rows in which a class is contiguous.

    ``slices`` holds the place of every class that is present, in that order.
    """

    def __init__(self, y: Tensor, num_classes: int) -> None:
        self.y, self.num_classes = y, num_classes
        in_order = bool((y[1:] >= y[:-1]).all())
        self.order = None if in_order else torch.argsort(y, stable=True)
        self.slices: dict[int, slice] = {}
        start = 0
        for c, count in enumerate(torch.bincount(y, minlength=num_classes).tolist()):
            if count:
                self.slices[c] = slice(start, start + count)
            start += count

    def take(self, values: Tensor, rows: slice) -> Tensor:
        """The rows of ``values`` [n, ...] in these places; a view where y is in order already."""
        return values[rows] if self.order is None else values.index_select(0, self.order[rows])

    @cached_property
    def present(self) -> Tensor:
        """The classes that are present: [K]."""
        return self.y.new_tensor(list(self.slices))

    def spread(self, values: Tensor) -> Tensor:
        """``values`` [K] or [K, K] of the classes that are present as [C] or [C, C]."""
        full = values.new_zeros([self.num_classes] * values.dim())
        at = (self.present,) if values.dim() == 1 else (self.present[:, None], self.present)
        return full.index_put_(at, values)

    def sort(self, values: Tensor) -> Tensor:
        """All rows of ``values`` [n, ...] in class order."""
        return values if self.order is None else values.index_select(0, self.order)


class Windows:
    """The classes at ``slices`` of ``batch`` in windows of equal size, for batched products.

    A window holds whole neighbouring classes; places that are left are filled with any row
    and masked. As wide as the largest class, in steps of TILE.
    """

    def __init__(self, batch: ClassOrder, slices: list[slice]) -> None:
        largest = max(rows.stop - rows.start for rows in slices)
        self.width = -(-largest // TILE) * TILE
        bounds = [(rows.start, rows.stop) for rows in merged(slices, self.width)]
        places = torch.arange(self.width, device=batch.y.device)
        starts, stops = batch.y.new_tensor(bounds).T[:, :, None]
        places = places + starts  # [windows, width]
        self._inside = places < stops
        rows = places.clamp_max_(len(batch.y) - 1).view(-1)
        self._rows = rows if batch.order is None else batch.order.index_select(0, rows)
        self._labels = batch.y.index_select(0, self._rows)
        labels = torch.where(self._inside, self._labels.view_as(places), -1)
        self._within = (labels[:, :, None] == labels[:, None]).logical_and_(labels[:, None] >= 0)

    def gather(self, values: Tensor) -> Tensor:
        """``values`` [n, d] as [windows, width, d]."""
        return values.index_select(0, self._rows).view(*self._inside.shape, values.shape[1])

    def class_sums(self, gram: Tensor, into: Tensor) -> None:
        """Add to ``into`` [C] the entries of ``gram`` [windows, width, width] within each class."""
        each = torch.where(self._within, gram, 0).sum(dim=2)
        into.index_add_(0, self._labels, each.view(-1))

    def lengths(self, gram: Tensor, into: Tensor) -> None:
        """Add to ``into`` [C] the square roots on the diagonal of ``gram``."""
        each = torch.where(self._inside, gram.diagonal(dim1=1, dim2=2).sqrt(), 0)
        into.index_add_(0, self._labels, each.view(-1))


def windows_of(batch: ClassOrder, slices: list[slice]) -> Iterator[Windows]:
    """Windows for the classes at ``slices``, in parts whose rows stay in a processor's cache.

    Each part is as wide as its own largest class, so that rare classes cost little.
    """
    part: list[slice] = []
    for rows in slices:
        if part and rows.stop - part[0].start > PART:
            yield Windows(batch, part)
            part = []
        part.append(rows)
    if part:
        yield Windows(batch, part)


def merged(slices: Iterable[slice], most: float = math.inf) -> list[slice]:
    """Neighbours among ``slices`` made one, as long as it has at most ``most`` rows."""
    found: list[slice] = []
    for rows in slices:
        last = found[-1] if found else slice(0, -1)
        if last.stop == rows.start and rows.stop - last.start <= most:
            found[-1] = slice(last.start, rows.stop)
        else:
            found.append(rows)
    return found

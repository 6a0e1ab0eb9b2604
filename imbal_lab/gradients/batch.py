"""A batch ordered by class, so that a class is a slice."""

from functools import cached_property

import torch
from torch import Tensor


class ClassOrder:
    """Labels ``y`` [n] of C classes: an order of the rows in which each class is contiguous."""

    def __init__(self, y: Tensor, num_classes: int) -> None:
        self.y = y
        self.num_classes = num_classes
        self.in_order = bool((y[1:] >= y[:-1]).all())
        self.order = None if self.in_order else torch.argsort(y, stable=True)
        self.counts: list[int] = torch.bincount(y, minlength=num_classes).tolist()
        self.sorted_y = y if self.order is None else y[self.order]

    @cached_property
    def slices(self) -> list[tuple[int, slice]]:
        """(class, its examples) for every class that is present."""
        found, start = [], 0
        for c, count in enumerate(self.counts):
            if count:
                found.append((c, slice(start, start + count)))
            start += count
        return found

    def sort(self, values: Tensor) -> Tensor:
        """``values`` [n, ...] in class order; a view where the batch is in order already."""
        return values if self.order is None else values[self.order]

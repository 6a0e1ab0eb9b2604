"""What a run leaves behind: per-class curves as plain tensors."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Record(NamedTuple):
    """One step of one run, seen class by class; rank 0 is the most frequent class."""

    step: int
    loss: Tensor  # [C] mean over the class's training examples
    recall: Tensor  # [C] on the balanced test set
    grad_norm: Tensor  # [C] length of the class gradient, a contribution (1/n over all)
    cosine: Tensor  # [C, C] between class gradients; zero where one of them is zero


class Recording(NamedTuple):
    """The records of one run, stacked along a first axis of T recorded steps."""

    step: Tensor  # [T]
    loss: Tensor  # [T, C]
    recall: Tensor  # [T, C]
    grad_norm: Tensor  # [T, C]
    cosine: Tensor  # [T, C, C]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Recording":
        """Stack ``records``; ValueError if there are none."""
        columns = list(zip(*records, strict=True))
        if not columns:
            raise ValueError("records: a recording needs at least one record, got none")
        return cls(torch.tensor(columns[0]), *(torch.stack(column) for column in columns[1:]))

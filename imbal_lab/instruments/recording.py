"""What a run leaves behind: per-class curves as plain tensors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from imbal_lab.instruments.saving import load_tensors, save_tensors
from imbal_lab.instruments.tidy import joined

if TYPE_CHECKING:
    import pandas as pd


class Record(NamedTuple):
    """One step of one run, seen class by class; rank 0 is the most frequent class.

    Norms and cosines are NaN where class gradients were not recorded.
    """

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
    def of(cls, records: Iterable[Record]) -> Recording:
        """Stack ``records``; ValueError if there are none."""
        columns = list(zip(*records, strict=True))
        if not columns:
            raise ValueError("records: a recording needs at least one record, got none")
        return cls(torch.tensor(columns[0]), *(torch.stack(column) for column in columns[1:]))

    def to_frame(self) -> pd.DataFrame:
        """A tidy pandas frame: one number a row, in columns step, class, other, quantity, value.

        ``other`` is the second class of a cosine, and missing elsewhere. One line draws it:
        ``sns.relplot(frame.query("other.isna()"), x="step", y="value", hue="class",
        row="quantity", kind="line")``.
        """
        curves = self._asdict()
        step = curves.pop("step")
        return joined({name: (step, values, None) for name, values in curves.items()})

    def save(self, path: str | Path) -> None:
        """Write a .npz file to exactly ``path``: all of it, or what was there stays."""
        save_tensors(path, "Recording", self._asdict())

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """What :meth:`save` wrote, on the CPU; ValueError for a damaged or another file."""
        return cls(**load_tensors(path, "Recording", cls._fields))

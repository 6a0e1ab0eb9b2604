"""What every data source returns: one small, fixed record of tensors."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from imbal_lab.data.imbalance_ratio import imbalance_ratio


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """An imbalanced training set with a balanced test set.

    Labels are ranks: class 0 is the most frequent, class C-1 the rarest. `class_names[rank]` is
    the class's own name. Training examples are sorted by label, so shuffle them for mini-batches.
    """

    name: str
    x: Tensor  # [n, d] float32
    y: Tensor  # [n] int64, ranks
    x_test: Tensor  # [m, d] float32
    y_test: Tensor  # [m] int64, the same number of examples for every class
    class_names: tuple[str, ...]

    @property
    def num_classes(self) -> int:
        """Number of classes C."""
        return len(self.class_names)

    @property
    def counts(self) -> tuple[int, ...]:
        """Training examples per class, largest first."""
        return tuple(torch.bincount(self.y, minlength=self.num_classes).tolist())

    @property
    def rho(self) -> float:
        """Imbalance ratio n_max / n_min of the counts as they are (1 = balanced)."""
        return imbalance_ratio(self.y)

    def to(self, dtype: torch.dtype) -> "Dataset":
        """The same data with its inputs in another float type (float64 for exact checks)."""
        return replace(self, x=self.x.to(dtype), x_test=self.x_test.to(dtype))

    def __repr__(self) -> str:
        counts = ", ".join(map(str, self.counts))
        features = "x".join(map(str, self.x.shape[1:]))
        return (
            f"Dataset({self.name}: {len(self.y)} training ({counts}), rho={self.rho:g}, "
            f"{features} features, {len(self.y_test)} test)"
        )

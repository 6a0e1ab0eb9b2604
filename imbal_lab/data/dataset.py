"""What every data source returns: one small, fixed record of tensors."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

SHOWN = 10  # counts in a text; with more classes, the first three and the last


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """An imbalanced training set with a balanced test set.

    Labels are ranks: class 0 is the most frequent, class C-1 the rarest. `class_names[rank]` is
    the class's own name. Training examples are sorted by label, so shuffle them for mini-batches.

    In segmentation every pixel has a label: `y` is [n, h, w], and `counts` and `rho` are those of
    the pixels. Images are in no order there, and every class is in every test image.
    """

    name: str
    x: Tensor  # [n, d] or [n, channels, h, w] float32
    y: Tensor  # [n] or [n, h, w] int64, ranks
    x_test: Tensor  # [m, d] or [m, channels, h, w] float32
    y_test: Tensor  # [m] or [m, h, w] int64; as many of every class, but for `shuttle`
    class_names: tuple[str, ...]

    @property
    def num_classes(self) -> int:
        """Number of classes C."""
        return len(self.class_names)

    @property
    def counts(self) -> tuple[int, ...]:
        """Training examples (in segmentation, pixels) per class, largest first."""
        return tuple(torch.bincount(self.y.flatten(), minlength=self.num_classes).tolist())

    @property
    def rho(self) -> float:
        """Imbalance ratio n_max / n_min of the counts as they are (1 = balanced)."""
        return self.counts[0] / min(n for n in self.counts if n)  # classes are ranks

    def to(self, dtype: torch.dtype) -> "Dataset":
        """The same data with its inputs in another float type (float64 for exact checks)."""
        return replace(self, x=self.x.to(dtype), x_test=self.x_test.to(dtype))

    def __repr__(self) -> str:
        shown = [str(n) for n in self.counts]
        if len(shown) > SHOWN:
            shown[3:-1] = ["..."]
        counts = ", ".join(shown)
        features = "x".join(map(str, self.x.shape[1:]))
        return (
            f"Dataset({self.name}: {len(self.y)} training ({counts}), rho={self.rho:g}, "
            f"{features} features, {len(self.y_test)} test)"
        )

"""A mean over seeds and how sure of it one can be."""

from typing import NamedTuple

from scipy import stats
from torch import Tensor


class Interval(NamedTuple):
    """A mean over seeds with its 95 % t-interval."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Tensor) -> "Interval":
        """Of ``values`` [S], one a seed; NaN in them makes it NaN. It takes two seeds or more."""
        mean, n = values.mean().item(), len(values)
        half = stats.t.ppf(0.975, n - 1).item() * values.std().item() / n**0.5
        return cls(mean, mean - half, mean + half)

    def __str__(self) -> str:
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}]"

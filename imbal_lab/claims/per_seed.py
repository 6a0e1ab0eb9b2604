"""A measure of many seeds from a function of one."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from imbal_lab.claims.claim import Measure


def per_seed(one: Callable[[int], Mapping[str, float]]) -> Measure:
    """``one(seed)`` gives a number for each statistic; the measure stacks them, [S] each.

    >>> per_seed(lambda seed: {"square": seed**2})([2, 3])
    {'square': tensor([4., 9.], dtype=torch.float64)}
    """

    def measure(seeds: Sequence[int]) -> dict[str, Tensor]:
        rows = [one(seed) for seed in seeds]
        return {
            name: torch.tensor([float(row[name]) for row in rows], dtype=torch.float64)
            for name in rows[0]
        }

    return measure

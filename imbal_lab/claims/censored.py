"""Times that some runs never reach."""

import math

from torch import Tensor

MOST = 0.1  # share of runs that may stay short of the threshold


def censored(times: Tensor, end: float) -> Tensor:
    """``times`` [S] with NaN, never reached, counted as ``end``, the length of the runs.

    Where a tenth of the runs or more never got there the mean means nothing: then all are NaN,
    and the page says "not reached".

    >>> import torch
    >>> censored(torch.tensor([3.0, math.nan]), end=9).isnan().all()
    tensor(True)
    """
    missing = times.isnan()
    if missing.double().mean() >= MOST:
        return times.new_full(times.shape, math.nan)
    return times.where(~missing, end)

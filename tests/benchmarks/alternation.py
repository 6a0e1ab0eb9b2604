"""Ours and the plain one by turns, so that whatever else the machine does meets both alike."""

from collections.abc import Callable

import torch
from torch import Tensor

Measure = Callable[[], float]


def alternate(ours: Measure, plain: Measure, rounds: int) -> tuple[Tensor, Tensor]:
    """``ours()`` over the mean of ``plain()`` right before and after it, and ``plain()`` itself.

    In the order in which they were measured: [rounds] each.
    """
    before, ratios, usual = plain(), [], []
    for _ in range(rounds):
        mine, after = ours(), plain()
        ratios.append(2 * mine / (before + after))
        usual.append(after)
        before = after
    return torch.tensor(ratios), torch.tensor(usual)

"""Schedules of the step size: by what lr is multiplied in step t of all steps."""

import math
from collections.abc import Callable

Factor = Callable[[int, int], float]


def constant(t: int, steps: int) -> float:
    """1 throughout."""
    return 1.0


def cosine(t: int, steps: int) -> float:
    """From 1 in the first step along half a cosine towards 0 after the last one.

    >>> [round(cosine(t, 4), 3) for t in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """
    return (1 + math.cos(math.pi * t / steps)) / 2


def two_drops(t: int, steps: int) -> float:
    """1, then 1/10 after 80 % of the steps and 1/100 after 90 %, as is usual on CIFAR-LT.

    >>> [two_drops(t, 10) for t in (7, 8, 9)]
    [1.0, 0.1, 0.01]
    """
    return 10.0 ** -((10 * t >= 8 * steps) + (10 * t >= 9 * steps))


SCHEDULES: dict[str, Factor] = {"constant": constant, "cosine": cosine, "steps": two_drops}

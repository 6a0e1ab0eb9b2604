"""Facts: what the symbols of a formula stand for in one random example."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Facts:
    r"""Values by symbol, among them what the reference computed from the others.

    ``over`` holds the indices with the number of values of each: ``{"i": 8, "l": 3}``. A value
    ``"g_l"`` has one axis for each of its indices, in their order, and then its own shape; it
    serves ``g_0`` and ``g_{y_i}`` as well. All else below or above a letter is part of the name:
    ``"\\theta_{t+1}"``. Functions are values too. ``holds`` says whether the formula should be
    true of these values, which is a question for inequalities; ``within`` how far apart the two
    sides of an equation may be, relatively (for the sake of approximations).
    """

    over: Mapping[str, int]
    values: Mapping[str, Any]
    holds: bool = True
    within: float = 1e-9

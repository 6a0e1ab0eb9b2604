"""A claim of a paper: what it says, how it is measured here, and what decides the verdict."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from torch import Tensor

from imbal_lab.training.interval import Interval

Measure = Callable[[Sequence[int]], Mapping[str, Tensor]]


class Verdict(StrEnum):
    """What became of a claim here."""

    REPRODUCED = "reproduced"
    EARLY = "reproduced early in training only"
    NOT_HERE = "not at this scale"
    OPPOSITE = "the opposite"
    UNTESTED = "not tested"


class Within(NamedTuple):
    """A condition: the whole 95 % interval of a statistic lies from ``low`` to ``high``.

    >>> str(Within("slope", low=0.7, high=1.1)), str(Within("rise", low=0.05))
    ('slope: 0.7 to 1.1', 'rise: at least 0.05')
    """

    statistic: str
    low: float = -math.inf
    high: float = math.inf

    def holds(self, intervals: Mapping[str, Interval]) -> bool:
        """Whether it holds; never for a statistic that is NaN."""
        interval = intervals[self.statistic]
        return self.low <= interval.low and interval.high <= self.high

    @property
    def range(self) -> str:
        """The range in words."""
        if self.low == self.high:
            return f"exactly {self.low:g}"
        if self.high == math.inf:
            return f"at least {self.low:g}"
        if self.low == -math.inf:
            return f"at most {self.high:g}"
        return f"{self.low:g} to {self.high:g}"

    def __str__(self) -> str:
        return f"{self.statistic}: {self.range}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim, in our words.

    Either ``measure(seeds)`` gives one value a seed, [S], for each statistic, by its name in
    plain words; or ``why_not`` says why the claim is not tested. The verdict is the first that
    fits of: all conditions in ``reproduced`` hold; all in ``early`` do; all in ``opposite`` do;
    not at this scale. Controls (rho = 1, balanced data of the same size) are statistics like
    the others.
    """

    id: str  # it never changes again
    says: str
    origin: str  # where it is said: the paper's abstract, or what it follows from
    setting: str = ""
    reported: str = ""  # the number that the paper or its theory gives, if any
    measure: Measure | None = None
    reproduced: tuple[Within, ...] = ()
    early: tuple[Within, ...] = ()
    opposite: tuple[Within, ...] = ()
    why_not: str = ""

    def __post_init__(self) -> None:
        if bool(self.why_not) == bool(self.measure and self.reproduced):
            raise ValueError(
                f"claim {self.id!r}: give either measure= with the conditions reproduced=, or "
                "why_not=, the reason why it is not tested"
            )
        named = [condition.statistic for condition in self.reproduced]
        if len(set(named)) < len(named):
            raise ValueError(f"claim {self.id!r}: reproduced= may name each statistic once")

    def verdict(self, intervals: Mapping[str, Interval]) -> Verdict:
        """The verdict over the intervals of the statistics; without any if it is not tested."""
        if self.why_not:
            return Verdict.UNTESTED
        ladder = {
            Verdict.REPRODUCED: self.reproduced,
            Verdict.EARLY: self.early,
            Verdict.OPPOSITE: self.opposite,
        }
        for verdict, conditions in ladder.items():
            if conditions and all(condition.holds(intervals) for condition in conditions):
                return verdict
        return Verdict.NOT_HERE

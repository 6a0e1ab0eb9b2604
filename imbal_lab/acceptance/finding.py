"""What an acceptance test found: its table, the parts that were asked, and its picture."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from imbal_lab.checks import CheckFailed


@dataclass(frozen=True)
class Part:
    """One thing that the claim asks. If it does not hold, a learner reads the last three."""

    says: str  # completes "shown that ..."
    holds: bool
    seen: str
    why: str
    advice: str


class Finding(ABC):
    """The numbers of a claim over seeds; made by the function of the claim."""

    setting: str  # data, imbalance, seeds, steps, in one line
    alt: str  # what the picture shows, for those who do not see it

    @property
    @abstractmethod
    def table(self) -> Sequence[Sequence[str]]:
        """Head and rows, as texts."""

    @property
    @abstractmethod
    def parts(self) -> tuple[Part, ...]:
        """What the claim asks, in the order in which it is asked."""

    @abstractmethod
    def figure(self) -> Figure:
        """The paper's picture at small scale."""

    @property
    def holds(self) -> dict[str, bool]:
        """Each part by its words."""
        return {part.says: part.holds for part in self.parts}

    def check(self) -> None:
        """Raise CheckFailed, three lines, with the first part that does not hold."""
        for part in self.parts:
            if not part.holds:
                raise CheckFailed(
                    (
                        f"✗ not shown that {part.says}: {part.seen}",
                        f"Why: {part.why}",
                        f"Try: {part.advice}",
                    )
                )

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.table, strict=True)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in self.table
        ]
        marks = [f"{'✓' if part.holds else '✗'} {part.says}" for part in self.parts]
        title = f"{self.setting}; mean over seeds [95 % interval]"
        return "\n".join([title, *lines, *marks])

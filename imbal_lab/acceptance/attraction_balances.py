"""Does ARB-Loss balance attraction and repulsion, and what is gained by it?

Xie, Yang, Cai, He, Neurocomputing 527 (2023) (arXiv 2204.08735), at small scale: ten digits. Under
cross-entropy repulsion over attraction, R/A, falls like 1/n_k at the start of training; with
ARB-Loss it is 1 for every class. `python -m imbal_lab.acceptance.attraction_balances` prints it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.figure import Figure

from imbal_lab.acceptance.balance import EPOCHS, RHO, Forces, Runs, at_the_simplex, measure
from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.acceptance.own_losses import Losses
from imbal_lab.figures.balance import balance
from imbal_lab.methods import arb_losses, attraction_and_repulsion
from imbal_lab.training.interval import Interval

STEEP, FLAT = -0.7, 0.2  # slopes of log R/A over log n: below, and at most this far from 0
CLEAR = 0.05  # of recall, that the whole interval must be above
EQUAL, ALONG = 1.01, 0.999  # ratio of lengths, and cosine, at the simplex


@dataclass(frozen=True, eq=False)
class Balance(Finding):
    """Cross-entropy beside another loss on the same data and networks."""

    setting: str
    ce: Runs
    own: Runs
    simplex: dict[str, tuple[float, float]]  # by label: ratio of lengths, least cosine

    alt = (
        "R/A of each class over its number of examples, its slope over the epochs, and the recall "
        "of many, medium and few; the numbers are listed below."
    )

    @property
    def gained(self) -> Interval:
        """Recall of the three rarest classes, paired by seed."""
        return Interval.of(self.own.rarest - self.ce.rarest)

    @property
    def parts(self) -> tuple[Part, ...]:
        ce, own = (Interval.of(runs.slope[:, 0]) for runs in (self.ce, self.own))
        lengths, along = self.simplex[self.own.label]
        return (
            Part(
                "under cross-entropy a rare row is mostly pushed",
                ce.high < STEEP,
                f"the slope of R/A under cross-entropy is {ce}, not near -1.",
                "at the start the logits are nearly equal, and R/A is close to the formula's.",
                "look at attraction_and_repulsion: own examples in column 0, the others in 1.",
            ),
            Part(
                f"{self.own.label} starts in balance",
                own.low > -FLAT and own.high < FLAT,
                f"with your loss the slope of R/A is {own}; in balance it is 0.",
                "a rival's term must count n_k / n_y times: -1 is plain cross-entropy, -2 the "
                "ratio upside down.",
                "compare your loss of one example with the fraction, at logits 0.",
            ),
            Part(
                "the rarest classes are recognised more often",
                self.gained.low > CLEAR,
                f"with your loss the recall of the three rarest changes by {self.gained}.",
                "balance at the start is not enough; the logits must end up shifted as well.",
                "look where the counts stand: inside the sum over the rivals, not before the loss.",
            ),
            Part(
                "a simplex is pulled evenly",
                lengths < EQUAL and along > ALONG,
                f"at a simplex the longest gradient of a row is {lengths:.2f} times the shortest, "
                f"and the least cosine with its own feature is {along:.2f}.",
                "rows and features of equal length and angles should be drawn out alike.",
                "add log n to the logits of all classes, and take the mean over the examples.",
            ),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        head = ("", "slope of R/A, start", "at the end", "recall, three rarest")
        rows = [
            (
                runs.label,
                str(Interval.of(runs.slope[:, 0])),
                str(Interval.of(runs.slope[:, -1])),
                str(Interval.of(runs.rarest)),
            )
            for runs in (self.ce, self.own)
        ]
        return [head, *rows, ("difference", "", "", str(self.gained))]

    def __str__(self) -> str:
        at_simplex = ", ".join(
            f"{label} {lengths:.2f}" for label, (lengths, _) in self.simplex.items()
        )
        return f"{super().__str__()}\nAt a simplex, longest over shortest gradient: {at_simplex}"

    def figure(self) -> Figure:
        labels = (self.ce.label, self.own.label)
        runs = (self.ce, self.own)
        return balance(
            self.ce.counts,
            {label: r.ratio[:, 0] for label, r in zip(labels, runs, strict=True)},
            {label: r.slope for label, r in zip(labels, runs, strict=True)},
            {label: r.recall for label, r in zip(labels, runs, strict=True)},
        )


def attraction_balances(
    losses: Losses | None = None,
    *,
    forces: Forces | None = None,
    seeds: Iterable[int] = range(6),
    epochs: int = EPOCHS,
) -> Balance:
    """Train with cross-entropy and with ``losses`` (None: ARB-Loss), once a seed, and compare.

    ``losses(logits [n, C], y [n], counts [C]) -> [n]`` and ``forces(pushes [n, C], y [n]) -> [C,
    2]`` may be a learner's own. Six seeds take about five seconds. Raises ValueError for fewer than
    two seeds, and for functions that return something else.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    label = "ARB-Loss" if losses is None else "your loss"
    seen_by = forces or attraction_and_repulsion
    return Balance(
        f"digits, ten classes, rho = {RHO}, {len(seeds)} seeds, {epochs} epochs",
        measure("cross-entropy", None, seen_by, seeds, epochs),
        measure(label, losses or arb_losses, seen_by, seeds, epochs),
        {"cross-entropy": at_the_simplex(None), label: at_the_simplex(losses or arb_losses)},
    )


if __name__ == "__main__":
    print(attraction_balances())

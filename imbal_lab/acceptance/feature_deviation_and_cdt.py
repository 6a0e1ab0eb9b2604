"""Feature deviation and class-dependent temperatures: is it there, and does your loss answer it?

Ye, Chen, Zhan, Chao, 2020 (arXiv 2001.01385), figure 1 at small scale: five digits with 100
images and five with 5, and a perceptron that gets all training images right. Test features of
rare classes lie away from the training features, and a loss with temperatures makes up for it.
`python -m imbal_lab.acceptance.feature_deviation_and_cdt` prints the table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure
from torch import Tensor, nn

from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.acceptance.own_loss import OwnLoss
from imbal_lab.acceptance.trained_digits import (
    GAMMA,
    RHO,
    Trained,
    by_group,
    of_rare,
    rare_over_frequent,
    train_digits,
)
from imbal_lab.figures.over_groups import over_groups
from imbal_lab.instruments.feature_deviation import Measure
from imbal_lab.methods import CDTLoss, feature_deviation
from imbal_lab.training.interval import Interval

Loss = Callable[[Tensor, Tensor, Tensor, float], Tensor]

CLEAR = 0.1  # a gap between training and test must be above this with its whole interval


@dataclass(frozen=True, eq=False)
class DeviationAndCDT(Finding):
    """Cross-entropy beside another loss on the same data and networks."""

    setting: str
    plain: Trained
    own: Trained

    alt = (
        "Left: recall of frequent and of rare classes, in training and at test; right: distance of "
        "their training features from their test features. The numbers are listed below."
    )

    @property
    def overfits(self) -> Interval:
        """Training minus test recall of the rare classes, cross-entropy."""
        return of_rare(self.plain.train_recall - self.plain.recall)

    @property
    def by_size(self) -> Interval:
        """ln of rare / frequent that goes away when as few are drawn of every class."""
        naive, fair = map(rare_over_frequent, (self.plain.naive, self.plain.deviation))
        return Interval.of(naive.log() - fair.log())

    @property
    def excess(self) -> Interval:
        """rare / frequent of the deviation over rare / frequent of the null."""
        return Interval.of(
            rare_over_frequent(self.plain.deviation) / rare_over_frequent(self.plain.null)
        )

    @property
    def gain(self) -> Interval:
        """Test recall of the rare classes, the other loss minus cross-entropy."""
        return of_rare(self.own.recall - self.plain.recall)

    @property
    def balanced_gain(self) -> Interval:
        """The same over all classes."""
        return Interval.of((self.own.recall - self.plain.recall).mean(dim=1))

    @property
    def lost_by_dividing(self) -> Interval:
        """Test recall of the rare classes, raw logits minus divided ones."""
        return of_rare(self.own.recall - self.own.divided)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (
            Part(
                "cross-entropy over-fits the rare classes",
                self.overfits.low > CLEAR,
                f"training minus test recall of the rare classes is {self.overfits}.",
                f"{self.setting}: too few steps to fit the training set, or too few seeds.",
                "take more steps, or more seeds.",
            ),
            Part(
                "rare classes look further away merely because they are few",
                self.by_size.low > 0,
                f"with as few drawn of each class, ln(rare / frequent) falls by {self.by_size}.",
                "with all examples at once, a mean of five is compared with a mean of a hundred.",
                "look at feature_deviation: does it use the rows that draws names, draw by draw?",
            ),
            Part(
                "rare classes deviate more than the null explains",
                self.excess.low > 1,
                f"rare / frequent over that of test against test is {self.excess}, and 1 is none.",
                "a measure of how wide a cloud is says little about how far it has moved.",
                "look at feature_deviation: average K examples first, then take the distance.",
            ),
            Part(
                f"{self.own.label} raises the test recall of the rare classes",
                self.gain.low > 0,
                f"with your loss it changes by {self.gain}.",
                "training did not ask for larger logits of the rare classes.",
                "look at cdt_loss: is column c divided by a_c, and is a_c larger for rare classes?",
            ),
            Part(
                "the mean over all classes rises with it",
                self.balanced_gain.low > 0,
                f"with your loss the balanced recall changes by {self.balanced_gain}.",
                "the frequent classes lost more than the rare ones won.",
                "look at cdt_temperatures: are they too hot? The largest class has exactly 1.",
            ),
            Part(
                "dividing at test time takes the gain back",
                self.lost_by_dividing.low > 0,
                f"raw minus divided logits, rare classes: {self.lost_by_dividing}.",
                "rare logits are not larger than the others, so there is nothing to take back.",
                "look at cdt_loss: logits are divided, by temperatures of 1 or more.",
            ),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        head = (
            "",
            "recall, rare",
            "divided at test",
            "all at once",
            "as few drawn",
            "test against test",
        )
        rows = [
            (
                runs.label,
                *(str(of_rare(values)) for values in (runs.recall, runs.divided)),
                *(
                    str(Interval.of(rare_over_frequent(values)))
                    for values in (runs.naive, runs.deviation, runs.null)
                ),
            )
            for runs in (self.plain, self.own)
        ]
        return [head, *rows, ("difference", str(self.gain), "", "", "", "")]

    def figure(self) -> Figure:
        recall = {
            "training, cross-entropy": self.plain.train_recall,
            f"test, {self.own.label}": self.own.recall,
            "test, cross-entropy": self.plain.recall,
        }
        distance = {
            "as few drawn of every class": self.plain.deviation,
            "all at once": self.plain.naive,
            "test against test": self.plain.null,
        }
        panels = {"Recall": recall, "Distance of training and test features": distance}
        grouped = {
            title: {label: by_group(values) for label, values in lines.items()}
            for title, lines in panels.items()
        }
        return over_groups(grouped, ("classes of 100", "classes of 5"))


def feature_deviation_and_cdt(
    loss: Loss | None = None,
    *,
    deviation: Measure | None = None,
    seeds: Iterable[int] = range(8),
    steps: int = 480,
) -> DeviationAndCDT:
    """Train with cross-entropy and with ``loss`` (None: CDT), once a seed, and compare.

    ``loss(logits, y, counts, gamma)`` and ``deviation(train, test, draws)`` may be a learner's own.
    Eight seeds take about eight seconds. Raises ValueError for fewer than two seeds, and whatever
    :func:`imbal_lab.training.fit` raises.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    label = "CDT" if loss is None else "your loss"
    criterion = partial(CDTLoss, gamma=GAMMA) if loss is None else partial(_of_learner, loss)
    measure = deviation or feature_deviation
    return DeviationAndCDT(
        f"digits, rho = {RHO:g}, gamma = {GAMMA:g}, {len(seeds)} seeds, {steps} steps",
        train_digits("cross-entropy", lambda _: nn.CrossEntropyLoss(), measure, seeds, steps),
        train_digits(label, criterion, measure, seeds, steps),
    )


def _of_learner(loss: Loss, counts: Iterable[int]) -> nn.Module:
    return OwnLoss(loss, tuple(counts), GAMMA)


if __name__ == "__main__":
    print(feature_deviation_and_cdt())

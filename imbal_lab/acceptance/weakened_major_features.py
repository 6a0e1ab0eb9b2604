"""Procrustean training: does weakening the major features let the classes progress alike?

Ye, Zhan, Chao, ICCV 2021 (arXiv 2104.01769), at small scale. Plain training first under-fits the
minor classes, whose feature gradients are then the longer ones, and ends by over-fitting them.
`python -m imbal_lab.acceptance.weakened_major_features` prints the table.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure
from torch import Tensor

from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.figures.progress import progress
from imbal_lab.methods import class_strengths, feature_gradients, weaken_features
from imbal_lab.methods.mfw import Mix
from imbal_lab.training.interval import Interval
from imbal_lab.training.weakened import Gradients, Runs, Strengths, Weakening, halves, measure

UNSEEN = 0.1  # training accuracy of classes that are not learnt yet
PULLS_HARDER = 1.5
SMALLER_GAP, SMALLER_RATIO = -0.1, -0.1
LEARNT = 0.7


@dataclass(frozen=True, eq=False)
class WeakenedFeatures(Finding):
    """Plain training beside training with weakened features, same data, networks and batches."""

    setting: str
    plain: Runs
    own: Runs

    alt = (
        "Training accuracy, test accuracy and feature gradients of major and minor classes over "
        "the epochs, a row for each way of training; the numbers are listed below."
    )

    @property
    def gap(self) -> Interval:
        """How much smaller the lead of the major classes gets, paired by seed."""
        return Interval.of(self.own.gap - self.plain.gap)

    @property
    def log_ratio(self) -> Interval:
        """How much the ln of the minor classes' pull over the major ones' changes."""
        return Interval.of(self.own.log_ratio - self.plain.log_ratio)

    @property
    def minor(self) -> Interval:
        """How much better minor classes are recognised on the test set at the end."""
        return Interval.of(_end(self.own)[1] - _end(self.plain)[1])

    @property
    def parts(self) -> tuple[Part, ...]:
        major, minor = halves(self.plain.progress[:, 2])
        early, ahead = Interval.of(minor), Interval.of(major)
        ratio = Interval.of(self.plain.log_ratio.exp())
        learnt = Interval.of(halves(self.own.progress[:, -1])[0])
        return (
            Part(
                "plain training first under-fits minor classes",
                early.high < UNSEEN < ahead.low,
                f"after two epochs {early} of their training examples are right, {ahead} of the "
                "major ones.",
                f"{self.setting}: too little imbalance, or too few seeds.",
                "take a larger rho, or more seeds.",
            ),
            Part(
                "minor classes pull harder at the features",
                ratio.low > PULLS_HARDER,
                f"in plain training, minor over major by your gradients: {ratio}.",
                "what is not fitted yet has the longer feature gradient, however rare it is.",
                "look at feature_gradients: lengths first, then the mean over the class's own.",
            ),
            Part(
                f"{self.own.label} lets the classes progress more alike",
                self.gap.high < SMALLER_GAP,
                f"the lead of the major classes changes by {self.gap}.",
                "major classes are still fitted first; perhaps nothing, or everybody, is weakened.",
                "print class_strengths: 0.7 for the major, 1 for the minor; who gets which?",
            ),
            Part(
                "their feature gradients become more alike",
                self.log_ratio.high < SMALLER_RATIO,
                f"ln(minor / major) of the pulls changes by {self.log_ratio}.",
                "weakened major examples stay hard, so they keep on pulling; here they do not.",
                "compare one row of weaken_features with its own features and its partner's.",
            ),
            Part(
                "minor classes are recognised better on the test set",
                self.minor.low > 0,
                f"test accuracy of the minor classes changes by {self.minor}.",
                "equal progress alone is not enough, if it is bought with wrong features.",
                "check that minor rows come out of weaken_features as they went in.",
            ),
            Part(
                "major classes are learnt all the same",
                learnt.low > LEARNT,
                f"only {learnt} of their training examples are right at the end.",
                "so much was taken away that their label no longer fits their features.",
                "no share may be below lam_min: the example must outweigh its partner.",
            ),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        """A row each measure; how the pull changes is a factor, all else a difference."""
        plain, own = self.plain, self.own
        pairs = {
            "lead of major": (plain.gap, own.gap),
            "minor test acc": (_end(plain)[1], _end(own)[1]),
            "all test acc": tuple(runs.recall[:, -1].mean(dim=1) for runs in (plain, own)),
            "minor overfit": (plain.overfit, own.overfit),
        }
        rows = [
            (name, str(Interval.of(a)), str(Interval.of(b)), str(Interval.of(b - a)))
            for name, (a, b) in pairs.items()
        ]
        ratios = (str(Interval.of(runs.log_ratio.exp())) for runs in (plain, own))
        factor = Interval(*map(math.exp, self.log_ratio))
        return [
            ("", plain.label, own.label, "change"),
            rows[0],
            ("pull ratio", *ratios, f"x {factor}"),
            *rows[1:],
        ]

    def figure(self) -> Figure:
        return progress(
            {
                runs.label: {
                    "Training accuracy": halves(runs.progress),
                    "Test accuracy": halves(runs.recall),
                    "Feature gradients, mean length": halves(runs.pull),
                }
                for runs in (self.plain, self.own)
            }
        )


def _end(runs: Runs) -> tuple[Tensor, Tensor]:
    return halves(runs.recall[:, -1])


def weakened_major_features(
    strengths: Strengths | None = None,
    *,
    weaken: Mix | None = None,
    gradients: Gradients | None = None,
    rho: float = 20,
    seeds: Iterable[int] = range(5),
    epochs: int = 14,
) -> WeakenedFeatures:
    """Train plainly and with weakened features, once a seed, and compare.

    ``strengths(counts, lam_min)``, ``weaken(features, y, partner, strengths)`` and
    ``gradients(logits, y, weight)`` may be a learner's own (None: the library's); features
    are mixed after the first block, lam_min is 0.7. Five seeds take about 15 seconds. Raises
    ValueError for fewer than two seeds, fewer than two epochs, and for what returns another shape.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    if epochs < 2:
        raise ValueError(f"epochs={epochs}: use at least two, and some more to see anything")
    label = "MFW" if strengths is None and weaken is None else "your weakening"
    own = gradients or feature_gradients
    weakening = Weakening(strengths or class_strengths, weaken or weaken_features)
    run = partial(measure, rho=rho, seeds=seeds, epochs=epochs)
    return WeakenedFeatures(
        f"curves, rho = {rho:g}, {len(seeds)} seeds, {epochs} epochs",
        run("plain", own, None),
        run(label, own, weakening),
    )


if __name__ == "__main__":
    print(weakened_major_features())

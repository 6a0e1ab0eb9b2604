"""Mean IoU or mean recall: which loss is ahead in segmentation, and when?

Xie, Yang, Cai, He, Neurocomputing 527 (2023) (arXiv 2204.08735) report gains in segmentation. At
small scale the mean recall is higher throughout; the mean IoU is higher early in training and
lower once cross-entropy has been trained for long. `python -m imbal_lab.acceptance.iou_or_recall`
prints it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.figure import Figure
from torch import Tensor

from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.acceptance.own_losses import Losses
from imbal_lab.acceptance.pixels import EVERY, RHO, STEPS, MeanIoU, Runs, measure
from imbal_lab.figures.two_losses import two_losses
from imbal_lab.methods import arb_losses, mean_iou
from imbal_lab.training.interval import Interval

EARLY = 1  # which record: step 100
CLEAR = 0.01  # a difference must be beyond this with its whole interval


@dataclass(frozen=True, eq=False)
class TradeOff(Finding):
    """Cross-entropy beside another loss on the same images and networks."""

    setting: str
    ce: Runs
    own: Runs

    alt = "Mean IoU and mean recall over the steps, for two losses; the numbers are listed below."

    def gain(self, what: str, moment: int) -> Interval:
        """Own loss minus cross-entropy in "iou" or "recall", paired by seed."""
        own, ce = (getattr(runs, what)[:, moment] for runs in (self.own, self.ce))
        return Interval.of(own - ce)

    @property
    def parts(self) -> tuple[Part, ...]:
        early, late = self.gain("iou", EARLY), self.gain("iou", -1)
        recall = self.gain("recall", -1)
        return (
            Part(
                "early, its mean IoU is above that of cross-entropy",
                early.low > CLEAR,
                f"at step {EVERY} the mean IoU differs by {early}.",
                "after few steps cross-entropy calls nearly everything background.",
                "look at mean_iou: does every class have the same say, the background too?",
            ),
            Part(
                "late, its mean IoU is below",
                late.high < -CLEAR,
                f"at the end the mean IoU differs by {late}.",
                "false alarms of rare classes are many, since the background is large.",
                "look at mean_iou: is a pixel that is called k, but is not k, in the union?",
            ),
            Part(
                "late, its mean recall is above all the same",
                recall.low > CLEAR,
                f"at the end the mean recall differs by {recall}.",
                "a loss that asks more of rare classes finds more of their pixels.",
                "look at your loss: the factor of rival k is n_k / n_y, not n_y / n_k.",
            ),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        head = ("", f"mean IoU, step {EVERY}", "at the end", "mean recall, at the end")
        rows = [
            (runs.label, _at(runs.iou, EARLY), _at(runs.iou, -1), _at(runs.recall, -1))
            for runs in (self.ce, self.own)
        ]
        gains = (self.gain("iou", EARLY), self.gain("iou", -1), self.gain("recall", -1))
        return [head, *rows, ("difference", *map(str, gains))]

    def figure(self) -> Figure:
        return two_losses(
            EVERY,
            {
                "Mean IoU": {runs.label: runs.iou for runs in (self.ce, self.own)},
                "Mean recall": {runs.label: runs.recall for runs in (self.ce, self.own)},
            },
        )


def iou_or_recall(
    losses: Losses | None = None,
    *,
    iou: MeanIoU | None = None,
    seeds: Iterable[int] = range(5),
    steps: int = STEPS,
) -> TradeOff:
    """Train with cross-entropy and with ``losses`` (None: ARB-Loss), once a seed, and compare.

    ``losses(logits [n, C], y [n], counts [C]) -> [n]`` and ``iou(predictions, y, num_classes)`` may
    be a learner's own. Five seeds take about fifteen seconds. Raises ValueError for fewer than two
    seeds, and for functions that return something else.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    label, measured = "ARB-Loss" if losses is None else "your loss", iou or mean_iou
    return TradeOff(
        f"textures_seg pixel by pixel, rho = {RHO}, {len(seeds)} seeds, {steps} steps",
        measure("cross-entropy", None, measured, seeds, steps),
        measure(label, losses or arb_losses, measured, seeds, steps),
    )


def _at(values: Tensor, moment: int) -> str:
    return str(Interval.of(values[:, moment]))


if __name__ == "__main__":
    print(iou_or_recall())

"""Hard examples first: what a weight from each example's own loss gains, when, and for how long.

Qi, Xu, Jin, Yin, Yang, TMLR 2023 (arXiv 2012.06951), at small scale, beside momentum SGD and class
weights. `python -m imbal_lab.acceptance.hard_examples_first` prints the table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from imbal_lab.acceptance.by_weights import (
    EVERY,
    NOISY_STEPS,
    STAGE_TWO,
    STEPS,
    ByWeights,
    Weights,
    on_digits,
    on_wrong_labels,
)
from imbal_lab.acceptance.direction_bias import Normaliser, bias
from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.figures.steps_over_seeds import Panel, steps_over_seeds
from imbal_lab.methods import (
    ClassWeightedLoss,
    absgd_weights,
    inverse_frequency_weights,
    running_normaliser,
)
from imbal_lab.training.interval import Interval

LEAN, TRUST = 2.0, -1.5  # lambda on rare classes, and on wrong labels
GAMMA = 0.1
EARLY = 60  # steps
CLEAR = 0.02  # a difference of accuracies must be above this with its whole interval
SEEDS = range(10, 16)  # not those on which the settings were chosen


@dataclass(frozen=True, eq=False)
class HardExamples(Finding):
    """What was measured, S seeds, T recorded steps: accuracies [S, T], biases [S]."""

    setting: str
    label: str
    sgd: Tensor
    class_weights: Tensor
    own: Tensor
    shares: Tensor  # [S, T, 2] mean weight of the frequent and of the rare classes
    noisy_sgd: Tensor
    noisy_own: Tensor
    bias_alone: Tensor
    bias_with_history: Tensor

    alt = (
        "Three panels over training steps: balanced accuracy above that of SGD, for your weights "
        "and for class weights; mean weight of frequent and rare classes; accuracy with wrong "
        "labels. The numbers are listed below."
    )

    @property
    def lead(self) -> Tensor:
        """[S, T] of the weights over SGD, in balanced accuracy."""
        return self.own - self.sgd

    @property
    def lean(self) -> Tensor:
        """[S] mean weight of the rare classes over that of the frequent ones, early."""
        early = self.shares[:, EARLY // EVERY]
        return early[:, 1] / early[:, 0]

    @property
    def parts(self) -> tuple[Part, ...]:
        lean, early = Interval.of(self.lean), Interval.of(self.lead[:, EARLY // EVERY])
        faded = Interval.of(self.lead[:, EARLY // EVERY] - self.lead[:, -1])
        trust = Interval.of(self.noisy_own[:, -1] - self.noisy_sgd[:, -1])
        saved = Interval.of(self.bias_alone - self.bias_with_history)
        left = Interval.of(self.bias_with_history)
        return (
            Part(
                "rare classes get the larger weights early on",
                lean.low > 1.2,
                f"at step {EARLY} the mean weight of rare over frequent classes is {lean}.",
                "a class that is not learnt yet has the large losses; your weights do not follow.",
                "look at absgd_weights: does the weight rise with the loss for lam > 0?",
            ),
            Part(
                "hard examples first is ahead of SGD early on",
                early.low > CLEAR,
                f"at step {EARLY} your weights are ahead of SGD by {early}.",
                "weights of mean 1 keep the step as long as SGD's and turn it to hard examples.",
                "look at the mean of your weights, and at losses / lam in the exponent.",
            ),
            Part(
                "the lead fades as everything is learnt",
                faded.low > CLEAR,
                f"from step {EARLY} to step {STEPS} your lead over SGD falls by {faded} only.",
                "when all losses are near 0 the exponentials are near 1, and so are the weights.",
                "see what your weights are for losses that are all 0.001.",
            ),
            Part(
                "with lam < 0 wrong labels do less harm",
                trust.low > CLEAR,
                f"with lam = {TRUST:g} your weights change the accuracy by {trust}.",
                "a wrong label has a large loss; a negative lam should give it a small weight.",
                "keep the sign of lam in the exponent, and the mean of the weights at 1.",
            ),
            Part(
                "the running normaliser takes the bias out",
                saved.low > 0.1 and left.high < 0.3,
                f"the direction is off by {left} of its length, without history by "
                f"{Interval.of(self.bias_alone)}.",
                "the weights are the exponentials over u, an average of means over many batches.",
                "look at running_normaliser: which share has the new batch, and is it a log?",
            ),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        def row(name: str, values: Tensor, first: int) -> tuple[str, ...]:
            ends = (values[:, first // EVERY], values[:, -1])
            return (name, *(str(Interval.of(each)) for each in ends))

        ratio = self.shares[:, :, 1] / self.shares[:, :, 0]
        alone, history = Interval.of(self.bias_alone), Interval.of(self.bias_with_history)
        return [
            ("digits: balanced accuracy", f"step {EARLY}", f"step {STEPS}"),
            row("SGD", self.sgd, EARLY),
            row("class weights", self.class_weights, EARLY),
            row(f"{self.label}, lam = {LEAN:g}", self.own, EARLY),
            row(f"{self.label} minus SGD", self.lead, EARLY),
            row(f"{self.label} minus class weights", self.own - self.class_weights, EARLY),
            row("mean weight, rare over frequent", ratio, EARLY),
            ("wrong labels: accuracy", f"step {STAGE_TWO}", f"step {NOISY_STEPS}"),
            row("SGD", self.noisy_sgd, STAGE_TWO),
            row(f"{self.label}, lam = {TRUST:g}, second stage", self.noisy_own, STAGE_TWO),
            row("difference", self.noisy_own - self.noisy_sgd, STAGE_TWO),
            ("bias of the direction", "each batch alone", f"gamma = {GAMMA:g}"),
            ("batches of 16", str(alone), str(history)),
        ]

    def figure(self) -> Figure:
        digits, curves = (torch.arange(0, last + 1, EVERY) for last in (STEPS, NOISY_STEPS))
        leads = {self.label: self.lead, "class weights": self.class_weights - self.sgd}
        first = slice(0, 200 // EVERY + 1)
        weights = dict(zip(("frequent", "rare"), self.shares[:, first].unbind(dim=2), strict=True))
        noisy = {self.label: self.noisy_own, "SGD": self.noisy_sgd}
        stage = (STAGE_TWO, "λ < 0")
        return steps_over_seeds(
            (
                Panel("Digits: ahead of SGD by", digits, leads, even=0),
                Panel("Mean weight of a class", digits[first], weights, of_classes=True, even=1),
                Panel("Wrong labels: accuracy", curves, noisy, mark=stage),
            )
        )


@cache
def _beside(seeds: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """What needs no function of a learner's: SGD and class weights, SGD on wrong labels."""
    sgd, _ = on_digits(lambda counts: nn.CrossEntropyLoss(), seeds)
    weighted, _ = on_digits(
        lambda counts: ClassWeightedLoss(inverse_frequency_weights(counts)), seeds
    )
    return sgd, weighted, on_wrong_labels(nn.CrossEntropyLoss, seeds)


def hard_examples_first(
    weights: Weights | None = None,
    *,
    normaliser: Normaliser | None = None,
    seeds: Iterable[int] = SEEDS,
) -> HardExamples:
    """Train with ``weights(losses, lam)``, once a seed, beside SGD and class weights.

    ``normaliser(log_u, losses, lam, gamma)`` moves the running normaliser, on small batches at
    fixed parameters. None takes the library's. Six seeds take about twelve seconds; what needs
    neither function is kept for the next call. Raises ValueError for fewer than two seeds or
    weights that are not one an example.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    label = "ABSGD" if weights is None else "your weights"
    own, move = weights or absgd_weights, normaliser or running_normaliser
    biases = [[bias(own, move, gamma, seed) for seed in seeds] for gamma in (1.0, GAMMA)]
    lean, shares = on_digits(lambda counts: ByWeights(own, LEAN), seeds)
    trust = on_wrong_labels(lambda: ByWeights(own, TRUST), seeds)
    sgd, weighted, noisy = _beside(seeds)
    return HardExamples(
        f"ten digits, rho = 50; curves with 40 % wrong labels; {len(seeds)} seeds",
        label,
        sgd,
        weighted,
        lean,
        shares,
        noisy,
        trust,
        *map(torch.tensor, biases),
    )


if __name__ == "__main__":
    print(hard_examples_first())

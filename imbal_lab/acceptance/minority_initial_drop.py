"""The Minority Initial Drop: does it appear, and does a step of yours avoid it?

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), at small scale: two classes, one rare.
Under gradient descent the minority's loss first *rises*; under PCNGD with short steps it does
not. `python -m imbal_lab.acceptance.minority_initial_drop` prints the table on two data sets.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.figure import Figure

from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.figures.over_seeds import over_seeds
from imbal_lab.methods import class_gradients, gd_step, pcngd_step
from imbal_lab.methods.registry import Step
from imbal_lab.training.interval import Interval
from imbal_lab.training.loop import Gradients
from imbal_lab.training.minority_drop import DATA, LR, Runs, measure

CLEAR = 0.05  # a rise, or a difference of rises, must be above this with its whole interval


@dataclass(frozen=True, eq=False)
class MinorityDrop(Finding):
    """Gradient descent beside another step on the same data and networks."""

    setting: str
    gd: Runs
    own: Runs

    alt = "Loss of each class over steps, a panel a method; the numbers are listed below."

    @property
    def avoided(self) -> Interval:
        """How much less the minority rises with the other step, paired by seed."""
        return Interval.of(self.gd.rise - self.own.rise)

    @property
    def parts(self) -> tuple[Part, ...]:
        rise, own = Interval.of(self.gd.rise), Interval.of(self.own.rise)
        majority, minority = self.own.up_steps.sum(dim=0).tolist()
        worse = (self.own.change >= 0).any(dim=1).sum().item()
        return (
            Part(
                "the minority rises under gradient descent",
                rise.low > CLEAR,
                f"the minority rises by {rise} only.",
                f"{self.setting}: gradients that hardly disagree, or too few seeds.",
                "take a larger rho, or more seeds.",
            ),
            Part(
                f"{self.own.label} avoids it",
                self.avoided.low > CLEAR,
                f"with your step the minority rises by {own}; gradient descent: {rise}.",
                "the majority still decides where your step goes.",
                "look at pcngd_step: does each class's direction have length 1 before the sum?",
            ),
            Part(
                "no class's loss grows in any step",
                not self.own.up_steps.any(),
                f"with your step the majority's loss grew in {majority} steps, the minority's "
                f"in {minority}.",
                "for two classes a short PCNGD step lowers both losses.",
                "compare the length of your step with the formula's; one class may pull too hard.",
            ),
            Part(
                "every class's loss ends below its start",
                bool((self.own.change < 0).all()),
                f"with your step a class ends no better than it started, in {worse} of "
                f"{len(self.own.change)} seeds.",
                "a step that goes nowhere cannot hurt the minority either.",
                "look at the parameters before and after one step: do they move, and downhill?",
            ),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        head = ("", "step size", "rise of the minority", "up-steps maj/min", "recall drop")
        rows = [
            (
                runs.label,
                f"{LR:g}",
                str(Interval.of(runs.rise)),
                "{} / {}".format(*runs.up_steps.sum(dim=0).tolist()),
                str(Interval.of(runs.recall_drop)),
            )
            for runs in (self.gd, self.own)
        ]
        return [head, *rows, ("difference", "", str(self.avoided), "", "")]

    def figure(self) -> Figure:
        losses = {runs.label: runs.loss for runs in (self.gd, self.own)}
        return over_seeds(losses, ("majority", "minority"))


def minority_initial_drop(
    step: Step | None = None,
    *,
    gradients: Gradients | None = None,
    data: str = "digits",
    rho: float = 10,
    seeds: Iterable[int] = range(8),
    steps: int = 300,
) -> MinorityDrop:
    """Train with gradient descent and with ``step`` (None: PCNGD), once a seed, and compare.

    ``step`` and ``gradients`` may be a learner's own; gradient descent always uses the
    library's. ``data`` is "digits" (3 against 8) or "gauss2d_binary". Eight seeds take about
    seven seconds. Raises ValueError for other data or fewer than two seeds, and whatever
    :func:`imbal_lab.training.train` raises.
    """
    if data not in DATA:
        raise ValueError(f"data={data!r}: choose one of {', '.join(map(repr, DATA))}")
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    label = "PCNGD" if step is None else "your step"
    own = gradients or class_gradients
    return MinorityDrop(
        f"{data}, rho = {rho:g}, {len(seeds)} seeds, {steps} steps",
        measure("gradient descent", gd_step, class_gradients, data, rho, seeds, steps),
        measure(label, step or pcngd_step, own, data, rho, seeds, steps),
    )


if __name__ == "__main__":
    for name in DATA:
        print(minority_initial_drop(data=name), end="\n\n")

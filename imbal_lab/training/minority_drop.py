"""The Minority Initial Drop over seeds: does it appear, and does a step of yours avoid it?

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), at small scale: two classes, one rare.
Under gradient descent the minority's loss first *rises*; under PCNGD with short steps it does
not. Per seed (which draws the examples and the initial weights), with mean class losses F_l(t):

    rise = max_t F_1(t) - F_1(0)        up-steps of class l = number of t with F_l(t+1) > F_l(t)

`python -m imbal_lab.training.minority_drop` prints the table on two data sets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from imbal_lab.checks import CheckFailed
from imbal_lab.data import load
from imbal_lab.instruments import Recording
from imbal_lab.methods import class_gradients, gd_step, pcngd_step
from imbal_lab.methods.registry import Step
from imbal_lab.models import mlp
from imbal_lab.training.interval import Interval
from imbal_lab.training.loop import Gradients, train

DATA: dict[str, dict[str, Any]] = {
    "digits": {"classes": (3, 8), "n_max": 150, "n_test": 24},
    "gauss2d_binary": {"n_max": 200, "n_test": 250},
}
HIDDEN = (24, 24)
LR = 0.1  # of both, so that no difference is one of step size
CLEAR = 0.05  # a rise, or a difference of rises, must be above this with its whole interval
ROUNDING = 1e-10  # in double precision, a loss that grows by less has not grown


@dataclass(frozen=True, eq=False)
class Runs:
    """What one step did: S seeds, T recorded steps, two classes, the minority last."""

    label: str
    loss: Tensor  # [S, T, 2] mean training loss of each class
    recall: Tensor  # [S, T, 2] on the balanced test set

    @property
    def rise(self) -> Tensor:
        """[S] of the minority's loss above its start."""
        return self.loss[:, :, 1].amax(dim=1) - self.loss[:, 0, 1]

    @property
    def up_steps(self) -> Tensor:
        """[S, 2] steps in which the class's loss grew."""
        return (self.loss.diff(dim=1) > ROUNDING).sum(dim=1)

    @property
    def change(self) -> Tensor:
        """[S, 2] of the class's loss, last step minus first."""
        return self.loss[:, -1] - self.loss[:, 0]

    @property
    def recall_drop(self) -> Tensor:
        """[S] of the minority's recall below its start."""
        return self.recall[:, 0, 1] - self.recall[:, :, 1].amin(dim=1)


@dataclass(frozen=True, eq=False)
class MinorityDrop:
    """Gradient descent beside another step on the same data and networks."""

    setting: str
    gd: Runs
    own: Runs

    @property
    def losses(self) -> dict[str, Tensor]:
        """Label to mean class losses [S, T, 2], for a figure."""
        return {runs.label: runs.loss for runs in (self.gd, self.own)}

    @property
    def avoided(self) -> Interval:
        """How much less the minority rises with the other step, paired by seed."""
        return Interval.of(self.gd.rise - self.own.rise)

    @property
    def holds(self) -> dict[str, bool]:
        """The parts of the claim, in the order in which they are asked."""
        return {
            "the minority rises under gradient descent": Interval.of(self.gd.rise).low > CLEAR,
            f"{self.own.label} avoids it": self.avoided.low > CLEAR,
            "no class's loss grows in any step": not self.own.up_steps.any(),
            "every class's loss ends below its start": bool((self.own.change < 0).all()),
        }

    def check(self) -> None:
        """Raise CheckFailed, three lines, with the first part that does not hold."""
        failed = [part for part, holds in self.holds.items() if not holds]
        if failed:
            raise CheckFailed(self._three_lines(failed[0]))

    def _three_lines(self, part: str) -> tuple[str, str, str]:
        rise, own = Interval.of(self.gd.rise), Interval.of(self.own.rise)
        majority, minority = self.own.up_steps.sum(dim=0).tolist()
        worse = (self.own.change >= 0).any(dim=1).sum().item()
        seeds = len(self.own.change)
        what, why, advice = {
            "the minority rises under gradient descent": (
                f"the minority rises by {rise} only.",
                f"{self.setting}: gradients that hardly disagree, or too few seeds.",
                "take a larger rho, or more seeds.",
            ),
            f"{self.own.label} avoids it": (
                f"with your step the minority rises by {own}; gradient descent: {rise}.",
                "the majority still decides where your step goes.",
                "look at pcngd_step: does each class's direction have length 1 before the sum?",
            ),
            "no class's loss grows in any step": (
                f"with your step the majority's loss grew in {majority} steps, the minority's "
                f"in {minority}.",
                "for two classes a short PCNGD step lowers both losses.",
                "compare the length of your step with the formula's; one class may pull too hard.",
            ),
            "every class's loss ends below its start": (
                f"with your step a class ends no better than it started, in {worse} of {seeds} "
                "seeds.",
                "a step that goes nowhere cannot hurt the minority either.",
                "look at the parameters before and after one step: do they move, and downhill?",
            ),
        }[part]
        return f"✗ not shown that {part}: {what}", f"Why: {why}", f"Try: {advice}"

    def __str__(self) -> str:
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
        table = [head, *rows, ("difference", "", str(self.avoided), "", "")]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in table
        ]
        marks = [f"{'✓' if holds else '✗'} {part}" for part, holds in self.holds.items()]
        title = f"{self.setting}; mean over seeds [95 % interval]"
        return "\n".join([title, *(line.rstrip() for line in lines), *marks])


def minority_initial_drop(
    step: Step | None = None,
    *,
    gradients: Gradients = class_gradients,
    data: str = "digits",
    rho: float = 10,
    seeds: Iterable[int] = range(8),
    steps: int = 300,
) -> MinorityDrop:
    """Train with gradient descent and with ``step`` (None: PCNGD), once a seed, and compare.

    ``step`` and ``gradients`` may be a learner's own; gradient descent always uses the
    library's. ``data`` is "digits" (3 against 8) or "gauss2d_binary". Eight seeds take about
    seven seconds. Raises ValueError for other data or fewer than two seeds, and whatever
    :func:`train` raises.
    """
    if data not in DATA:
        raise ValueError(f"data={data!r}: choose one of {', '.join(map(repr, DATA))}")
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    label = "PCNGD" if step is None else "your step"
    return MinorityDrop(
        f"{data}, rho = {rho:g}, {len(seeds)} seeds, {steps} steps",
        measure("gradient descent", gd_step, class_gradients, data, rho, seeds, steps),
        measure(label, step or pcngd_step, gradients, data, rho, seeds, steps),
    )


def measure(
    label: str,
    step: Step,
    gradients: Gradients,
    data: str,
    rho: float,
    seeds: Iterable[int],
    steps: int,
) -> Runs:
    """Train once a seed, in double precision, and keep what the claim is about."""
    recordings = []
    for seed in seeds:
        dataset = load(data, rho=rho, seed=seed, **DATA[data]).to(torch.float64)
        model = mlp([dataset.x.shape[1], *HIDDEN, 2], seed=seed).double()
        run = train(dataset, model, step, lr=LR, steps=steps, gradients=gradients)
        recordings.append(Recording.of(run))
    loss, recall = (torch.stack([getattr(r, k) for r in recordings]) for k in ("loss", "recall"))
    return Runs(label, loss, recall)


if __name__ == "__main__":
    for name in DATA:
        print(minority_initial_drop(data=name), end="\n\n")

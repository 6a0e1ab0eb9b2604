"""Which remedy wins? On four kinds of data, judged with measures of yours.

Oversampling, class weights, the logit-adjusted loss (Menon et al., ICLR 2021, arXiv 2007.07314)
and a shift of the probabilities after training (Saerens, Latinne, Decaestecker 2002), against
plain cross-entropy. Nobody wins everywhere; that weights fade once everything is fitted is the
finding of Byrd and Lipton, ICML 2019 (arXiv 1812.03372), at small scale.
`python -m imbal_lab.acceptance.which_remedy_wins` prints the table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.figures.remedies import remedies_figure
from imbal_lab.methods import class_recalls, macro_f1, shifted_probabilities
from imbal_lab.training.interval import Interval
from imbal_lab.training.remedies import (
    ADJUSTED,
    APART,
    DIGITS,
    MEMORISED,
    OVERLAP,
    OVERSAMPLING,
    PLAIN,
    SITUATIONS,
    SMALL_STEP,
    WEIGHTS,
    Situation,
    Trained,
    measure,
)

Recalls = Callable[[Tensor, Tensor, int], Tensor]
F1 = Callable[[Tensor, Tensor, int], Tensor | float]
Shift = Callable[[Tensor, Tensor, Tensor], Tensor]

SHIFTED = "shifted after"
ROWS = (OVERSAMPLING, WEIGHTS, SMALL_STEP, ADJUSTED, SHIFTED)
CLEAR = 0.05  # a win must be above this with its whole interval
NOTHING = 0.025  # and what changes next to nothing lies within this of zero
EARLY = 1  # the record at which gains are called early: 100 steps


class Scores(NamedTuple):
    """One remedy on one kind of data, over S seeds."""

    balanced: Tensor  # [S] mean of the recalls
    accuracy: Tensor  # [S] share of the balanced test set that is right
    at_mix: Tensor  # [S] accuracy at the shares of training
    two_rarest: Tensor  # [S] mean recall of these
    too_sure: Tensor  # [S] mean of the largest probability, minus the accuracy
    f1: Tensor  # [S] macro-F1 on a test set with the shares of training, NaN where there is none


@dataclass(frozen=True, eq=False)
class Remedies(Finding):
    """Scores by kind of data and remedy, and gains on the way where the data are memorised."""

    setting: str
    scores: dict[Situation, dict[str, Scores]]
    step: Tensor  # [T] of these
    on_the_way: dict[str, Tensor]  # [S, T] gains in balanced accuracy on memorised curves
    fitted: Tensor  # [S, T] mean training recall of plain training there

    alt = (
        "Balanced accuracy of each remedy, a panel for each kind of data, and what remedies gain "
        "over the steps on memorised curves; the numbers are listed below."
    )

    def gain(self, kind: Situation, remedy: str, over: str = PLAIN) -> Interval:
        """Balanced accuracy, paired by seed."""
        of = self.scores[kind]
        return Interval.of(of[remedy].balanced - of[over].balanced)

    def f1_lost(self, remedy: str) -> Interval:
        """Macro-F1 at the training mix, plain minus remedy, where classes overlap."""
        of = self.scores[OVERLAP]
        return Interval.of(of[PLAIN].f1 - of[remedy].f1)

    @property
    def faded(self) -> Interval:
        """How much of oversampling's early gain is gone at the end, on memorised curves."""
        gains = self.on_the_way[OVERSAMPLING]
        return Interval.of(gains[:, EARLY] - gains[:, -1])

    @property
    def parts(self) -> tuple[Part, ...]:
        return (
            self._agree(),
            self._hidden(),
            self._overlap(),
            self._sure(),
            self._f1(),
            self._apart(),
            self._memorised(),
        )

    def _agree(self) -> Part:
        every = [scores for of in self.scores.values() for scores in of.values()]
        worst = max(((s.balanced - s.accuracy).abs().max().item() for s in every), default=0.0)
        return Part(
            "the mean of your recalls is the accuracy on a balanced test set",
            worst < 1e-4,
            f"they differ by up to {worst:.3g}.",
            "where every class has as many examples, both count the same hits.",
            "look at class_recalls: hits of a class over the examples of that class.",
        )

    def _hidden(self) -> Part:
        plain = self.scores[APART][PLAIN]
        mix, rarest = Interval.of(plain.at_mix), Interval.of(plain.two_rarest)
        return Part(
            "an accuracy above 99 % hides two states that are never found",
            mix.low > 0.99 and rarest.high < CLEAR,
            f"accuracy at the training mix {mix}, recall of the two rarest {rarest}.",
            "the recalls, weighed by the counts, make the accuracy; the rarest hardly count.",
            "does your class_recalls give one number a class, in the order of the labels?",
        )

    def _overlap(self) -> Part:
        remedies = (OVERSAMPLING, WEIGHTS, ADJUSTED, SHIFTED)
        return Part(
            "where classes overlap, every remedy gains",
            all(self.gain(OVERLAP, remedy).low > CLEAR for remedy in remedies),
            self._seen(OVERLAP, SHIFTED),
            "there only the mix is wrong, and anything that corrects the mix helps.",
            "look at shifted_probabilities: new share over old share, then rows that sum to 1.",
        )

    def _sure(self) -> Part:
        before = Interval.of(self.scores[OVERLAP][PLAIN].too_sure)
        after = Interval.of(self.scores[OVERLAP][SHIFTED].too_sure)
        return Part(
            "your shift makes the model as sure as it is right there",
            before.low > CLEAR and after.low > -CLEAR and after.high < CLEAR,
            f"sure minus right was {before} and is {after} after your shift.",
            "probabilities that were right for one mix are right for the next after the shift.",
            "do the rows of shifted_probabilities sum to 1?",
        )

    def _f1(self) -> Part:
        lost = {remedy: self.f1_lost(remedy) for remedy in (ADJUSTED, SHIFTED)}
        return Part(
            "macro-F1 at the training mix turns that round: the shift loses",
            all(each.low > 0 for each in lost.values()),
            f"macro-F1 of plain training minus that of the shift: {lost[SHIFTED]}.",
            "at that mix the false alarms of the many outweigh what is found of the few.",
            "look at macro_f1: how often a class was guessed stands below the fraction bar.",
        )

    def _apart(self) -> Part:
        others = (WEIGHTS, ADJUSTED, SHIFTED)
        return Part(
            "on rare states that lie apart, oversampling wins",
            all(self.gain(APART, OVERSAMPLING, over).low > CLEAR for over in others),
            self._seen(APART, OVERSAMPLING),
            "these states must be seen often enough, in steps that are not too large.",
            "the runs are the library's: do your recalls give one number a class?",
        )

    def _memorised(self) -> Part:
        weights, shift = self.gain(MEMORISED, WEIGHTS), self.gain(MEMORISED, SHIFTED)
        return Part(
            "on memorised curves weights end with next to nothing, and your shift gains",
            weights.low > -NOTHING
            and weights.high < NOTHING
            and self.faded.low > 0
            and shift.low > 0,
            f"gain of the weights {weights}, of your shift {shift}.",
            "weights act through the loss, and that of fitted examples is near zero; a shift "
            "acts on the decision.",
            "look at shifted_probabilities: which class has the largest factor?",
        )

    def _seen(self, kind: Situation, remedy: str) -> str:
        return f"on the {kind.label} '{remedy}' gains {self.gain(kind, remedy)}."

    @property
    def table(self) -> list[tuple[str, ...]]:
        kinds = (OVERLAP, APART, MEMORISED)
        plain, shifted = ([self.scores[kind][r] for kind in kinds] for r in (PLAIN, SHIFTED))
        digits = (OVERSAMPLING, WEIGHTS, SHIFTED)
        return [
            ("in per cent", *(kind.label for kind in kinds)),
            ("plain: accuracy, training mix", *(per_cent(s.at_mix) for s in plain)),
            ("plain: balanced accuracy", *(per_cent(s.balanced) for s in plain)),
            ("gain in balanced accuracy of", "", "", ""),
            *((f"  {row}", *(self._gained(kind, row) for kind in kinds)) for row in ROWS),
            ("sure minus right, plain", *(per_cent(s.too_sure) for s in plain)),
            ("  after the shift", *(per_cent(s.too_sure) for s in shifted)),
            ("macro-F1, training mix, plain", *(per_cent(s.f1) for s in plain)),
            ("  after the shift", *(per_cent(s.f1) for s in shifted)),
            ("on digits, the gain of", *digits),
            ("", *(self._gained(DIGITS, row) for row in digits)),
        ]

    def _gained(self, kind: Situation, remedy: str) -> str:
        of = self.scores[kind]
        return per_cent(of[remedy].balanced - of[PLAIN].balanced) if remedy in of else ""

    def figure(self) -> Figure:
        shown = {
            kind.label: {
                row: (of[row].balanced, of[row].at_mix) for row in (PLAIN, *ROWS) if row in of
            }
            for kind, of in self.scores.items()
            if kind is not DIGITS
        }
        return remedies_figure(shown, self.step, self.on_the_way, self.fitted)


def per_cent(values: Tensor) -> str:
    """Mean and interval in per cent, to a tenth; empty for NaN."""
    if values.isnan().any():
        return ""
    mean, low, high = (round(end, 1) + 0.0 for end in Interval.of(100 * values))  # no -0.0
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def which_remedy_wins(
    recalls: Recalls | None = None,
    *,
    f1: F1 | None = None,
    shift: Shift | None = None,
    seeds: Iterable[int] = range(6),
) -> Remedies:
    """Train plainly and with three remedies on four kinds of data, once a seed, and judge.

    ``recalls``, ``f1`` and ``shift`` may be a learner's own (None: the library's). Six seeds take
    about twelve seconds. Raises ValueError for fewer than two seeds, and for functions that give
    other shapes than the library's.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    trained = {kind: measure(kind, seeds) for kind in SITUATIONS}
    return judged(trained, recalls or class_recalls, f1 or macro_f1, shift or shifted_probabilities)


def judged(
    trained: dict[Situation, dict[str, list[Trained]]], recalls: Recalls, f1: F1, shift: Shift
) -> Remedies:
    """What these measures say of runs that were trained before."""
    judge = Judge(recalls, f1, shift)
    curves = trained[MEMORISED]
    plain = stacked(curves[PLAIN], "balanced")
    return Remedies(
        f"step size 0.05, {len(curves[PLAIN])} seeds",
        {kind: judge.scores(of, mixed=kind is OVERLAP) for kind, of in trained.items()},
        curves[PLAIN][0].step,
        {r: stacked(curves[r], "balanced") - plain for r in (OVERSAMPLING, WEIGHTS, ADJUSTED)},
        stacked(curves[PLAIN], "fitted"),
    )


def stacked(runs: list[Trained], what: str) -> Tensor:
    """One of the runs' curves, over the seeds: [S, T]."""
    return torch.stack([getattr(run, what) for run in runs])


class Judge(NamedTuple):
    """The three measures, a learner's own or the library's."""

    recalls: Recalls
    f1: F1
    shift: Shift

    def scores(self, runs: dict[str, list[Trained]], mixed: bool) -> dict[str, Scores]:
        """Of every remedy; ``mixed`` if the test set is large enough to have the training mix."""
        found = {
            remedy: self._over_seeds([(run, run.logits.double().softmax(1)) for run in of], mixed)
            for remedy, of in runs.items()
        }
        return found | {
            SHIFTED: self._over_seeds([(run, self._shifted(run)) for run in runs[PLAIN]], mixed)
        }

    def _shifted(self, run: Trained) -> Tensor:
        """Probabilities of the run for equal shares."""
        probs = run.logits.double().softmax(dim=1)
        equal = torch.full_like(run.mix, 1 / len(run.mix))
        return expect("shift", self.shift(probs.clone(), run.mix, equal), probs.shape)

    def _over_seeds(self, of: list[tuple[Trained, Tensor]], mixed: bool) -> Scores:
        rows = [self._score(run, probs, mixed) for run, probs in of]
        return Scores(*(torch.stack(column) for column in zip(*rows, strict=True)))

    def _score(self, run: Trained, probs: Tensor, mixed: bool) -> tuple[Tensor, ...]:
        guesses, classes = probs.argmax(dim=1), len(run.mix)
        recalls = expect("recalls", self.recalls(guesses, run.y, classes), (classes,))
        accuracy = (guesses == run.y).double().mean()
        f1 = torch.tensor(torch.nan, dtype=torch.float64)
        if mixed:
            rows = at_training_mix(run)
            f1 = torch.as_tensor(self.f1(guesses[rows], run.y[rows], classes))
            f1 = expect("f1", f1, ())
        too_sure = probs.amax(dim=1).mean() - accuracy
        return recalls.mean(), accuracy, run.mix @ recalls, recalls[-2:].mean(), too_sure, f1


def at_training_mix(run: Trained) -> Tensor:
    """Rows of the test set in which the classes occur as often as in training."""
    each = [(run.y == k).nonzero()[:n, 0] for k, n in enumerate(run.counts)]
    return torch.cat(each)


def expect(argument: str, given: Tensor, shape: Iterable[int]) -> Tensor:
    """``given`` off the graph in double precision; ValueError unless it has this shape."""
    if not isinstance(given, Tensor) or given.shape != torch.Size(shape):
        kind = list(given.shape) if isinstance(given, Tensor) else type(given).__name__
        raise ValueError(f"{argument}: must return a tensor of shape {list(shape)}, gave {kind}")
    return given.detach().double()


if __name__ == "__main__":
    print(which_remedy_wins())

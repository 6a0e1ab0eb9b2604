"""Mini-batches: is the rare class's direction the noisier one, and do your functions repair it?

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), at small scale: threes and eights, 150
to 15, in batches of 22. `python -m imbal_lab.acceptance.minibatch_noise` prints the table.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor

from imbal_lab import methods
from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.data import ClassBatches
from imbal_lab.figures import style
from imbal_lab.figures.over_seeds import losses_over_seeds, noise_over_sizes
from imbal_lab.methods.registry import Step
from imbal_lab.training.arrival import BATCH, Arrivals, Draw, arrivals
from imbal_lab.training.batch_noise import Point, Projections, class_weighted_gradients
from imbal_lab.training.interval import Interval

Weights = Callable[[Tensor], Tensor]
SIZES = (1, 2, 5, 10, 20)
EARLY, LATE = 30, 100  # steps of PCNGD before the noise is measured
CLEAR, NOISIER, EVEN, SAME = 0.3, 0.1, 0.1, 1e-6


@dataclass(frozen=True, eq=False)
class Noise:
    """Projections of both classes, S seeds: a mean over batches, the minority last."""

    natural: Tensor  # [S, 2]
    weighted: Tensor  # [S, 2] the same batches, with class weights in the loss
    oversampled: Tensor  # [S, 2]
    late: Tensor  # [S, 2] oversampled too, but later in training
    sizes: Tensor  # [S, K, 2] by the number of the class's examples in a batch
    change: Tensor  # [S] the largest of a projection that class weights make

    @property
    def slope(self) -> Tensor:
        """[S, 2] of log(1/p^2 - 1) on the logarithm of the number of examples."""
        x = torch.tensor(SIZES, dtype=torch.float64).log()
        x = x - x.mean()
        return torch.einsum("skc,k->sc", (self.sizes**-2 - 1).log(), x) / x.square().sum()


@dataclass(frozen=True, eq=False)
class MinibatchNoise(Finding):
    """What was measured of the noise, and four ways to train on the same data and networks."""

    setting: str
    noise: Noise
    balanced: Arrivals  # PCNSGD at rho = 1
    sgd: Arrivals
    plain: Arrivals  # PCNSGD
    rescaled: Arrivals
    oversampled: Arrivals

    alt = (
        "Projection of both classes over the number of their examples in a batch, and loss of each "
        "class over steps in three panels, a method each; the numbers are listed below."
    )

    @property
    def parts(self) -> tuple[Part, ...]:
        gap = Interval.of(_gap(self.noise.natural))
        even = Interval.of(_gap(self.noise.oversampled))
        slope = Interval.of(self.noise.slope[:, 1])
        change = self.noise.change.max().item()
        late = Interval.of(self.plain.lag - self.balanced.lag)
        return (
            Part(
                "the rare class's direction is the noisier one",
                gap.low > NOISIER,
                f"majority minus minority, p is {gap}.",
                "with 20 threes and 2 eights in a batch, p of the eights is clearly the smaller.",
                "look at projections: the cosine of each class with its own full-batch gradient?",
            ),
            Part(
                "its noise falls as one over the number of its examples",
                slope.low > -1.25 and slope.high < -0.75,
                f"1/p² - 1 has the log-log slope {slope}, not -1.",
                "1/p² - 1 of a mean over twice as many examples is half as large.",
                "look at projections: are both gradients divided by their lengths?",
            ),
            Part(
                "class weights leave p as it is",
                change < SAME,
                f"with inverse-frequency weights p changes by up to {change:.2g}.",
                "a weight makes a class's gradient longer and turns it nowhere.",
                "look at projections: does any length, or another class, get in?",
            ),
            Part(
                "PCNSGD learns the rare class late, later than with balanced data",
                late.low > CLEAR,
                f"it lags by log2 {late} more than in balanced data.",
                f"{self.setting}: too few seeds.",
                "take more seeds.",
            ),
            *_repaired(self.rescaled, self.plain, "rescaled_step", "divided by its own p"),
            Part(
                f"{self.oversampled.label} makes both directions equally noisy",
                even.low > -EVEN and even.high < EVEN,
                f"majority minus minority, p is {even}.",
                "the one with fewer examples in a batch is the noisier one.",
                "look at sampling_weights: what do the weights of each class add up to?",
            ),
            *_repaired(self.oversampled, self.plain, "sampling_weights", "drawn equally often"),
        )

    @property
    def table(self) -> list[tuple[str, ...]]:
        p = [
            ("natural, 20 + 2", self.noise.natural),
            ("the same, class weights", self.noise.weighted),
            (self.oversampled.label, self.noise.oversampled),
            (f"oversampled, step {LATE}", self.noise.late),
        ]
        ways = (self.balanced, self.sgd, self.plain, self.rescaled, self.oversampled)
        return [
            (f"batches, step {EARLY}", "p of the threes", "p of the eights", "difference"),
            *((name, *map(_interval, (*values.T, _gap(values)))) for name, values in p),
            (
                "log-log slope of 1/p²-1",
                *(str(Interval.of(each)) for each in self.noise.slope.T),
                "",
            ),
            ("", "", "", ""),
            ("trained with", "threes learnt at", "eights learnt at", "lag, log2 of the ratio"),
            *((way.label, *map(_interval, (*way.times.T, way.lag))) for way in ways),
        ]

    def figure(self) -> Figure:
        made = Figure(figsize=(9.0, 6.0), dpi=100, facecolor=style.FACE)
        axes = made.subplots(2, 2).flat
        names = ("threes, 150", "eights, 15")
        noise_over_sizes(axes[0], SIZES, self.noise.sizes, names)
        ways = (self.plain, self.rescaled, self.oversampled)
        for ax, way in zip(axes[1:], ways, strict=True):
            losses_over_seeds(ax, way.label, way.loss, names)
            ax.set_ylim(0, 1)
        axes[0].legend(frameon=False, fontsize=style.TEXT_PT, loc="lower right")
        made.tight_layout()
        return made


def _gap(p: Tensor) -> Tensor:
    return p[:, 0] - p[:, 1]


def _interval(values: Tensor) -> str:
    return str(Interval.of(values))


def _repaired(own: Arrivals, plain: Arrivals, name: str, how: str) -> tuple[Part, Part]:
    """That both classes are learnt, and closer together than with PCNSGD."""
    missing = int(own.times.isinf().any(dim=1).sum())
    gain = Interval.of(plain.lag - own.lag)
    return (
        Part(
            f"{own.label} learns both classes",
            missing == 0,
            f"in {missing} of {len(own.loss)} seeds a class is not learnt in "
            f"{own.loss.shape[1] - 1} steps.",
            "a step that hardly moves, or moves uphill, brings no class closer.",
            f"look at {name}: take one step and compare it with the formula.",
        ),
        Part(
            f"{own.label} brings the classes closer together",
            gain.low > CLEAR,
            f"the lag is shorter than PCNSGD's by log2 {gain} only.",
            "the rare class still advances less in a step than the frequent one.",
            f"look at {name}: is each class {how}?",
        ),
    )


def _drawn(weights: Weights, y: Tensor, seed: int) -> Iterator[Tensor]:
    """Batches of rows drawn with ``weights``, as torch's WeightedRandomSampler draws them."""
    w = weights(y.clone())
    if not isinstance(w, Tensor) or w.shape != y.shape:
        got = list(w.shape) if isinstance(w, Tensor) else type(w).__name__
        raise ValueError(f"sampling_weights: must return one number an example, gave {got}")
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.multinomial(w.double(), BATCH, replacement=True, generator=generator)


def _natural(y: Tensor, seed: int) -> ClassBatches:
    return ClassBatches(y, BATCH, seed=seed)


def _noise(seeds: Sequence[int], measure: Projections, draw: Draw) -> Noise:
    columns = []
    for seed in seeds:
        point, late = Point.after(EARLY, seed), Point.after(LATE, seed)
        y = point.data.y
        natural = point.projections(_natural(y, seed), measure)
        weighted = point.projections(_natural(y, seed), measure, class_weighted_gradients)
        sizes = [point.projections(point.with_replacement(n, seed), measure) for n in SIZES]
        columns.append(
            (
                natural.mean(dim=0),
                weighted.mean(dim=0),
                point.projections(draw(y, seed), measure).mean(dim=0),
                late.projections(draw(y, seed), measure).mean(dim=0),
                torch.stack(sizes).mean(dim=1),
                (weighted - natural).abs().max(),
            )
        )
    return Noise(*(torch.stack(column) for column in zip(*columns, strict=True)))


def minibatch_noise(
    projections: Projections | None = None,
    rescaled_step: Step | None = None,
    sampling_weights: Weights | None = None,
    *,
    seeds: Iterable[int] = range(8),
    steps: int = 150,
) -> MinibatchNoise:
    """Measure the noise of mini-batch directions, and train with the repairs, once a seed.

    The functions may be a learner's own (None: the library's). Oversampling draws rows with
    replacement, by their weights. Eight seeds take about 13 seconds. Raises ValueError for fewer
    than two seeds and for functions that return the wrong shape, and whatever
    :func:`imbal_lab.training.train` raises.
    """
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise ValueError(f"seeds={seeds}: an interval needs at least two")
    draw = partial(_drawn, sampling_weights or methods.sampling_weights)
    own_r = "PCNSGD+R" if rescaled_step is None else "your rescaled step"
    own_o = "PCNSGD+O" if sampling_weights is None else "your oversampling"
    train = partial(arrivals, seeds=seeds, steps=steps)
    step = methods.pcngd_step
    return MinibatchNoise(
        f"digits 3 and 8, rho = 10, batches of {BATCH}, {len(seeds)} seeds, {steps} steps",
        _noise(seeds, projections or methods.projections, draw),
        train("PCNSGD, rho = 1", step, _natural, rho=1),
        train("SGD", methods.gd_step, _natural, lr=0.1),
        train("PCNSGD", step, _natural),
        train(own_r, rescaled_step or methods.rescaled_step, _natural, full_gradients=True),
        train(own_o, step, draw),
    )


if __name__ == "__main__":
    print(minibatch_noise())

"""Exercise 05.3: cross-entropy of logits divided by class-dependent temperatures."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import cdt_loss, cdt_temperatures


def batch(
    labels: list[int],
    counts: list[int],
    gamma: float,
    scale: float = 2.0,
    dtype: torch.dtype = torch.float64,
    learning: bool = False,
) -> Case:
    """Random logits of this scale for the given labels.

    ``learning``: they want a gradient, as those of a network in training do.
    """

    def draw(generator: Generator) -> Inputs:
        size = (len(labels), len(counts))
        logits = scale * torch.randn(size, generator=generator, dtype=torch.float64)
        return {
            "logits": logits.to(dtype).requires_grad_(learning),
            "y": torch.tensor(labels),
            "counts": torch.tensor(counts, dtype=dtype),  # as the logits: class weights must match
            "gamma": gamma,
        }

    name = f"labels {labels}, counts {counts}, gamma {gamma}, scale {scale}, {dtype}"
    return Case(f"{name}{', learning' * learning}", draw)


def never_negative(inputs: Inputs, result: Tensor) -> bool:
    return bool(result >= 0)


def plain_for_gamma_zero(inputs: Inputs, result: Tensor) -> bool:
    plain = F.cross_entropy(inputs["logits"], inputs["y"])
    return inputs["gamma"] > 0 or torch.allclose(result.double(), plain.double(), rtol=1e-4)


def hot(counts: Tensor, gamma: float, logits: Tensor) -> Tensor:
    return cdt_temperatures(counts, gamma).to(logits)


def multiplied(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits * hot(counts, gamma, logits), y)


def label_only(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    own = F.one_hot(y, logits.shape[1]).bool()
    return F.cross_entropy(torch.where(own, logits / hot(counts, gamma, logits), logits), y)


def temperature_of_the_label(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits / hot(counts, gamma, logits)[y][:, None], y)


def shifted_down(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits - hot(counts, gamma, logits).log(), y)


def shifted_up(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits + hot(counts, gamma, logits).log(), y)


def subtracted(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits - hot(counts, gamma, logits), y)


def as_weights(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits, y, weight=hot(counts, gamma, logits))


def as_weights_over_n(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return (hot(counts, gamma, logits)[y] * F.cross_entropy(logits, y, reduction="none")).mean()


def on_probabilities(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.nll_loss((logits.softmax(dim=1) / hot(counts, gamma, logits)).log(), y)


def on_log_probabilities(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.nll_loss(logits.log_softmax(dim=1) / hot(counts, gamma, logits), y)


def softmax_first(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits.softmax(dim=1) / hot(counts, gamma, logits), y)


def softmax_twice(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy((logits / hot(counts, gamma, logits)).softmax(dim=1), y)


def no_temperature(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits, y)


def counts_of_the_batch(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    n = torch.bincount(y, minlength=len(counts))
    return F.cross_entropy(logits / hot(n, gamma, logits), y)


def counts_of_the_batch_at_least_one(
    logits: Tensor, y: Tensor, counts: Tensor, gamma: float
) -> Tensor:
    n = torch.bincount(y, minlength=len(counts)).clamp_min(1)
    return F.cross_entropy(logits / hot(n, gamma, logits), y)


def summed(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return cdt_loss(logits, y, counts, gamma) * len(y)


def not_averaged(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return F.cross_entropy(logits / hot(counts, gamma, logits), y, reduction="none")


def mean_of_class_means(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    losses = not_averaged(logits, y, counts, gamma)
    return torch.stack([losses[y == c].mean() for c in y.unique()]).mean()


def negative(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return -cdt_loss(logits, y, counts, gamma)


def probability(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return (-not_averaged(logits, y, counts, gamma)).exp().mean()


def cut(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    return cdt_loss(logits, y, counts, gamma).detach()


def overflows(logits: Tensor, y: Tensor, counts: Tensor, gamma: float) -> Tensor:
    powers = (logits / hot(counts, gamma, logits)).exp()
    return -(powers[torch.arange(len(y)), y] / powers.sum(dim=1)).log().mean()


EXERCISE = Exercise(
    id="cdt_loss",
    reference=cdt_loss,
    axes=(),
    groups=(
        Group(
            "a batch of eight",
            "every logit is divided by its own class's temperature, and the mean is taken",
            2,
            (
                batch([0, 0, 0, 1, 0, 2, 0, 1], [600, 30, 2], 0.3),
                batch([3, 0, 1, 0, 0], [90, 40, 12, 5], 0.2),
            ),
            "do it in two lines: the divided logits [n, C], then cross-entropy as torch has it.",
        ),
        Group(
            "gamma = 0",
            "gamma = 0 is plain cross-entropy",
            1,
            (batch([0, 1, 1, 2], [50, 10, 5], 0.0),),
            "with gamma = 0 all temperatures are 1: compare with F.cross_entropy.",
        ),
        Group(
            "a batch without the rarest class",
            "temperatures come from the training set, whatever the batch holds",
            1,
            (batch([0, 1, 0, 0], [300, 60, 3], 0.4),),
            "use counts as it is given; the batch's own counts change from step to step.",
        ),
        Group(
            "very large logits",
            "logits in the thousands neither overflow nor give NaN",
            1,
            (batch([0, 2, 1], [400, 80, 4], 0.2, scale=2000.0),),
            "leave exp and log to F.cross_entropy or log_softmax, which are safe.",
        ),
        Group(
            "logits of a network that is learning",
            "gradients go back through the loss to the logits",
            1,
            (batch([0, 1, 0, 2], [60, 12, 4], 0.3, learning=True),),
            "stay with torch's operations on logits, without detach(), no_grad(), item() or numpy.",
        ),
        Group(
            "ten classes in single precision",
            "ten classes in float32 work as well",
            1,
            (batch([0, 9, 4, 0, 1], [500 // k for k in range(1, 11)], 0.15, 2.0, torch.float32),),
            "avoid a fixed number of classes, and tensors that fix the precision.",
            hidden=True,
        ),
    ),
    properties=(
        Property("the loss is never negative.", never_negative),
        Property("with gamma = 0 it is cross-entropy.", plain_for_gamma_zero),
    ),
    mistakes=(
        Mistake(
            "multiplied",
            "the logits are multiplied by the temperatures, so rare classes get away with "
            "smaller logits.",
            "divide: logits / temperatures; the temperatures themselves are 1 or more.",
            (multiplied,),
        ),
        Mistake(
            "label_only",
            "only the label's logit is divided; the other classes keep theirs.",
            "divide every column by its own class's temperature: logits / a, with a [C].",
            (label_only,),
        ),
        Mistake(
            "temperature_of_the_label",
            "all logits of an example are divided by its label's temperature.",
            "each logit belongs to a class: divide column c by a_c, whatever the label.",
            (temperature_of_the_label,),
        ),
        Mistake(
            "shifted",
            "the logits are shifted, not divided; with logarithms that is logit adjustment.",
            "divide each logit by its class's temperature.",
            (shifted_down, shifted_up, subtracted),
        ),
        Mistake(
            "as_weights",
            "the temperatures are used as class weights of the loss.",
            "leave the losses unweighted and divide the logits.",
            (as_weights, as_weights_over_n),
        ),
        Mistake(
            "on_probabilities",
            "the division comes after softmax, on probabilities or their logarithms.",
            "divide the logits first, then take softmax or cross-entropy.",
            (on_probabilities, on_log_probabilities),
        ),
        Mistake(
            "softmax_twice",
            "softmax is taken twice: F.cross_entropy takes it once more.",
            "give F.cross_entropy the divided logits, without softmax.",
            (softmax_first, softmax_twice),
        ),
        Mistake(
            "no_temperature",
            "this is plain cross-entropy: counts and gamma play no part.",
            "divide the logits by cdt_temperatures(counts, gamma).",
            (no_temperature,),
        ),
        Mistake(
            "counts_of_the_batch",
            "the counts are those of the batch, so temperatures change at random.",
            "use the argument counts: those of the training set.",
            (counts_of_the_batch, counts_of_the_batch_at_least_one),
        ),
        Mistake(
            "summed",
            "the losses are added up, so the step grows with the batch.",
            "take the mean over the examples.",
            (summed,),
        ),
        Mistake(
            "not_averaged",
            "there is still one loss an example.",
            "take the mean over the examples: one number.",
            (not_averaged,),
        ),
        Mistake(
            "mean_of_class_means",
            "each class is averaged first, which weighs the classes as well.",
            "take the mean over the examples of the batch.",
            (mean_of_class_means,),
        ),
        Mistake(
            "negative",
            "the sign is turned: this is the mean log-probability, which training would lower.",
            "put a minus before the logarithm.",
            (negative,),
        ),
        Mistake(
            "probability",
            "this is the mean probability of the labels; the logarithm is missing.",
            "take minus the logarithm of each, then the mean.",
            (probability,),
        ),
        Mistake(
            "cut",
            "the result is cut off from the logits, so the network would never learn from it.",
            "compute with torch's operations, without detach(), no_grad(), item() or numpy.",
            (cut,),
        ),
        Mistake(
            "overflows",
            "the formula is right, but exp of a large number is infinite, and inf / inf is NaN.",
            "use F.cross_entropy or log_softmax, which take the largest logit out first.",
            (overflows,),
        ),
    ),
)

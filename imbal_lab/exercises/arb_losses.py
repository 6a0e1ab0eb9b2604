"""Exercise 07.2: the attraction-repulsion-balanced loss of each example."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import arb_losses


def batch(
    counts: list[int],
    size: int,
    spread: float = 1.0,
    dtype: torch.dtype = torch.float32,
    learning: bool = False,
) -> Case:
    """Logits [size, C] and labels of the classes that have examples; counts are no part of it.

    Counts have the dtype of the logits, as class weights must, so that these get their name.
    ``learning``: the logits want a gradient, as those of a network in training do.
    """

    def draw(generator: Generator) -> Inputs:
        logits = spread * torch.randn(size, len(counts), generator=generator, dtype=torch.float64)
        there = torch.tensor(counts).nonzero()[:, 0]
        y = there[torch.arange(size) % len(there)]
        y = y[torch.randperm(size, generator=generator)]
        logits = logits.to(dtype).requires_grad_(learning)
        return {"logits": logits, "y": y, "counts": torch.tensor(counts, dtype=dtype)}

    name = f"counts {counts}, {size} examples, logits times {spread:g}, {dtype}"
    return Case(f"{name}{', learning' * learning}", draw)


def absent_on_top(counts: list[int], size: int, spread: float) -> Case:
    """As `batch`, but in every second example the classes with count 0 have the largest logits."""
    plain = batch(counts, size, spread)

    def draw(generator: Generator) -> Inputs:
        inputs = plain.draw(generator)
        logits, absent = inputs["logits"], inputs["counts"] == 0
        logits[::2, absent] = logits[::2].amax(dim=1, keepdim=True) + spread
        return inputs

    return Case(f"{plain.name}, classes with count 0 on top", draw)


def never_negative(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= -1e-6).all())


def plain_where_counts_are_equal(inputs: Inputs, result: Tensor) -> bool:
    counts = inputs["counts"]
    if (counts != counts[0]).any():
        return True
    plain = F.cross_entropy(inputs["logits"], inputs["y"], reduction="none")
    return torch.allclose(result.double(), plain.double(), rtol=1e-4, atol=1e-6)


def ratios(y: Tensor, counts: Tensor) -> Tensor:
    """n_k / n_y [n, C]."""
    return counts / counts[y][:, None]


def own(logits: Tensor, y: Tensor) -> Tensor:
    """z_y [n]."""
    return logits.gather(1, y[:, None])[:, 0]


def losses(logits: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, y, reduction="none")


def inverse(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits - counts.log(), y)


def counts_unused(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits, y)


def own_only(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    shift = F.one_hot(y, len(counts)) * counts.clamp_min(1).log()
    return losses(logits + shift, y)


def own_only_down(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    shift = F.one_hot(y, len(counts)) * counts.clamp_min(1).log()
    return losses(logits - shift, y)


def weights_one_over_n(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits, y) / counts[y]


def weights_of_mean_one(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits, y) * counts.sum() / (len(counts) * counts[y])


def weights_n_over_n(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits, y) * counts.sum() / counts[y]


def weights_of_the_largest(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits, y) * counts.max() / counts[y]


def weights_of_sum_one(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits, y) / (counts[y] * (1 / counts).sum())


def weights_of_sum_classes(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return len(counts) * weights_of_sum_one(logits, y, counts)


def no_log(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + counts, y)


def no_log_shares(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + counts / counts.sum(), y)


def multiplied(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits * counts, y)


def multiplied_by_shares(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits * counts / counts.sum(), y)


def multiplied_by_ratios(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits * ratios(y, counts), y)


def multiplied_by_logs(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits * counts.log(), y)


def other_base_10(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + counts.log10(), y)


def other_base_2(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + counts.log2(), y)


def mean(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return arb_losses(logits, y, counts).mean()


def total(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return arb_losses(logits, y, counts).sum()


def rivals_only(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    others = torch.where(F.one_hot(y, len(counts)).bool(), -torch.inf, logits + counts.log())
    return others.logsumexp(dim=1) - own(logits, y) - counts[y].log()


def sign_lost(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return -arb_losses(logits, y, counts)


def numerator_unweighted(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return (logits + counts.log()).logsumexp(dim=1) - own(logits, y)


def probability(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return own((logits + counts.log()).softmax(dim=1), y)


def softmax_twice(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses((logits + counts.log()).softmax(dim=1), y)


def softmax_first(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits.softmax(dim=1) + counts.log(), y)


def counts_of_the_batch(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + torch.bincount(y, minlength=len(counts)).log(), y)


def plus_one(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + (counts + 1).log(), y)


def absent_as_one(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return losses(logits + counts.clamp_min(1).log(), y)


SMALL = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30)


def guarded(least: float) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """``least`` stands in for count 0."""
    return lambda logits, y, counts: losses(logits + counts.clamp_min(least).log(), y)


def below_the_largest(logits: Tensor, y: Tensor, counts: Tensor, largest: Tensor) -> Tensor:
    """The loss, with exp taken of what the logits lie below ``largest``."""
    z = logits - largest
    return (ratios(y, counts) * z.exp()).sum(dim=1).log() - own(z, y)


def largest_of_all_classes(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return below_the_largest(logits, y, counts, logits.amax(dim=1, keepdim=True))


def largest_of_the_batch(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return below_the_largest(logits, y, counts, logits.max())


def cut(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return arb_losses(logits, y, counts).detach()


def overflowing(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    below = (ratios(y, counts) * logits.exp()).sum(dim=1)
    return -(own(logits, y).exp() / below).log()


def overflowing_shares(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return (ratios(y, counts) * logits.exp()).sum(dim=1).log() - own(logits, y)


def underflowing(logits: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    return -own((logits + counts.log()).softmax(dim=1), y).log()


EXERCISE = Exercise(
    id="arb_losses",
    reference=arb_losses,
    axes=("example",),
    groups=(
        Group(
            "three classes, and counts that are not those of the batch",
            "each rival's term counts n_k / n_y times",
            2,
            (batch([600, 30, 2], 7), batch([4, 90, 11], 6, spread=3.0)),
            "take one example with logits 0, 0, 0 and counts 6, 3, 1, and work out the fraction.",
        ),
        Group(
            "equal counts",
            "with equal counts it is cross-entropy",
            1,
            (batch([40, 40, 40, 40], 8),),
            "with all ratios 1 the formula is that of cross-entropy: which term is left over?",
        ),
        Group(
            "a class that nobody has counted",
            "a class with count 0 drops out of the sum",
            1,
            (batch([50, 0, 5], 6),),
            "log 0 is minus infinity, and e to the minus infinity is 0: no guard is needed.",
        ),
        Group(
            "logits in the thousands",
            "large logits neither overflow nor lose their loss",
            1,
            (batch([90, 9, 2], 20, spread=3000.0),),
            "let torch take exp and log in one step.",
        ),
        Group(
            "a class with count 0 and a logit in the thousands",
            "it drops out even where its logit is the largest",
            1,
            (absent_on_top([60, 0, 7], 12, spread=3000.0),),
            "try logits 1000, 0, 0 with counts 0, 5, 5: the first class must not be seen at all.",
        ),
        Group(
            "logits of a network that is learning",
            "gradients go back through the losses to the logits",
            1,
            (batch([60, 12, 4], 6, learning=True),),
            "stay with torch's operations on logits, without detach(), no_grad(), item() or numpy.",
        ),
        Group(
            "ten classes, a batch of one, and double precision",
            "ten classes with a long tail, a batch of one, double precision",
            1,
            (
                batch([600, 372, 231, 143, 89, 55, 34, 21, 13, 8], 30),
                batch([7, 2], 1),
                batch([500, 20, 1], 9, dtype=torch.float64),
            ),
            "try it with one example, and with ten classes.",
            hidden=True,
        ),
    ),
    properties=(
        Property("the loss of an example is never negative.", never_negative),
        Property("with equal counts it must be cross-entropy.", plain_where_counts_are_equal),
    ),
    mistakes=(
        Mistake(
            "inverse",
            "the ratio stands on its head: frequent rivals now push less, and rare classes are "
            "pushed even harder.",
            "the factor of rival k is n_k / n_y: add log n, do not take it away.",
            (inverse,),
        ),
        Mistake(
            "counts_unused",
            "this is plain cross-entropy: the counts play no part.",
            "multiply each term of the sum by n_k / n_y.",
            (counts_unused,),
        ),
        Mistake(
            "own_only",
            "only the logit of the label is changed; the rivals push as before.",
            "every class has its factor: add log n to all C logits.",
            (own_only, own_only_down),
        ),
        Mistake(
            "class_weights",
            "these are class weights: they turn a whole example up, its pull and its pushes alike.",
            "leave the example's weight alone; the factor n_k / n_y belongs inside the sum.",
            (
                weights_one_over_n,
                weights_of_mean_one,
                weights_n_over_n,
                weights_of_the_largest,
                weights_of_sum_one,
                weights_of_sum_classes,
            ),
        ),
        Mistake(
            "no_log",
            "the counts themselves are added to the logits.",
            "a factor n in front of e to the z is log n in the exponent.",
            (no_log, no_log_shares),
        ),
        Mistake(
            "multiplied",
            "the factor is multiplied onto the logits; it belongs in front of e to the z.",
            "multiply e to the z instead, or see what such a factor becomes in the exponent.",
            (multiplied, multiplied_by_shares, multiplied_by_ratios, multiplied_by_logs),
        ),
        Mistake(
            "other_base",
            "the logarithm has another base than e.",
            "use torch.log or .log(), the one that undoes exp.",
            (other_base_10, other_base_2),
        ),
        Mistake(
            "reduced",
            "this is one number for the whole batch.",
            'return one loss an example, [n]; F.cross_entropy has reduction="none".',
            (mean, total),
        ),
        Mistake(
            "rivals_only",
            "the sum leaves out the label's own term, so this is no probability.",
            "sum over all classes; the label's own ratio is n_y / n_y = 1.",
            (rivals_only,),
        ),
        Mistake(
            "sign_lost",
            "this is the log of the probability; a loss is its negative.",
            "turn the sign.",
            (sign_lost,),
        ),
        Mistake(
            "numerator_unweighted",
            "log n was added below the line and not above it.",
            "use the same z + log n for the label as for the sum, or divide by n_y.",
            (numerator_unweighted,),
        ),
        Mistake(
            "probability",
            "this is the probability of the label, not its loss.",
            "take minus the log of it.",
            (probability,),
        ),
        Mistake(
            "softmax_twice",
            "probabilities went into a function that wants logits, so softmax is applied twice.",
            "give F.cross_entropy the logits plus log n, and no softmax.",
            (softmax_twice, softmax_first),
        ),
        Mistake(
            "counts_of_the_batch",
            "the labels of this batch were counted; the argument counts is not used.",
            "use counts as they come: those of the training set.",
            (counts_of_the_batch,),
        ),
        Mistake(
            "plus_one",
            "something was added to the counts to avoid log 0; that changes the ratios of rare "
            "classes most.",
            "take the log of the counts as they are.",
            (plus_one,),
        ),
        Mistake(
            "absent_as_one",
            "a class with count 0 is treated as if it had one example.",
            "take the log of the counts as they are: minus infinity drops out by itself.",
            (absent_as_one,),
        ),
        Mistake(
            "guarded",
            "a small number stands in for count 0; a large logit makes it heavy again.",
            "take the log of the counts as they are: minus infinity drops out by itself.",
            tuple(map(guarded, SMALL)),
        ),
        Mistake(
            "largest_of_all_classes",
            "the largest logit may be that of a class with count 0; below it all others round to "
            "0.",
            "look for the largest among the terms that are in the sum.",
            (largest_of_all_classes,),
        ),
        Mistake(
            "largest_of_the_batch",
            "the largest logit of the whole batch was taken off; other examples round to 0.",
            "each example has a largest logit of its own: dim=1, keepdim=True.",
            (largest_of_the_batch,),
        ),
        Mistake(
            "cut",
            "the losses are cut off from the logits, so the network would never learn from them.",
            "compute with torch's operations, without detach(), no_grad(), item() or numpy.",
            (cut,),
        ),
        Mistake(
            "overflow",
            "exp of a large logit is infinite, or a probability is rounded to 0 before its log.",
            "take no exp of a logit yourself: the factor can stand in the exponent, too.",
            (overflowing, overflowing_shares, underflowing),
        ),
    ),
)

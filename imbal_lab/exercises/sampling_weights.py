"""Exercise 03.3: the probability of each example in oversampling."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import sampling_weights


def labels(*counts: int, numbers: tuple[int, ...] | None = None) -> Case:
    """Shuffled labels: counts[k] times the label numbers[k], or k."""

    def draw(generator: Generator) -> Inputs:
        used = numbers or tuple(range(len(counts)))
        y = torch.tensor(used).repeat_interleave(torch.tensor(counts))
        return {"y": y[torch.randperm(len(y), generator=generator)]}

    return Case(f"counts {counts} of labels {numbers}", draw)


def a_probability(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= 0).all() and (result.double().sum() - 1).abs() < 1e-4)


def equal_shares(inputs: Inputs, result: Tensor) -> bool:
    y = inputs["y"]
    shares = torch.stack([result.double()[y == c].sum() for c in y.unique()])
    return torch.allclose(shares, shares.mean().expand_as(shares), rtol=1e-3)


def counts_of(y: Tensor) -> Tensor:
    """For each example, how many its class has."""
    _, class_of, counts = torch.unique(y, return_inverse=True, return_counts=True)
    return counts[class_of].double()


def number(y: Tensor) -> int:
    return len(y.unique())


def share(weights: Tensor) -> Tensor:
    """Scaled to sum to 1."""
    return weights / weights.sum()


def uniform(y: Tensor) -> Tensor:
    return share(torch.ones_like(y, dtype=torch.float64))


def per_class(y: Tensor) -> Tensor:
    return share(1 / y.unique(return_counts=True)[1])


def per_class_raw(y: Tensor) -> Tensor:
    return 1 / y.unique(return_counts=True)[1]


def per_class_shared(y: Tensor) -> Tensor:
    return per_class_raw(y) / number(y)


def proportional(y: Tensor) -> Tensor:
    return share(counts_of(y))


def own_share(y: Tensor) -> Tensor:
    return counts_of(y) / len(y)


def not_shared(y: Tensor) -> Tensor:
    return 1 / counts_of(y)


def mean_one(y: Tensor) -> Tensor:
    return len(y) / (number(y) * counts_of(y))


def over_n(y: Tensor) -> Tensor:
    return len(y) / counts_of(y)


def relative_to_largest(y: Tensor) -> Tensor:
    return counts_of(y).max() / counts_of(y)


def relative_to_smallest(y: Tensor) -> Tensor:
    return counts_of(y).min() / counts_of(y)


def squared(y: Tensor) -> Tensor:
    return share(counts_of(y) ** -2)


def rooted(y: Tensor) -> Tensor:
    return share(counts_of(y) ** -0.5)


def complement(y: Tensor) -> Tensor:
    return share(1 - counts_of(y) / len(y))


def complement_raw(y: Tensor) -> Tensor:
    return 1 - counts_of(y) / len(y)


def rarest_only(y: Tensor) -> Tensor:
    return share((counts_of(y) == counts_of(y).min()).double())


def largest_label(y: Tensor) -> Tensor:
    return 1 / ((y.max() + 1) * counts_of(y))


def by_label(y: Tensor) -> Tensor:
    return share(y.double())


def by_label_from_one(y: Tensor) -> Tensor:
    return share(y.double() + 1)


def whole_numbers(y: Tensor) -> Tensor:
    return 1 // (number(y) * counts_of(y))


def sorted_rows(y: Tensor) -> Tensor:
    return sampling_weights(y).sort(descending=True).values


def rows_in_class_order(y: Tensor) -> Tensor:
    return sampling_weights(y.sort().values)


def class_share(y: Tensor) -> Tensor:
    return torch.ones_like(y, dtype=torch.float64) / number(y)


EXERCISE = Exercise(
    id="sampling_weights",
    reference=sampling_weights,
    axes=("example",),
    groups=(
        Group(
            "three classes",
            "the probabilities of each class add up to 1/C",
            2,
            (labels(12, 4, 2), labels(3, 9)),
            "work it out by hand for the labels 0, 0, 0, 1.",
        ),
        Group(
            "labels that skip a number",
            "a class that never occurs gets no share",
            1,
            (labels(6, 2, numbers=(1, 4)),),
            "how many classes occur here? Count the labels that are there.",
        ),
        Group(
            "balanced classes, a single class, and a class with one example",
            "it works for balanced labels, for one class and for one example",
            1,
            (labels(5, 5, 5), labels(4), labels(40, 1)),
            "with balanced labels every example has the same probability.",
            hidden=True,
        ),
    ),
    properties=(
        Property("probabilities are not negative and add up to 1.", a_probability),
        Property("every class must get the same share of the draws.", equal_shares),
    ),
    mistakes=(
        Mistake(
            "uniform",
            "every example has the same probability: classes come as often as they are.",
            "an example of a class with n_l examples needs the probability 1 / (C n_l).",
            (uniform,),
        ),
        Mistake(
            "per_class",
            "there is one number for each class; the sampler draws examples.",
            "look up each example's class: weights[y].",
            (per_class, per_class_raw, per_class_shared),
        ),
        Mistake(
            "proportional",
            "examples of frequent classes got the larger weight.",
            "divide by the class's count.",
            (proportional, own_share),
        ),
        Mistake(
            "not_shared",
            "each class adds up to 1, so that all together add up to C.",
            "divide by the number of classes too.",
            (not_shared,),
        ),
        Mistake(
            "scale_of_a_loss_weight",
            "the ratios are right, but these are weights for a loss: they do not add up to 1.",
            "a probability is 1 / (C n_l), whatever the size of the training set.",
            (mean_one, over_n, relative_to_largest, relative_to_smallest),
        ),
        Mistake(
            "squared",
            "the counts are squared, so that now the rarest class comes most often.",
            "divide by the count once; in sum its examples then have the share of any class.",
            (squared,),
        ),
        Mistake(
            "rooted",
            "with the root of the count the classes come closer, but not equally often.",
            "divide by the count itself.",
            (rooted,),
        ),
        Mistake(
            "complement",
            "1 minus the class's share is hardly larger for a very rare class than for a rare one.",
            "divide by the count.",
            (complement, complement_raw),
        ),
        Mistake(
            "rarest_only",
            "only the rarest class would ever be drawn.",
            "every class gets the same share, the frequent ones too.",
            (rarest_only,),
        ),
        Mistake(
            "class_share",
            "every example got the share of its whole class.",
            "that share is for all n_l examples together: divide by n_l.",
            (class_share,),
        ),
        Mistake(
            "unused_labels",
            "labels that never occur are counted as classes.",
            "C is the number of classes that occur: torch.unique finds them.",
            (largest_label,),
        ),
        Mistake(
            "by_label",
            "the weights are made from the labels themselves, and those are only names.",
            "count how often each label occurs.",
            (by_label, by_label_from_one),
        ),
        Mistake(
            "whole_numbers",
            "the division was rounded down, to 0.",
            "use / rather than //.",
            (whole_numbers,),
        ),
        Mistake(
            "other_order",
            "the numbers are right but stand in another order than the examples.",
            "entry i belongs to example i: index the class weights with y.",
            (sorted_rows, rows_in_class_order),
        ),
    ),
)

"""Exercise 00.1: the imbalance ratio of a list of labels."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods.imbalance_ratio import imbalance_ratio


def labels(counts: dict[int, int]) -> Case:
    """Shuffled labels in which class c occurs counts[c] times."""

    def draw(generator: Generator) -> Inputs:
        y = torch.tensor([c for c, n in counts.items() for _ in range(n)])
        return {"y": y[torch.randperm(len(y), generator=generator)]}

    return Case(f"counts {counts}", draw)


def at_least_one(inputs: Inputs, result: Tensor) -> bool:
    return bool(result >= 1)


def counts_of(y: Tensor) -> Tensor:
    return torch.unique(y, return_counts=True)[1].double()


def inverted(y: Tensor) -> Tensor:
    return counts_of(y).min() / counts_of(y).max()


def share_of_majority(y: Tensor) -> Tensor:
    return counts_of(y).max() / len(y)


def all_over_smallest(y: Tensor) -> Tensor:
    return len(y) / counts_of(y).min()


def gap(y: Tensor) -> Tensor:
    return counts_of(y).max() - counts_of(y).min()


def against_the_rest(y: Tensor) -> Tensor:
    largest = counts_of(y).max()
    return largest / (len(y) - largest).clamp_min(1)


def against_the_mean(y: Tensor) -> Tensor:
    return counts_of(y).max() / counts_of(y).mean()


def first_over_last(y: Tensor) -> Tensor:
    return counts_of(y)[0] / counts_of(y)[-1]


def first_over_second(y: Tensor) -> Tensor:
    return counts_of(y)[0] / counts_of(y)[1]


def rounded_down(y: Tensor) -> Tensor:
    return (counts_of(y).max() / counts_of(y).min()).floor()


def unused_labels(y: Tensor) -> Tensor:
    counts = torch.bincount(y).double()
    return counts.max() / counts.min()


def ratio_of_labels(y: Tensor) -> Tensor:
    return y.max().double() / y.min()


EXERCISE = Exercise(
    id="imbalance_ratio",
    reference=imbalance_ratio,
    axes=(),
    groups=(
        Group(
            "three classes, the largest in the middle",
            "the largest count over the smallest",
            1,
            (labels({0: 12, 1: 40, 2: 5}), labels({0: 3, 1: 3, 2: 8})),
            "count the labels of each class by hand for a list of five, and compare.",
        ),
        Group(
            "labels that skip a number",
            "classes that never occur are left out",
            1,
            (labels({1: 9, 4: 2}),),
            "look at the counts for labels 1 and 4: does a class appear that has no example?",
        ),
        Group(
            "a balanced set, and a single class",
            "balanced labels give 1",
            1,
            (labels({0: 6, 1: 6, 2: 6}), labels({0: 4})),
            "when all counts are equal the ratio is 1.",
            hidden=True,
        ),
    ),
    properties=(Property("the ratio is never below 1.", at_least_one),),
    mistakes=(
        Mistake(
            "inverted",
            "this is the smallest count over the largest; some papers call it the imbalance "
            "factor.",
            "turn the fraction round: in this course the ratio is at least 1.",
            (inverted,),
        ),
        Mistake(
            "share_of_majority",
            "this is the majority's share of all examples.",
            "divide by the smallest count, not by the number of examples.",
            (share_of_majority,),
        ),
        Mistake(
            "all_over_smallest",
            "this compares all examples together with the smallest class.",
            "put the largest class's count above the bar, not the number of examples.",
            (all_over_smallest,),
        ),
        Mistake(
            "gap",
            "this is the difference of the counts.",
            "divide the largest count by the smallest.",
            (gap,),
        ),
        Mistake(
            "against_the_rest",
            "this compares the largest class with all others together.",
            "compare it with the smallest class only.",
            (against_the_rest,),
        ),
        Mistake(
            "against_the_mean",
            "this compares the largest class with the average class.",
            "compare it with the smallest class.",
            (against_the_mean,),
        ),
        Mistake(
            "first_over_last",
            "this takes classes by their place, and those need not be the largest and the "
            "smallest.",
            "use max() and min() of the counts.",
            (first_over_last, first_over_second),
        ),
        Mistake(
            "rounded_down",
            "the ratio was rounded down to a whole number.",
            "use / rather than //.",
            (rounded_down,),
        ),
        Mistake(
            "unused_labels",
            "a label that never occurs was counted as a class of size zero.",
            "leave out counts of zero before you take the minimum.",
            (unused_labels,),
        ),
        Mistake(
            "ratio_of_labels",
            "this divides the labels themselves, not how often they occur.",
            "count the labels first: torch.unique or torch.bincount.",
            (ratio_of_labels,),
        ),
    ),
)

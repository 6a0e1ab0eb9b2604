"""Exercise 05.1: how far the test features of a class lie from its training features."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import feature_deviation


def clouds(
    n: int, m: int, rounds: int, size: int, d: int = 5, dtype: torch.dtype = torch.float64
) -> Case:
    """n training and m test features [., d], ``rounds`` draws of ``size`` training rows."""

    def draw(generator: Generator) -> Inputs:
        train = 1 + torch.randn(n, d, generator=generator, dtype=torch.float64)
        test = torch.randn(m, d, generator=generator, dtype=torch.float64)
        order = torch.rand(rounds, n, generator=generator).argsort(dim=1)
        return {"train": train.to(dtype), "test": test.to(dtype), "draws": order[:, :size]}

    return Case(f"{n} and {m} features of {d}, {rounds} draws of {size}, {dtype}", draw)


def never_negative(inputs: Inputs, result: Tensor) -> bool:
    return bool(result >= 0)


def at_least_the_mean_of_means(inputs: Inputs, result: Tensor) -> bool:
    centre = inputs["train"][inputs["draws"]].double().mean(dim=(0, 1))
    least = (centre - inputs["test"].double().mean(dim=0)).norm()
    return bool(result >= least * (1 - 1e-4))


def gaps(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    """Mean of each draw minus mean of the test features: [R, d]."""
    return train[draws].mean(dim=1) - test.mean(dim=0)


def draws_ignored(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return (train.mean(dim=0) - test.mean(dim=0)).norm()


def rounds_averaged_first(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).mean(dim=0).norm()


def example_by_example(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return (train[draws] - test.mean(dim=0)).norm(dim=2).mean()


def to_each_test_example(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return torch.cdist(train[draws].mean(dim=1), test).mean()


def all_pairs(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return torch.cdist(train[draws].flatten(0, 1), test).mean()


def wrong_axis(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return (train[draws].mean(dim=0) - test.mean(dim=0)).norm(dim=1).mean()


def squared(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).square().sum(dim=1).mean()


def root_of_mean_square(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return squared(train, test, draws).sqrt()


def absolute_sum(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).abs().sum(dim=1).mean()


def mean_over_coordinates(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).square().mean(dim=1).sqrt().mean()


def mean_of_coordinates(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).abs().mean()


def one_norm_of_all(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).norm()


def rounds_summed(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).norm(dim=1).sum()


def not_averaged(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws).norm(dim=1)


def first_round_only(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return gaps(train, test, draws)[0].norm()


def summed_features(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return (train[draws].sum(dim=1) - test.mean(dim=0)).norm(dim=1).mean()


def tests_drawn_too(train: Tensor, test: Tensor, draws: Tensor) -> Tensor:
    return (train[draws].mean(dim=1) - test[draws].mean(dim=1)).norm(dim=1).mean()


EXERCISE = Exercise(
    id="feature_deviation",
    reference=feature_deviation,
    axes=(),
    groups=(
        Group(
            "six draws of four examples",
            "the mean distance between means of few examples and the mean of the test features",
            2,
            (clouds(12, 15, 6, 4), clouds(9, 20, 4, 2)),
            "look at the shapes: train[draws] is [R, K, d]; one mean makes it [R, d].",
        ),
        Group(
            "one draw that holds every example",
            "with one draw of all examples it is the plain distance of the two means",
            1,
            (clouds(7, 10, 1, 7),),
            "with one draw of everything, compare with the distance of the two means.",
        ),
        Group(
            "draws of a single example",
            "a draw of one example is that example",
            1,
            (clouds(8, 11, 5, 1),),
            "with K = 1 the mean of a draw is the example itself; keep its axis of length d.",
        ),
        Group(
            "a hundred draws in single precision",
            "many draws in float32 work as well",
            1,
            (clouds(30, 40, 100, 5, 16, torch.float32),),
            "avoid tensors and loops that fix a number of draws, of features or the precision.",
            hidden=True,
        ),
    ),
    properties=(
        Property("a distance is never negative.", never_negative),
        Property(
            "the mean of distances is never below the distance of the mean of all draws.",
            at_least_the_mean_of_means,
        ),
    ),
    mistakes=(
        Mistake(
            "draws_ignored",
            "all training examples are used at once, so a class looks moved merely because it "
            "has few.",
            "take the rows that draws names: train[draws] is [R, K, d].",
            (draws_ignored,),
        ),
        Mistake(
            "rounds_averaged_first",
            "the draws are averaged before the length is taken, which undoes the drawing.",
            "take one length a draw, then the mean of the lengths.",
            (rounds_averaged_first,),
        ),
        Mistake(
            "example_by_example",
            "this measures how far single examples lie from the test mean: how wide the cloud "
            "is, not how far it has moved.",
            "average the K examples of a draw before you measure a distance.",
            (example_by_example,),
        ),
        Mistake(
            "to_each_test_example",
            "the distance is taken to every test example, so a wide test cloud looks moved.",
            "average the test features first: test.mean(dim=0).",
            (to_each_test_example,),
        ),
        Mistake(
            "all_pairs",
            "this is the mean distance between pairs of examples, mostly the width of the clouds.",
            "average on both sides first, then take the distance of the means.",
            (all_pairs,),
        ),
        Mistake(
            "wrong_axis",
            "the mean runs over the draws, not over the examples of a draw.",
            "train[draws] is [R, K, d]: average over dim=1.",
            (wrong_axis,),
        ),
        Mistake(
            "squared",
            "the squared distance is averaged; the square root is missing.",
            "take the root of the sum of squares, one a draw, or .norm(dim=1).",
            (squared,),
        ),
        Mistake(
            "root_of_mean_square",
            "the root is taken after the mean over the draws.",
            "take the root of each draw's sum of squares first, then the mean.",
            (root_of_mean_square,),
        ),
        Mistake(
            "absolute_sum",
            "this is the sum of absolute differences, the L1 norm.",
            "use the L2 norm: the root of the sum of squares.",
            (absolute_sum,),
        ),
        Mistake(
            "mean_over_coordinates",
            "the d coordinates are averaged; a distance sums their squares.",
            "sum the squares along the features, then take the root; average over draws only.",
            (mean_over_coordinates, mean_of_coordinates),
        ),
        Mistake(
            "one_norm_of_all",
            "one length is taken over all draws together, so more draws make it longer.",
            "one length a draw: .norm(dim=1), then the mean.",
            (one_norm_of_all,),
        ),
        Mistake(
            "rounds_summed",
            "the lengths are added up over the draws.",
            "take their mean: more draws make it surer, not larger.",
            (rounds_summed,),
        ),
        Mistake(
            "not_averaged",
            "there is still one number a draw.",
            "end with the mean over the draws.",
            (not_averaged,),
        ),
        Mistake(
            "first_round_only",
            "only the first draw is used.",
            "measure every row of draws and average.",
            (first_round_only,),
        ),
        Mistake(
            "summed_features",
            "the features of a draw are added up instead of averaged.",
            "divide by K: .mean(dim=1).",
            (summed_features,),
        ),
        Mistake(
            "test_drawn_too",
            "the test features are drawn too, with row numbers that belong to the training set.",
            "use all test features: test.mean(dim=0).",
            (tests_drawn_too,),
        ),
    ),
)

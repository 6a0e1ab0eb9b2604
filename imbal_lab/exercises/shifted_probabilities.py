"""Exercise 01.3: probabilities moved from one class mix to another."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import shifted_probabilities


def probabilities(
    train: list[float],
    test: list[float],
    rows: int,
    dtype: torch.dtype = torch.float64,
    through: bool = False,
) -> Case:
    """Random probabilities [rows, C] and the two mixes, given as counts.

    ``through``: the probabilities ask for their gradient, as those of a network in training do.
    """

    def draw(generator: Generator) -> Inputs:
        logits = 1.5 * torch.randn(rows, len(train), generator=generator, dtype=torch.float64)
        mixes = (torch.tensor(counts, dtype=torch.float64) for counts in (train, test))
        old, new = ((counts / counts.sum()).to(dtype) for counts in mixes)
        probs = logits.softmax(dim=1).to(dtype).requires_grad_(through)
        return {"probs": probs, "train_prior": old, "test_prior": new}

    trained = ", trained through" * through
    return Case(f"{train} to {test}, {rows} examples, {dtype}{trained}", draw)


def rows_sum_to_one(inputs: Inputs, result: Tensor) -> bool:
    return torch.allclose(result.double().sum(dim=1), torch.ones(len(result)).double(), atol=1e-4)


def never_negative(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= 0).all())


def per_row(values: Tensor) -> Tensor:
    return values / values.sum(dim=1, keepdim=True)


def ratio(train_prior: Tensor, test_prior: Tensor) -> Tensor:
    """New share over old one, zero for a class that was absent."""
    return torch.where(train_prior > 0, test_prior / train_prior, 0.0)


def not_normalised(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return probs * ratio(train_prior, test_prior)


def upside_down(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs * ratio(test_prior, train_prior))


def old_mix_only(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs * ratio(train_prior, torch.ones_like(test_prior)))


def new_mix_only(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs * test_prior)


def both_multiplied(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs * test_prior * train_prior)


def difference_added(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return probs + (test_prior - train_prior)


def difference_cut(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(difference_added(probs, train_prior, test_prior).clamp_min(0))


def down_the_columns(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    shifted = not_normalised(probs, train_prior, test_prior)
    return shifted / shifted.sum(dim=0, keepdim=True).clamp_min(1e-300)


def over_everything(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    shifted = not_normalised(probs, train_prior, test_prior)
    return shifted / shifted.sum()


def axis_dropped(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    shifted = not_normalised(probs, train_prior, test_prior)
    return shifted / shifted.sum(dim=1)


def softmax_again(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return not_normalised(probs, train_prior, test_prior).softmax(dim=1)


def taken_for_logits(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return (probs + ratio(train_prior, test_prior).log()).softmax(dim=1)


def labels(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return not_normalised(probs, train_prior, test_prior).argmax(dim=1)


def unguarded(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs * test_prior / train_prior)


def guarded_by_a_tiny_number(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs * test_prior / train_prior.clamp_min(1e-12))


def absent_left_as_it_is(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    kept = torch.where(train_prior > 0, test_prior / train_prior, 1.0)
    return per_row(probs * kept)


def in_place(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    probs *= ratio(train_prior, test_prior)
    probs /= probs.sum(dim=1, keepdim=True)
    return probs


def cut(probs: Tensor, train_prior: Tensor, test_prior: Tensor) -> Tensor:
    return per_row(probs.detach() * ratio(train_prior, test_prior))


EXERCISE = Exercise(
    id="shifted_probabilities",
    reference=shifted_probabilities,
    axes=("example", "class"),
    groups=(
        Group(
            "from one mix to another",
            "every probability times new share over old share, each row summing to 1",
            2,
            (
                probabilities([80, 15, 5], [20, 30, 50], 5),
                probabilities([60, 40], [10, 90], 3),
            ),
            "take one row, with pencil and paper, from probs to the result.",
        ),
        Group(
            "to equal shares",
            "with equal shares the rare class gains what training took from it",
            1,
            (probabilities([900, 90, 9, 1], [1, 1, 1, 1], 6),),
            "print test_prior / train_prior: which class has the largest factor?",
        ),
        Group(
            "a class that was absent from training",
            "a class of which nothing was seen gets probability 0",
            1,
            (probabilities([70, 0, 30], [30, 40, 30], 4),),
            "a share of 0 below the fraction bar: decide the factor of that class yourself.",
        ),
        Group(
            "inside a loss",
            "a network can be trained through it",
            1,
            (probabilities([80, 15, 5], [20, 30, 50], 4, through=True),),
            "compute with torch from probs to the result; NumPy, .item() and .detach() cut it off.",
        ),
        Group(
            "many classes in single precision, and two equal mixes",
            "ten classes in float32 work, and equal mixes change nothing",
            1,
            (
                probabilities(list(range(10, 0, -1)), [1] * 10, 8, torch.float32),
                probabilities([50, 30, 20], [50, 30, 20], 5),
            ),
            "avoid loops that fix the number of classes, and tensors that fix the precision.",
            hidden=True,
        ),
    ),
    properties=(
        Property("no probability may be negative.", never_negative),
        Property("the probabilities of an example must sum to 1.", rows_sum_to_one),
    ),
    mistakes=(
        Mistake(
            "not_normalised",
            "the factors are right, but the rows no longer sum to 1.",
            "divide each row by its own sum.",
            (not_normalised,),
        ),
        Mistake(
            "upside_down",
            "the factor is old share over new share, so the rare class loses even more.",
            "turn the fraction round: test_prior / train_prior.",
            (upside_down,),
        ),
        Mistake(
            "old_mix_only",
            "the old mix is divided out, but the new one is not put in; that is right for equal "
            "shares only.",
            "multiply by test_prior as well.",
            (old_mix_only,),
        ),
        Mistake(
            "new_mix_only",
            "the new mix is multiplied in while the old one is still inside the probabilities.",
            "divide by train_prior too.",
            (new_mix_only,),
        ),
        Mistake(
            "both_multiplied",
            "both mixes are multiplied in, so that of training counts twice.",
            "divide by train_prior, multiply by test_prior.",
            (both_multiplied,),
        ),
        Mistake(
            "difference_added",
            "the difference of the mixes was added. Bayes' rule multiplies.",
            "use the factor test_prior / train_prior.",
            (difference_added, difference_cut),
        ),
        Mistake(
            "down_the_columns",
            "the sums run down the examples, so each class sums to 1 instead of each example.",
            "sum along the classes: dim=1, with keepdim=True.",
            (down_the_columns,),
        ),
        Mistake(
            "over_everything",
            "one sum over all examples and classes was used.",
            "sum along the classes: dim=1, with keepdim=True.",
            (over_everything,),
        ),
        Mistake(
            "axis_dropped",
            "the sums of the rows have shape [n], and that does not fit below [n, C].",
            "keep the axis: sum(dim=1, keepdim=True) has shape [n, 1].",
            (axis_dropped,),
        ),
        Mistake(
            "softmax_again",
            "a softmax was taken of numbers that are probabilities already.",
            "divide each row by its sum; an exponential has no place here.",
            (softmax_again,),
        ),
        Mistake(
            "taken_for_logits",
            "the log of the factor was added to the probabilities, as if they were logits.",
            "multiply probabilities by the factor, or add its log to their logs.",
            (taken_for_logits,),
        ),
        Mistake(
            "labels",
            "this is the class that wins, not its probability.",
            "return the whole row; argmax comes later.",
            (labels,),
        ),
        Mistake(
            "unguarded",
            "a class with share 0 in training is divided by zero, and one NaN spoils its row.",
            "give such a class the factor 0, for example with torch.where.",
            (unguarded,),
        ),
        Mistake(
            "guarded_by_a_tiny_number",
            "a tiny number stands in for the share 0, and its factor is so huge that the class "
            "never seen wins everything.",
            "give a class with share 0 the factor 0.",
            (guarded_by_a_tiny_number,),
        ),
        Mistake(
            "absent_left_as_it_is",
            "the class that was never seen keeps what the model said of it, which means nothing.",
            "give a class with share 0 the factor 0.",
            (absent_left_as_it_is,),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's probabilities were overwritten.",
            "write probs * factor in place of probs *= factor.",
            (in_place,),
        ),
        Mistake(
            "cut",
            "the result has lost its tie to probs, so a loss made of it trains nothing.",
            "take out .detach(), .item(), .tolist(), torch.no_grad and torch.tensor(...): compute "
            "with probs itself.",
            (cut,),
        ),
    ),
)

"""Exercise 07.1: how strongly each row of the classifier is pulled and pushed."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import attraction_and_repulsion


def gradients(counts: list[int], spread: float = 1.0, dtype: torch.dtype = torch.float64) -> Case:
    """Gradient of mean cross-entropy at random logits, shuffled labels with these counts."""

    def draw(generator: Generator) -> Inputs:
        y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        y = y[torch.randperm(len(y), generator=generator)]
        logits = torch.randn(len(y), len(counts), generator=generator, dtype=torch.float64)
        pushes = (spread * logits).softmax(dim=1) - F.one_hot(y, len(counts))
        return {"pushes": (pushes / len(y)).to(dtype), "y": y}

    return Case(f"counts {counts}, logits times {spread:g}, {dtype}", draw)


def squared_error(counts: list[int]) -> Case:
    """Gradient of mean squared error at random logits: own pushes and others, of either sign."""

    def draw(generator: Generator) -> Inputs:
        y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        y = y[torch.randperm(len(y), generator=generator)]
        logits = 2 * torch.randn(len(y), len(counts), generator=generator, dtype=torch.float64)
        return {"pushes": 2 * (logits - F.one_hot(y, len(counts))) / len(y), "y": y}

    return Case(f"squared error, counts {counts}", draw)


def never_negative(inputs: Inputs, result: Tensor) -> bool:
    """Of pushes as cross-entropy makes them: own ones down, all others up."""
    own = F.one_hot(inputs["y"], inputs["pushes"].shape[1]).bool()
    if (torch.where(own, -inputs["pushes"], inputs["pushes"]) < 0).any():
        return True
    return bool((result >= -1e-7).all())


def difference_is_the_total(inputs: Inputs, result: Tensor) -> bool:
    total = inputs["pushes"].double().sum(dim=0)
    return torch.allclose(result[:, 1].double() - result[:, 0].double(), total, atol=1e-6)


def of_own(pushes: Tensor, y: Tensor) -> Tensor:
    """The entries of each example in the column of its class, zero elsewhere: [n, C]."""
    return F.one_hot(y, pushes.shape[1]) * pushes


def not_turned(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y) * torch.tensor([-1, 1])


def swapped(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y).flip(1)


def total_as_repulsion(pushes: Tensor, y: Tensor) -> Tensor:
    return torch.stack([-of_own(pushes, y).sum(0), pushes.sum(0)], dim=1)


def given_not_received(pushes: Tensor, y: Tensor) -> Tensor:
    own = of_own(pushes, y)
    per_example = (pushes - own).sum(dim=1, keepdim=True)
    given = (F.one_hot(y, pushes.shape[1]) * per_example).sum(dim=0)
    return torch.stack([-own.sum(0), given], dim=1)


def means(pushes: Tensor, y: Tensor) -> Tensor:
    n = torch.bincount(y, minlength=pushes.shape[1]).clamp_min(1)
    return attraction_and_repulsion(pushes, y) / torch.stack([n, (len(y) - n).clamp_min(1)], dim=1)


def both_by_own(pushes: Tensor, y: Tensor) -> Tensor:
    n = torch.bincount(y, minlength=pushes.shape[1]).clamp_min(1)
    return attraction_and_repulsion(pushes, y) / n[:, None]


def divided_again(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y) / len(y)


def times_n(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y) * len(y)


def transposed(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y).T


def ratio_only(pushes: Tensor, y: Tensor) -> Tensor:
    found = attraction_and_repulsion(pushes, y)
    return found[:, 1] / found[:, 0]


def net_only(pushes: Tensor, y: Tensor) -> Tensor:
    return pushes.sum(dim=0)


def net_downhill(pushes: Tensor, y: Tensor) -> Tensor:
    return -pushes.sum(dim=0)


def counts_only(pushes: Tensor, y: Tensor) -> Tensor:
    n = torch.bincount(y, minlength=pushes.shape[1])
    return torch.stack([n, len(y) - n], dim=1).double()


def by_sign(pushes: Tensor, y: Tensor) -> Tensor:
    return torch.stack([-pushes.clamp_max(0).sum(0), pushes.clamp_min(0).sum(0)], dim=1)


def absent_dropped(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y)[y.unique()]


def up_to_the_last_label(pushes: Tensor, y: Tensor) -> Tensor:
    return attraction_and_repulsion(pushes, y)[: int(y.max()) + 1]


def absent_left_zero(pushes: Tensor, y: Tensor) -> Tensor:
    present = torch.bincount(y, minlength=pushes.shape[1]) > 0
    return attraction_and_repulsion(pushes, y) * present[:, None]


def in_place(pushes: Tensor, y: Tensor) -> Tensor:
    result = attraction_and_repulsion(pushes, y)
    pushes[torch.arange(len(y)), y] = 0
    return result


EXERCISE = Exercise(
    id="attraction_and_repulsion",
    reference=attraction_and_repulsion,
    axes=("class", "column"),
    groups=(
        Group(
            "three classes",
            "attraction by a class's own examples, repulsion by all others",
            2,
            (gradients([5, 3, 2]), gradients([8, 1, 4], spread=3.0)),
            "take two examples and two classes, and work out the four numbers by hand.",
        ),
        Group(
            "a class has no example",
            "a class that is missing is not pulled at all, and pushed all the same",
            1,
            (gradients([4, 0, 2, 0]),),
            "the result has a row for every column of pushes, whatever labels occur.",
        ),
        Group(
            "a loss that is not cross-entropy",
            "the label tells pull from push, not the sign",
            1,
            (squared_error([4, 3, 2]),),
            "with other losses an example's own entry may be positive: go by y alone.",
        ),
        Group(
            "ten classes, one of them with a single example, and single precision",
            "ten classes with a long tail, in double and in single precision",
            1,
            (
                gradients([60, 37, 23, 14, 9, 5, 3, 2, 1, 1]),
                gradients([30, 1], spread=2.0, dtype=torch.float32),
            ),
            "try it with ten classes, and with the dtype that comes in.",
            hidden=True,
        ),
    ),
    properties=(
        Property("with cross-entropy no attraction and no repulsion is negative.", never_negative),
        Property(
            "repulsion minus attraction of a class must be the sum of its column of pushes.",
            difference_is_the_total,
        ),
    ),
    mistakes=(
        Mistake(
            "not_turned",
            "the attraction is negative: a gradient points uphill, and own examples pull downhill.",
            "turn the sign of the first column, so that both are strengths.",
            (not_turned,),
        ),
        Mistake(
            "swapped",
            "the columns have changed places: repulsion stands before attraction.",
            "column 0 is the attraction, column 1 the repulsion.",
            (swapped,),
        ),
        Mistake(
            "total_as_repulsion",
            "the second column sums over all examples, the class's own among them.",
            "leave out the examples of the class itself: that sum is repulsion minus attraction.",
            (total_as_repulsion,),
        ),
        Mistake(
            "given_not_received",
            "the second column is how hard the examples of class k push the other rows, not how "
            "hard row k is pushed.",
            "stay in column k of pushes, and take the rows of the other classes.",
            (given_not_received,),
        ),
        Mistake(
            "means",
            "these are means over examples, so the number of examples no longer plays a part.",
            "sum: that many push harder than few is the whole point.",
            (means, both_by_own),
        ),
        Mistake(
            "divided_again",
            "the 1/n is in there twice: pushes is the gradient of a mean, and holds it already.",
            "sum the entries as they are.",
            (divided_again,),
        ),
        Mistake(
            "times_n",
            "the result is multiplied by the number of examples.",
            "sum the entries as they are.",
            (times_n,),
        ),
        Mistake(
            "transposed",
            "the result has a column for each class; it should have a row.",
            "stack along dim=1: the shape is [C, 2].",
            (transposed,),
        ),
        Mistake(
            "ratio_only",
            "this is the ratio R/A already.",
            "return both numbers of each class, [C, 2].",
            (ratio_only,),
        ),
        Mistake(
            "net_only",
            "this is the net force on each row; pull and push have cancelled in part.",
            "sum over the class's own examples and over all others separately.",
            (net_only, net_downhill),
        ),
        Mistake(
            "counts_only",
            "these are numbers of examples; how wrong each example still is plays no part.",
            "sum the entries of pushes, not ones.",
            (counts_only,),
        ),
        Mistake(
            "by_sign",
            "the entries are sorted by their sign; with another loss an own one may be positive.",
            "compare y with the number of the column, and sum whatever stands there.",
            (by_sign,),
        ),
        Mistake(
            "absent_dropped",
            "a class without examples has no row in the result.",
            "take the number of classes from pushes.shape[1].",
            (absent_dropped, up_to_the_last_label),
        ),
        Mistake(
            "absent_left_zero",
            "a class without examples is said not to be pushed; but the others do push its row.",
            "do not skip it: only its attraction is 0.",
            (absent_left_zero,),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's gradient was overwritten.",
            "work on a new tensor: torch.where, or a product with a mask.",
            (in_place,),
        ),
    ),
)

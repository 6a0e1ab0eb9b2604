"""Exercise 02.2: each class gradient divided by its length."""

from collections.abc import Callable, Iterable

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import unit_directions

Directions = Callable[[Tensor], Tensor]

# Guards that are too large, by where they stand. Smaller ones change nothing that is visible
# in the cases (lengths from 1e-7 up, tolerance 1e-4), and are right.
ADDED = tuple(10.0**-k for k in range(11))  # length + eps
ROOTED = tuple(10.0**-k for k in range(17))  # root of squares + eps
FLOORS = tuple(10.0**-k for k in range(1, 7))  # max(length, eps), or zero below eps


def rows(lengths: list[float], size: int, dtype: torch.dtype = torch.float32) -> Case:
    """Random rows with the given lengths: [len(lengths), size]."""

    def draw(generator: Generator) -> Inputs:
        direction = torch.randn(len(lengths), size, generator=generator, dtype=torch.float64)
        direction /= direction.norm(dim=1, keepdim=True)
        return {"grads": (direction * torch.tensor(lengths)[:, None]).to(dtype)}

    return Case(f"lengths {lengths}, {size} parameters, {dtype}", draw)


def length_one(inputs: Inputs, result: Tensor) -> bool:
    lengths = result.double().norm(dim=1)
    return bool((((lengths - 1).abs() < 1e-4) | (lengths < 1e-4)).all())


def same_direction(inputs: Inputs, result: Tensor) -> bool:
    grads, result = inputs["grads"].double(), result.double()
    along = (grads * result).sum(dim=1)
    return torch.allclose(along, grads.norm(dim=1) * result.norm(dim=1), rtol=1e-4, atol=1e-9)


def zero_stays(inputs: Inputs, result: Tensor) -> bool:
    zero = (inputs["grads"] == 0).all(dim=1)
    return bool((result[zero] == 0).all())


def safe(grads: Tensor, size: Tensor) -> Tensor:
    """``grads / size`` with zero where ``size`` is zero: wrong sizes, right boundary."""
    return torch.where(size > 0, grads / size, 0.0)


def whole_norm(grads: Tensor) -> Tensor:
    return safe(grads, grads.norm())


def longest_norm(grads: Tensor) -> Tensor:
    return safe(grads, grads.norm(dim=1).max())


def mean_norm(grads: Tensor) -> Tensor:
    return safe(grads, grads.norm(dim=1).mean())


def sum_of_norms(grads: Tensor) -> Tensor:
    return safe(grads, grads.norm(dim=1).sum())


def norm_of_the_sum(grads: Tensor) -> Tensor:
    return safe(grads, grads.sum(dim=0).norm())


def columns(grads: Tensor) -> Tensor:
    return safe(grads, grads.norm(dim=0, keepdim=True))


def squared(grads: Tensor) -> Tensor:
    return safe(grads, grads.square().sum(dim=1, keepdim=True))


def absolute_sum(grads: Tensor) -> Tensor:
    return safe(grads, grads.abs().sum(dim=1, keepdim=True))


def largest_entry(grads: Tensor) -> Tensor:
    return safe(grads, grads.abs().amax(dim=1, keepdim=True))


def mean_square(grads: Tensor) -> Tensor:
    return safe(grads, grads.square().mean(dim=1, keepdim=True).sqrt())


def plain_total(grads: Tensor) -> Tensor:
    return grads / grads.sum(dim=1, keepdim=True)


def clipped(grads: Tensor) -> Tensor:
    return grads / grads.norm(dim=1, keepdim=True).clamp_min(1)


def signs(grads: Tensor) -> Tensor:
    return grads.sign()


def shared_out(grads: Tensor) -> Tensor:
    return unit_directions(grads) / len(grads)


def unguarded(grads: Tensor) -> Tensor:
    return grads / grads.norm(dim=1, keepdim=True)


def zero_dropped(grads: Tensor) -> Tensor:
    return unit_directions(grads[grads.norm(dim=1) > 0])


def downhill(grads: Tensor) -> Tensor:
    return -unit_directions(grads)


def no_keepdim(grads: Tensor) -> Tensor:
    return grads / grads.norm(dim=1)


def in_place(grads: Tensor) -> Tensor:
    grads /= grads.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return grads


def added_guard(eps: float) -> Directions:
    return lambda grads: grads / (grads.norm(dim=1, keepdim=True) + eps)


def floor_guard(eps: float) -> Directions:
    return lambda grads: grads / grads.norm(dim=1, keepdim=True).clamp_min(eps)


def rooted_guard(eps: float) -> Directions:
    return lambda grads: grads / (grads.square().sum(dim=1, keepdim=True) + eps).sqrt()


def cut_off(eps: float) -> Directions:
    return lambda grads: unit_directions(grads) * (grads.norm(dim=1, keepdim=True) > eps)


def guards(
    added: Iterable[float], rooted: Iterable[float], floors: Iterable[float]
) -> tuple[Directions, ...]:
    of_floors = [make(eps) for eps in floors for make in (floor_guard, cut_off)]
    return (*map(added_guard, added), *map(rooted_guard, rooted), *of_floors)


EXERCISE = Exercise(
    id="unit_directions",
    reference=unit_directions,
    axes=("class", "parameter"),
    groups=(
        Group(
            "three gradients of different length",
            "every row has length 1 and its own direction",
            2,
            (rows([0.3, 2.0, 1.4], 6), rows([5.0, 0.7], 11)),
            "print the length of each row of your result; each should be 1.",
        ),
        Group(
            "a class without examples, whose gradient is zero",
            "a zero row stays zero",
            1,
            (rows([1.5, 0.0, 0.4], 5),),
            "0/0 is NaN: decide what a row of length zero becomes before you divide.",
        ),
        Group(
            "a class whose gradient is very short",
            "a short gradient counts as much as a long one",
            1,
            (rows([1.0, 2e-3], 7), rows([1e-7, 40.0, 1.0], 4)),
            "nothing but the exact length may stand below the fraction bar.",
        ),
        Group(
            "many classes in double precision",
            "ten classes in float64 work as well",
            1,
            (rows([0.1 * k for k in range(1, 11)], 8, torch.float64),),
            "avoid loops that fix the number of classes, and tensors that fix the precision.",
            hidden=True,
        ),
    ),
    properties=(
        Property("every row must have length 1, or 0 where the gradient is zero.", length_one),
        Property("every row must keep the direction of its gradient.", same_direction),
        Property("a row of zeros must stay a row of zeros.", zero_stays),
    ),
    mistakes=(
        Mistake(
            "whole_norm",
            "all classes are divided by one common length, so a short gradient stays short.",
            "take one norm a row: dim=1, with keepdim=True so that the division lines up.",
            (whole_norm, longest_norm, mean_norm, sum_of_norms),
        ),
        Mistake(
            "norm_of_the_sum",
            "the length of the total gradient is used; that is normalised gradient descent, "
            "which keeps the majority's upper hand.",
            "divide each row by its own norm.",
            (norm_of_the_sum,),
        ),
        Mistake(
            "columns",
            "the norm runs over the classes, one for each parameter.",
            "a class is a row: sum the squares along dim=1.",
            (columns,),
        ),
        Mistake(
            "squared",
            "the rows are divided by the squared length; the square root is missing.",
            "take the square root of the sum of squares, or torch.linalg.vector_norm.",
            (squared,),
        ),
        Mistake(
            "absolute_sum",
            "the rows are divided by the sum of absolute values, the L1 norm.",
            "use the L2 norm: the root of the sum of squares.",
            (absolute_sum,),
        ),
        Mistake(
            "largest_entry",
            "the rows are divided by their largest entry, the maximum norm.",
            "use the L2 norm: the root of the sum of squares.",
            (largest_entry,),
        ),
        Mistake(
            "mean_square",
            "the mean of the squares was taken in place of the sum, so every row is the root "
            "of P times too long.",
            "sum the squares along the row.",
            (mean_square,),
        ),
        Mistake(
            "plain_total",
            "the rows are divided by the sum of their entries, which can have either sign.",
            "square the entries first: a length is never negative.",
            (plain_total,),
        ),
        Mistake(
            "clipped",
            "this is clipping: long gradients are cut to length 1, short ones stay short.",
            "divide by the length itself, not by max(1, length).",
            (clipped,),
        ),
        Mistake(
            "signs",
            "each entry became +1 or -1, which changes the direction.",
            "divide the whole row by one number, its length.",
            (signs,),
        ),
        Mistake(
            "shared_out",
            "the rows are also divided by the number of classes.",
            "leave each row at length 1; the classes are summed later, not averaged.",
            (shared_out,),
        ),
        Mistake(
            "downhill",
            "the sign is turned: this is the way down.",
            "keep the direction of each gradient; the minus sign belongs to the step.",
            (downhill,),
        ),
        Mistake(
            "no_keepdim",
            "C numbers, one a class, stand in a row and do not line up with the rows of grads.",
            "pass keepdim=True: that makes a column [C, 1], one number beside each row.",
            (no_keepdim,),
        ),
        Mistake(
            "unguarded",
            "a class that is absent has length 0, and 0/0 is NaN.",
            "give rows of length 0 the value 0, for example with torch.where.",
            (unguarded,),
        ),
        Mistake(
            "zero_dropped",
            "the row of an absent class is left out, so the rows after it change class.",
            "keep one row a class: an absent one stays a row of zeros.",
            (zero_dropped,),
        ),
        Mistake(
            "guard_too_large",
            "the guard against division by zero is as large as a real gradient can be, so a "
            "fitted or very rare class is held back.",
            "use a guard of at most 1e-12, or treat length 0 on its own.",
            guards(ADDED, ROOTED, FLOORS),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's gradients were overwritten.",
            "write grads / norms in place of grads /= norms.",
            (in_place,),
        ),
    ),
)

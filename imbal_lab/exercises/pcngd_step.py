"""Exercise 02.3: one step of per-class normalised gradient descent."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.exercises.unit_directions import (
    ADDED,
    FLOORS,
    ROOTED,
    Directions,
    columns,
    guards,
    longest_norm,
    mean_norm,
    no_keepdim,
    sum_of_norms,
    whole_norm,
)
from imbal_lab.methods import gd_step, pcngd_step, unit_directions


def problem(lengths: list[float], size: int, lr: float, opposite: bool = False) -> Case:
    """Parameters [size] and class gradients with the given lengths."""

    def draw(generator: Generator) -> Inputs:
        params = torch.randn(size, generator=generator)
        direction = torch.randn(len(lengths), size, generator=generator)
        direction /= direction.norm(dim=1, keepdim=True)
        if opposite:
            direction[1] = -direction[0]
        return {"params": params, "grads": direction * torch.tensor(lengths)[:, None], "lr": lr}

    name = f"lengths {lengths}, {size} parameters, lr {lr}, {'opposite' if opposite else 'free'}"
    return Case(name, draw)


def not_too_far(inputs: Inputs, result: Tensor) -> bool:
    moved = (result.double() - inputs["params"]).norm()
    return bool(moved <= inputs["lr"] * len(inputs["grads"]) * (1 + 1e-5))


def length_from_angles(inputs: Inputs, result: Tensor) -> bool:
    unit = unit_directions(inputs["grads"].double())
    expected = inputs["lr"] ** 2 * (unit @ unit.T).sum()
    moved = (result.double() - inputs["params"]).square().sum()
    return torch.allclose(moved, expected, rtol=1e-3, atol=1e-12)


def step_along(directions: Directions) -> Callable[[Tensor, Tensor, float], Tensor]:
    """The step that a mistake of the exercise before leads to."""
    return lambda params, grads, lr: params - lr * directions(grads).sum(dim=0)


def plain_gd(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return gd_step(params, grads, lr)


def total_normalised(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    total = grads.sum(dim=0)
    return params - lr * total / total.norm().clamp_min(1e-12)


def mean_of_directions(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * unit_directions(grads).mean(dim=0)


def normalised_again(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    total = unit_directions(grads).sum(dim=0)
    return params - lr * total / total.norm().clamp_min(1e-12)


def uphill(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params + lr * unit_directions(grads).sum(dim=0)


def squared(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * torch.where(grads == 0, 0, grads / grads.square().sum(1, True)).sum(0)


def absolute_sum(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * torch.where(grads == 0, 0, grads / grads.abs().sum(1, True)).sum(0)


def clipped(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * (grads / grads.norm(dim=1, keepdim=True).clamp_min(1)).sum(dim=0)


def unguarded(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * (grads / grads.norm(dim=1, keepdim=True)).sum(dim=0)


def update_only(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return lr * unit_directions(grads).sum(dim=0)


def negative_update_only(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return -lr * unit_directions(grads).sum(dim=0)


def no_step_size(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - unit_directions(grads).sum(dim=0)


def step_of_a_tenth(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - 0.1 * unit_directions(grads).sum(dim=0)


def two_classes(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * unit_directions(grads)[:2].sum(dim=0)


def not_summed(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * unit_directions(grads)


def wrong_axis(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * unit_directions(grads).sum(dim=1)


def sum_of_all(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * unit_directions(grads).sum()


def majority_only(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    return params - lr * unit_directions(grads)[0]


def in_place(params: Tensor, grads: Tensor, lr: float) -> Tensor:
    params -= lr * unit_directions(grads).sum(dim=0)
    return params


EXERCISE = Exercise(
    id="pcngd_step",
    reference=pcngd_step,
    axes=("parameter",),
    groups=(
        Group(
            "three classes",
            "the step is the learning rate times the sum of the unit directions",
            2,
            (problem([0.8, 0.1, 2.5], 9, 0.3), problem([1.7, 0.2], 6, 0.05)),
            "write the formula's pieces one by one: directions, their sum, times lr, subtracted.",
        ),
        Group(
            "a class is missing",
            "a missing class neither moves nor breaks the step",
            1,
            (problem([1.2, 0.0, 0.5], 7, 0.1),),
            "the unit direction of a zero gradient must be zero, not NaN.",
        ),
        Group(
            "one class a hundred million times louder than the other",
            "the size of a class gradient plays no part, only its direction",
            1,
            (problem([10.0, 1e-7], 8, 0.1), problem([1e-7, 10.0, 1.0], 8, 0.1)),
            "scale one row of grads by 1e-7 and see whether your step stays the same.",
        ),
        Group(
            "ten classes, and two classes that pull in opposite directions",
            "ten classes work, and exactly opposite classes leave the parameters where they are",
            1,
            (
                problem([2.0 / k for k in range(1, 11)], 30, 0.02),
                problem([3.0, 0.2], 5, 0.5, opposite=True),
            ),
            "check the sum over the classes for a case that you can work out by hand.",
            hidden=True,
        ),
    ),
    properties=(
        Property("a step can be at most lr times the number of classes long.", not_too_far),
        Property(
            "the squared length of the step must be lr squared times the sum of all cosines "
            "between the class gradients.",
            length_from_angles,
        ),
    ),
    mistakes=(
        Mistake(
            "plain_gd",
            "this is plain gradient descent: the class gradients are summed as they are.",
            "divide each class gradient by its own length before you sum.",
            (plain_gd,),
        ),
        Mistake(
            "total_normalised",
            "the gradients are summed first and the total is normalised: the majority still "
            "sets the direction.",
            "normalise each row first, then sum.",
            (total_normalised,),
        ),
        Mistake(
            "mean_of_directions",
            "the unit directions are averaged over the classes; PCNGD sums them.",
            "use a sum over dim=0, with no division by the number of classes.",
            (mean_of_directions,),
        ),
        Mistake(
            "normalised_again",
            "the sum of the unit directions is normalised once more; its length should shrink "
            "when the classes disagree.",
            "leave the sum as it is.",
            (normalised_again,),
        ),
        Mistake(
            "uphill",
            "the step goes up the loss: the sign is turned.",
            "subtract: params - lr * direction.",
            (uphill,),
        ),
        Mistake(
            "squared",
            "each class gradient is divided by its squared length, so short gradients now "
            "dominate.",
            "divide by the length: the root of the sum of squares.",
            (squared,),
        ),
        Mistake(
            "absolute_sum",
            "each class gradient is divided by its L1 norm.",
            "use the L2 norm: the root of the sum of squares.",
            (absolute_sum,),
        ),
        Mistake(
            "clipped",
            "long class gradients are cut to length 1, but short ones stay short.",
            "divide by the length itself, not by max(1, length).",
            (clipped,),
        ),
        Mistake(
            "whole_norm",
            "all classes are divided by one common length, so a short gradient stays short.",
            "divide each row by its own length, as in unit_directions.",
            tuple(map(step_along, (whole_norm, longest_norm, mean_norm, sum_of_norms))),
        ),
        Mistake(
            "columns",
            "the norm runs over the classes, one for each parameter.",
            "a class is a row: take the norm along dim=1, as in unit_directions.",
            (step_along(columns),),
        ),
        Mistake(
            "no_keepdim",
            "C numbers, one a class, stand in a row and do not line up with the rows of grads.",
            "reuse your unit_directions, or pass keepdim=True: a column [C, 1].",
            (step_along(no_keepdim),),
        ),
        Mistake(
            "guard_too_large",
            "the guard against division by zero is as large as a real gradient can be, so a "
            "fitted or very rare class is held back.",
            "reuse your unit_directions, or use a guard of at most 1e-12.",
            # Against the size of the parameters the smallest guards are not visible.
            tuple(map(step_along, guards(ADDED[:-2], ROOTED[:-2], FLOORS))),
        ),
        Mistake(
            "unguarded",
            "a missing class has a gradient of length 0, and 0/0 is NaN for every parameter.",
            "reuse your unit_directions, where a zero row stays zero.",
            (unguarded,),
        ),
        Mistake(
            "update_only",
            "the update is returned, not the parameters after it.",
            "return params minus the update.",
            (update_only, negative_update_only),
        ),
        Mistake(
            "no_step_size",
            "the learning rate is not used.",
            "multiply the direction by lr.",
            (no_step_size,),
        ),
        Mistake(
            "fixed_step_size",
            "the step size is 0.1 whatever lr is.",
            "multiply the direction by the argument lr.",
            (step_of_a_tenth,),
        ),
        Mistake(
            "two_classes_only",
            "only classes 0 and 1 take part in the step.",
            "sum over all rows: there can be more than two.",
            (two_classes,),
        ),
        Mistake(
            "not_summed",
            "each class makes a step of its own: the result has a row for every class.",
            "sum the unit directions over dim=0 before you subtract.",
            (not_summed,),
        ),
        Mistake(
            "wrong_axis",
            "the directions are summed over the parameters instead of the classes.",
            "sum over dim=0: one entry for each parameter is left.",
            (wrong_axis,),
        ),
        Mistake(
            "sum_of_all",
            "the sum runs over classes and parameters at once, so one number moves them all.",
            "sum over the classes only: dim=0.",
            (sum_of_all,),
        ),
        Mistake(
            "majority_only",
            "only class 0 takes part in the step.",
            "sum over all rows.",
            (majority_only,),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's parameters were overwritten.",
            "write params - ... in place of params -= ...",
            (in_place,),
        ),
    ),
)

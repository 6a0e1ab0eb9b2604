"""Exercise 03.2: one step of PCNSGD+R, in which every class advances alike."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.exercises.projections import two_sets
from imbal_lab.methods import gd_step, pcngd_step, projections, rescaled_step, unit_directions

Lengths = tuple[float, ...] | None
Step = Callable[..., Tensor]
Stretch = Callable[[Tensor, float], Tensor]


def problem(
    cosines: tuple[float, ...], size: int, lr: float, *, short: Lengths = None, floor: float = 0.05
) -> Case:
    """Parameters, and two sets of class gradients with about these cosines."""

    def draw(generator: Generator) -> Inputs:
        grads, full_grads = two_sets(cosines, size, generator, short, None)
        params = torch.randn(size, generator=generator, dtype=torch.float64)
        inputs = {"params": params, "grads": grads, "full_grads": full_grads, "lr": lr}
        return inputs if floor == 0.05 else {**inputs, "floor": floor}

    return Case(f"cosines {cosines}, {size} parameters, lr {lr}, {short}, floor {floor}", draw)


def not_too_far(inputs: Inputs, result: Tensor) -> bool:
    """No class goes further than lr / floor."""
    furthest = inputs["lr"] * len(inputs["grads"]) / inputs.get("floor", 0.05)
    return bool((result.double() - inputs["params"]).norm() <= furthest * (1 + 1e-6))


def in_the_span(inputs: Inputs, result: Tensor) -> bool:
    """The step is a sum of mini-batch directions, each taken downhill."""
    moved = (inputs["params"] - result.double())[:, None]
    grads = inputs["grads"][inputs["grads"].any(dim=1)]
    weights = torch.linalg.lstsq(grads.T, moved).solution
    left = (grads.T @ weights - moved).norm()
    return bool(left <= 1e-3 * moved.norm() and (weights >= 0).all())


def along(stretch: Stretch) -> Step:
    """A step with another factor [C] on the unit directions, made from p [C] and the floor."""

    def step(
        params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
    ) -> Tensor:
        p = projections(grads, full_grads)
        return params - lr * stretch(p, floor) @ unit_directions(grads)

    return step


def plain(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return pcngd_step(params, grads, lr)


def full_batch(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return pcngd_step(params, full_grads, lr)


def full_rescaled(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    p = projections(grads, full_grads).clamp_min(floor)
    return params - lr * (1 / p) @ unit_directions(full_grads)


def not_normalised(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    p = projections(grads, full_grads).clamp_min(floor)
    return gd_step(params, grads / p[:, None], lr)


def no_step_size(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return rescaled_step(params, grads, full_grads, 1.0, floor)


def uphill(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return rescaled_step(params, grads, full_grads, -lr, floor)


def update_only(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return rescaled_step(torch.zeros_like(params), grads, full_grads, -lr, floor)


def negative_update_only(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return -update_only(params, grads, full_grads, lr, floor)


def not_summed(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    p = projections(grads, full_grads).clamp_min(floor)
    return params - lr * unit_directions(grads) / p[:, None]


def averaged(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return rescaled_step(params, grads, full_grads, lr / len(grads), floor)


def of_the_totals(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    total, full = grads.sum(dim=0, keepdim=True), full_grads.sum(dim=0, keepdim=True)
    return params - lr * (unit_directions(grads) / projections(total, full).clamp_min(floor)).sum(0)


def fixed_floor(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    return rescaled_step(params, grads, full_grads, lr)


def in_place(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    params.copy_(rescaled_step(params, grads, full_grads, lr, floor))
    return params


def unguarded(
    params: Tensor, grads: Tensor, full_grads: Tensor, lr: float, floor: float = 0.05
) -> Tensor:
    units = grads / grads.norm(dim=1, keepdim=True)
    p = (units * unit_directions(full_grads)).sum(dim=1).clamp_min(floor)
    return params - lr * (units / p[:, None]).sum(dim=0)


EXERCISE = Exercise(
    id="rescaled_step",
    reference=rescaled_step,
    axes=("parameter",),
    groups=(
        Group(
            "three classes",
            "every class advances by lr along its own full-batch direction",
            2,
            (problem((0.9, 0.4, 0.7), 9, 0.3), problem((0.95, 0.5), 6, 0.05)),
            "write the pieces one by one: directions, projections, quotient, sum, times lr.",
        ),
        Group(
            "a mini-batch that says little, or points the wrong way",
            "a projection below the floor counts as the floor",
            1,
            (
                problem((0.9, 0.01), 8, 0.1),
                problem((-0.4, 0.8), 5, 0.1),
                problem((0.9, 0.3), 6, 0.2, floor=0.5),
            ),
            "print p before and after the floor: no entry may be below it.",
        ),
        Group(
            "a class that is missing from the batch",
            "a missing class neither moves nor breaks the step",
            1,
            (problem((0.8, 0.6, 0.5), 7, 0.1, short=(1.2, 0.0, 0.5)),),
            "the direction of a zero gradient is zero; look for 0/0.",
        ),
        Group(
            "ten classes, and a single one",
            "ten classes work, and a single one",
            1,
            (
                problem(tuple(0.95 - k / 12 for k in range(10)), 30, 0.02),
                problem((0.7,), 4, 0.3),
            ),
            "use the number of rows that is there, not a fixed one.",
            hidden=True,
        ),
    ),
    properties=(
        Property("no class can go further than lr / floor.", not_too_far),
        Property(
            "the step must be a sum of the mini-batch's class directions, each of them downhill.",
            in_the_span,
        ),
    ),
    mistakes=(
        Mistake(
            "not_rescaled",
            "this is PCNSGD: all directions have length 1, and p_l plays no part.",
            "divide the direction of class l by p_l before you sum.",
            (plain,),
        ),
        Mistake(
            "multiplied",
            "the directions are multiplied by p_l: noisy classes are held back even more.",
            "divide by p_l.",
            (
                along(lambda p, floor: p.clamp_min(floor)),
                along(lambda p, floor: p),
            ),
        ),
        Mistake(
            "not_normalised",
            "the gradients are divided by p_l but keep their lengths, so the majority is loudest.",
            "divide each row by its length first.",
            (not_normalised,),
        ),
        Mistake(
            "full_batch_step",
            "the step goes along the full-batch gradients, which the algorithm only measures with.",
            "use full_grads for p_l and nothing else; the directions are those of grads.",
            (full_batch, full_rescaled),
        ),
        Mistake(
            "product_form",
            "the direction is right, but the step is shorter by the product of all p_l (the "
            "authors' code does this).",
            "divide by p_l alone: each class then advances by exactly lr.",
            (along(lambda p, floor: p.clamp_min(floor).prod() / p.clamp_min(floor)),),
        ),
        Mistake(
            "squared_projection",
            "the directions are divided by the square of p_l.",
            "divide by p_l once; projections() already has both lengths in it.",
            (along(lambda p, floor: p.clamp_min(floor) ** -2),),
        ),
        Mistake(
            "one_projection",
            "one common p divides all classes, so none gains on another.",
            "each row has a p of its own: give p the shape [C, 1].",
            (
                along(lambda p, floor: 1 / p.mean().clamp_min(floor).expand_as(p)),
                along(lambda p, floor: 1 / p.prod().clamp_min(floor).expand_as(p)),
                of_the_totals,
            ),
        ),
        Mistake(
            "no_floor",
            "there is no floor: a small p_l throws the class far away, and a negative one turns "
            "it round.",
            "use p.clamp_min(floor), or torch.maximum, before you divide.",
            (along(lambda p, floor: 1 / p),),
        ),
        Mistake(
            "floor_added",
            "the floor is added to every p_l, so that all classes go too short.",
            "it replaces only what is smaller: p.clamp_min(floor).",
            (along(lambda p, floor: 1 / (p + floor)),),
        ),
        Mistake(
            "absolute",
            "the sign of p_l is dropped: a batch that points the wrong way counts as a good one.",
            "leave out abs(): a negative p_l is below the floor.",
            (
                along(lambda p, floor: 1 / p.abs().clamp_min(floor)),
                along(lambda p, floor: 1 / p.abs()),
            ),
        ),
        Mistake(
            "sign_kept",
            "a negative p_l turns the class round.",
            "a projection below the floor counts as the floor, negative ones too.",
            (along(lambda p, floor: p.sign() / p.abs().clamp_min(floor)),),
        ),
        Mistake(
            "left_out_below_the_floor",
            "a class whose p_l is below the floor is left out of the step, or not rescaled.",
            "let it count as the floor: max(p_l, floor).",
            (
                along(lambda p, floor: torch.where(p < floor, 0, 1 / p)),
                along(lambda p, floor: torch.where(p < floor, 1, 1 / p)),
            ),
        ),
        Mistake(
            "ceiling",
            "the floor was used as an upper limit, so every p_l is at most that small.",
            "p_l must be at least the floor: clamp_min, or torch.maximum.",
            (along(lambda p, floor: 1 / p.clamp_max(floor)),),
        ),
        Mistake(
            "fixed_floor",
            "the floor is 0.05 whatever was given.",
            "use the argument floor.",
            (fixed_floor,),
        ),
        Mistake(
            "uphill",
            "the step goes up the loss: the sign is turned.",
            "subtract: params - lr * direction.",
            (uphill,),
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
            "averaged",
            "the directions are averaged over the classes; PCNSGD+R sums them.",
            "use a sum over dim=0.",
            (averaged,),
        ),
        Mistake(
            "not_summed",
            "each class makes a step of its own: the result has a row for every class.",
            "sum over dim=0 before you subtract.",
            (not_summed,),
        ),
        Mistake(
            "unguarded",
            "a missing class has a gradient of length 0, and 0/0 is NaN for every parameter.",
            "treat length 0 on its own, as in lesson 02: a zero row stays zero.",
            (unguarded,),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's parameters were overwritten.",
            "write params - ... in place of params -= ...",
            (in_place,),
        ),
    ),
)

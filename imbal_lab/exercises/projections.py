"""Exercise 03.1: how much of a mini-batch direction points where its class wants to go."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.exercises.unit_directions import columns, mean_norm, safe, whole_norm
from imbal_lab.methods import projections, unit_directions

Lengths = tuple[float, ...] | None


def two_sets(
    cosines: tuple[float, ...], size: int, generator: Generator, short: Lengths, long: Lengths
) -> tuple[Tensor, Tensor]:
    """Gradients [C, size] of a mini-batch and of the training set with about these cosines.

    A cosine is drawn within 4 % of the one that is given; 1, 0 and -1 are exact. ``short`` and
    ``long`` are the lengths; without them they are drawn between 0.1 and 3.
    """
    draws = torch.randn(2, len(cosines), size, generator=generator, dtype=torch.float64)
    along = unit_directions(draws[0])
    across = unit_directions(draws[1] - (draws[1] * along).sum(dim=1, keepdim=True) * along)
    p = torch.tensor(cosines, dtype=torch.float64)[:, None]
    varied = p * (0.96 + 0.08 * torch.rand(p.shape, generator=generator, dtype=torch.float64))
    p = torch.where(p.abs() < 1, varied, p)
    turned = p * along + (1 - p**2).sqrt() * across
    drawn = 0.1 + 2.9 * torch.rand(2, len(cosines), 1, generator=generator, dtype=torch.float64)
    for k, given in enumerate((short, long)):
        if given is not None:
            drawn[k, :, 0] = torch.tensor(given)
    return drawn[0] * turned, drawn[1] * along


def pair(
    cosines: tuple[float, ...],
    size: int,
    *,
    short: Lengths = None,
    long: Lengths = None,
    dtype: torch.dtype = torch.float64,
) -> Case:
    """Two sets of class gradients with about these cosines."""

    def draw(generator: Generator) -> Inputs:
        grads, full_grads = two_sets(cosines, size, generator, short, long)
        return {"grads": grads.to(dtype), "full_grads": full_grads.to(dtype)}

    return Case(f"cosines {cosines}, {size} parameters, lengths {short}, {long}, {dtype}", draw)


def in_range(inputs: Inputs, result: Tensor) -> bool:
    return bool((result.double().abs() <= 1 + 1e-5).all())


def zero_for_zero(inputs: Inputs, result: Tensor) -> bool:
    zero = ~(inputs["grads"].any(dim=1) & inputs["full_grads"].any(dim=1))
    return bool((result[zero] == 0).all())


Function = Callable[[Tensor, Tensor], Tensor]


def of_units(function: Function) -> Function:
    """A mistake that begins with the unit directions of both."""
    return lambda grads, full_grads: function(unit_directions(grads), unit_directions(full_grads))


def with_norm(directions: Callable[[Tensor], Tensor]) -> Function:
    """The projections that a wrong length leads to."""
    return lambda grads, full: (directions(grads) * directions(full)).sum(dim=1)


def dots(grads: Tensor, full_grads: Tensor) -> Tensor:
    return (grads * full_grads).sum(dim=1)


def only_full(grads: Tensor, full_grads: Tensor) -> Tensor:
    return dots(grads, unit_directions(full_grads))


def only_batch(grads: Tensor, full_grads: Tensor) -> Tensor:
    return dots(unit_directions(grads), full_grads)


def over_squared(grads: Tensor, full_grads: Tensor) -> Tensor:
    return safe(dots(grads, full_grads), full_grads.square().sum(dim=1))


def over_own_squared(grads: Tensor, full_grads: Tensor) -> Tensor:
    return safe(dots(grads, full_grads), grads.square().sum(dim=1))


def with_the_total(grads: Tensor, full_grads: Tensor) -> Tensor:
    total = full_grads.sum(dim=0, keepdim=True).expand_as(full_grads)
    return dots(unit_directions(grads), unit_directions(total))


def with_the_batch_total(grads: Tensor, full_grads: Tensor) -> Tensor:
    return with_the_total(full_grads, grads)


def of_the_totals(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads.sum(0, keepdim=True), full_grads.sum(0, keepdim=True))[0]


def one_number(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads, full_grads).mean()


def everything_as_one(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads.reshape(1, -1), full_grads.reshape(1, -1))[0]


def every_pair(unit: Tensor, full: Tensor) -> Tensor:
    return unit @ full.T


def every_pair_turned(unit: Tensor, full: Tensor) -> Tensor:
    return full @ unit.T


def angle(grads: Tensor, full_grads: Tensor) -> Tensor:
    return torch.acos(projections(grads, full_grads))


def degrees(grads: Tensor, full_grads: Tensor) -> Tensor:
    return torch.rad2deg(angle(grads, full_grads))


def distance(grads: Tensor, full_grads: Tensor) -> Tensor:
    return 1 - projections(grads, full_grads)


def absolute(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads, full_grads).abs()


def squared(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads, full_grads) ** 2


def cut_at_zero(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads, full_grads).clamp_min(0)


def mean_product(unit: Tensor, full: Tensor) -> Tensor:
    return (unit * full).mean(dim=1)


def over_classes(unit: Tensor, full: Tensor) -> Tensor:
    return (unit * full).sum(dim=0)


def by_parameter(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads.T, full_grads.T)


def not_summed(unit: Tensor, full: Tensor) -> Tensor:
    return unit * full


def vectors(grads: Tensor, full_grads: Tensor) -> Tensor:
    return only_full(grads, full_grads)[:, None] * unit_directions(full_grads)


def unit_vectors(grads: Tensor, full_grads: Tensor) -> Tensor:
    return projections(grads, full_grads)[:, None] * unit_directions(full_grads)


def unguarded(grads: Tensor, full_grads: Tensor) -> Tensor:
    return dots(grads, full_grads) / (grads.norm(dim=1) * full_grads.norm(dim=1))


def one_where_zero(grads: Tensor, full_grads: Tensor) -> Tensor:
    there = grads.any(dim=1) & full_grads.any(dim=1)
    return torch.where(there, projections(grads, full_grads), 1.0)


def left_out(grads: Tensor, full_grads: Tensor) -> Tensor:
    there = grads.any(dim=1) & full_grads.any(dim=1)
    return projections(grads[there], full_grads[there])


def guard_on_product(eps: float) -> Function:
    return lambda grads, full: dots(grads, full) / (grads.norm(dim=1) * full.norm(dim=1) + eps)


def floor_on_product(eps: float) -> Function:
    return lambda grads, full: (
        dots(grads, full) / (grads.norm(dim=1) * full.norm(dim=1)).clamp_min(eps)
    )


def guard_on_each(eps: float) -> Function:
    return with_norm(lambda grads: grads / (grads.norm(dim=1, keepdim=True) + eps))


def floor_on_each(eps: float) -> Function:
    return with_norm(lambda grads: grads / grads.norm(dim=1, keepdim=True).clamp_min(eps))


EXERCISE = Exercise(
    id="projections",
    reference=projections,
    axes=("class",),
    groups=(
        Group(
            "three classes",
            "each class has the cosine of its own two gradients",
            2,
            (pair((0.9, 0.4, 0.7), 9), pair((0.5, 0.95), 6)),
            "take two vectors of length 2 and 3 at right angles: your result must be 0.",
        ),
        Group(
            "a class that is missing from the batch, or has no gradient left",
            "a class without a gradient on either side has projection 0",
            1,
            (
                pair((0.8, 0.6, 0.3), 7, short=(1.0, 0.0, 2.0)),
                pair((0.8, 0.6, 0.3), 7, long=(0.4, 1.0, 0.0)),
            ),
            "what does your code divide by when a row is all zeros?",
        ),
        Group(
            "a mini-batch that happens to point the wrong way",
            "a projection is negative where a mini-batch points the wrong way",
            1,
            (pair((0.9, -0.3), 8), pair((-1.0, 1.0, 0.0), 5)),
            "a cosine goes from -1 to 1; keep its sign.",
        ),
        Group(
            "one class a thousand times louder than another",
            "the lengths play no part, only the directions",
            1,
            (pair((0.6, 0.8), 8, short=(10.0, 1e-2), long=(1.0, 2.0)),),
            "multiply one row of grads by 1000: does your result stay the same?",
        ),
        Group(
            "a class that is nearly learnt, with short gradients on both sides",
            "short gradients count as much as long ones",
            1,
            (
                pair((0.9, 0.7), 7, short=(1.0, 4e-3), long=(2.0, 4e-3)),
                pair((0.95, 0.5), 9, short=(1.0, 1e-3), long=(2.0, 8e-4), dtype=torch.float32),
            ),
            "nothing but the two exact lengths may stand below the fraction bar.",
        ),
        Group(
            "ten classes, and single precision",
            "ten classes and single precision work",
            1,
            (
                pair(tuple(k / 10 for k in range(10)), 30),
                pair((0.9, 0.2), 6, short=(1e-2, 5e-3), dtype=torch.float32),
            ),
            "try a case with ten rows whose cosines you know.",
            hidden=True,
        ),
    ),
    properties=(
        Property("a projection lies between -1 and 1.", in_range),
        Property("a class without a gradient must have projection 0.", zero_for_zero),
    ),
    mistakes=(
        Mistake(
            "dot_products",
            "these are plain dot products: they grow with the lengths of both gradients.",
            "divide by the length of the one and by the length of the other.",
            (dots,),
        ),
        Mistake(
            "one_length_missing",
            "only one of the two gradients was divided by its length.",
            "divide by both lengths: p compares two directions.",
            (only_full, only_batch),
        ),
        Mistake(
            "squared_length",
            "the dot product was divided by the square of one length; that is the factor of an "
            "orthogonal projection.",
            "divide by the product of the two lengths.",
            (over_squared, over_own_squared),
        ),
        Mistake(
            "with_the_total",
            "each class is compared with the gradient of all classes together, and there the "
            "majority decides.",
            "compare row l of grads with row l of full_grads.",
            (with_the_total, with_the_batch_total),
        ),
        Mistake(
            "one_number",
            "there is one number for all classes.",
            "keep the classes apart: one projection for every row.",
            (of_the_totals, one_number, everything_as_one),
        ),
        Mistake(
            "every_pair",
            "every class is compared with every other: a matrix [C, C].",
            "only the same rows belong together: multiply entry by entry and sum over dim=1.",
            (of_units(every_pair), of_units(every_pair_turned)),
        ),
        Mistake(
            "angle",
            "this is the angle itself.",
            "return its cosine: leave out acos.",
            (angle, degrees),
        ),
        Mistake(
            "distance",
            "this is 1 - p, the cosine distance: it is small where little noise is.",
            "return p itself: 1 where both point the same way.",
            (distance,),
        ),
        Mistake(
            "squared",
            "this is the square of the cosine.",
            "return p itself; if you took squared lengths, take their roots.",
            (squared,),
        ),
        Mistake(
            "absolute",
            "the sign is lost: a batch that points the wrong way looks as good as a right one.",
            "leave out abs().",
            (absolute,),
        ),
        Mistake(
            "cut_at_zero",
            "negative projections were set to 0, so the worst batches no longer count.",
            "keep the sign here; the step of the next exercise has a floor of its own.",
            (cut_at_zero,),
        ),
        Mistake(
            "mean_of_products",
            "the products are averaged over the parameters, so p is P times too small.",
            "sum over dim=1.",
            (of_units(mean_product),),
        ),
        Mistake(
            "wrong_axis",
            "the sum runs over the classes: there is one number for every parameter.",
            "sum along a row: dim=1.",
            (of_units(over_classes), by_parameter),
        ),
        Mistake(
            "not_summed",
            "the products of the entries were not added up.",
            "sum them over dim=1: one number for each class is left.",
            (of_units(not_summed),),
        ),
        Mistake(
            "vectors",
            "these are projected vectors, one row for each class.",
            "p is a number: the dot product of the two unit directions.",
            (vectors, unit_vectors),
        ),
        Mistake(
            "common_length",
            "all classes are divided by one common length.",
            "divide each row by its own length.",
            (with_norm(whole_norm), with_norm(mean_norm)),
        ),
        Mistake(
            "columns",
            "the lengths run over the classes, one for each parameter.",
            "a class is a row: take lengths along dim=1.",
            (with_norm(columns),),
        ),
        Mistake(
            "unguarded",
            "a class without a gradient has length 0, and 0/0 is NaN.",
            "give such a class projection 0, for example with torch.where.",
            (unguarded,),
        ),
        Mistake(
            "one_where_zero",
            "a class without a gradient got projection 1, as if its direction were exact.",
            "nothing of the direction is there: return 0 for it.",
            (one_where_zero,),
        ),
        Mistake(
            "left_out",
            "classes without a gradient are left out, so the numbers after them change class.",
            "keep one number for each class.",
            (left_out,),
        ),
        Mistake(
            "guard_too_large",
            "the guard against division by zero is as large as the length of a real gradient.",
            "use a guard of at most 1e-8 for each length, or treat length 0 on its own.",
            (
                *(guard_on_product(10.0**-k) for k in range(7)),
                *(guard_on_each(10.0**-k) for k in range(7)),
                *(floor_on_product(10.0**-k) for k in range(5)),
                *(floor_on_each(10.0**-k) for k in range(3)),
            ),
        ),
        Mistake(
            "guard_on_the_product",
            "the guard stands beside the product of two lengths, and where both are short their "
            "product is hardly larger than the guard.",
            "guard each length on its own, or treat a product of 0 on its own.",
            (
                *(guard_on_product(10.0**-k) for k in (7, 8, 9)),
                *(floor_on_product(10.0**-k) for k in (5, 6)),
            ),
        ),
    ),
)

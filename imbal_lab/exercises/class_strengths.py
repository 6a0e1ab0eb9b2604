"""Exercise 06.2: the share of itself that an example of each class keeps."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import class_strengths


def about(sizes: list[int], lam_min: float) -> Case:
    """Whole counts within a tenth of ``sizes``, in their order."""

    def draw(generator: Generator) -> Inputs:
        factor = 0.9 + 0.2 * torch.rand(len(sizes), generator=generator)
        counts = (torch.tensor(sizes) * factor).ceil().long()
        return {"counts": counts, "lam_min": lam_min}

    return Case(f"about {sizes}, lam_min {lam_min}", draw)


def exactly(counts: list[float], lam_min: float, dtype: torch.dtype = torch.int64) -> Case:
    def draw(generator: Generator) -> Inputs:
        return {"counts": torch.tensor(counts, dtype=dtype), "lam_min": lam_min}

    return Case(f"counts {counts}, lam_min {lam_min}, {dtype}", draw)


def in_range(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= inputs["lam_min"] - 1e-4).all() and (result <= 1 + 1e-4).all())


def smallest_keeps_all(inputs: Inputs, result: Tensor) -> bool:
    return bool((result[inputs["counts"].argmin()] - 1).abs() < 1e-4)


def rarer_keeps_more(inputs: Inputs, result: Tensor) -> bool:
    by_count = result.double()[inputs["counts"].argsort(descending=True)]
    return bool((by_count.diff() >= -1e-4).all())


def place(values: Tensor) -> Tensor:
    """0 for the smallest value, 1 for the largest; 0 where all are equal."""
    above = values - values.min()
    return above / above.max() if above.any() else above


def turned_round(counts: Tensor, lam_min: float) -> Tensor:
    return lam_min + (1 - lam_min) * place(counts.double().log())


def no_logarithm(counts: Tensor, lam_min: float) -> Tensor:
    return 1 - (1 - lam_min) * place(counts.double())


def given_away(counts: Tensor, lam_min: float) -> Tensor:
    return 1 - class_strengths(counts, lam_min)


def to_zero(counts: Tensor, lam_min: float) -> Tensor:
    return 1 - place(counts.double().log())


def place_alone(counts: Tensor, lam_min: float) -> Tensor:
    return place(counts.double().log())


def factor_wrong(counts: Tensor, lam_min: float) -> Tensor:
    return 1 - lam_min * place(counts.double().log())


def of_the_example(counts: Tensor, lam_min: float) -> Tensor:
    return class_strengths(counts, 0.7)


def powers(counts: Tensor, lam_min: float) -> Tensor:
    return lam_min ** place(counts.double().log())


def count_ratio(counts: Tensor, lam_min: float) -> Tensor:
    return counts.min() / counts.double()


def count_ratio_floored(counts: Tensor, lam_min: float) -> Tensor:
    return count_ratio(counts, lam_min).clamp_min(lam_min)


def from_zero(counts: Tensor, lam_min: float) -> Tensor:
    log_n = counts.double().log()
    return 1 - (1 - lam_min) * log_n / log_n.max()


def ends_of_the_list(counts: Tensor, lam_min: float) -> Tensor:
    log_n = counts.double().log()
    return 1 - (1 - lam_min) * (log_n - log_n[-1]) / (log_n[0] - log_n[-1])


def largest_only(counts: Tensor, lam_min: float) -> Tensor:
    return torch.where(counts == counts.max(), lam_min, 1.0)


def two_halves(counts: Tensor, lam_min: float) -> Tensor:
    return torch.where(counts > counts.double().mean(), lam_min, 1.0)


def two_halves_by_median(counts: Tensor, lam_min: float) -> Tensor:
    return torch.where(counts > counts.double().median(), lam_min, 1.0)


def unguarded(counts: Tensor, lam_min: float) -> Tensor:
    above = counts.double().log() - counts.double().log().min()
    return 1 - (1 - lam_min) * above / above.max()


def equal_are_major(counts: Tensor, lam_min: float) -> Tensor:
    return unguarded(counts, lam_min).nan_to_num(lam_min)


def one_number_if_equal(counts: Tensor, lam_min: float) -> Tensor:
    return class_strengths(counts, lam_min) if counts.max() > counts.min() else torch.tensor(1.0)


def equal_are_zero(counts: Tensor, lam_min: float) -> Tensor:
    return unguarded(counts, lam_min).nan_to_num(0)


def in_order(counts: Tensor, lam_min: float) -> Tensor:
    return class_strengths(counts, lam_min).sort().values


def shares_of_all(counts: Tensor, lam_min: float) -> Tensor:
    return 1 - (1 - lam_min) * counts / counts.sum()


EXERCISE = Exercise(
    id="class_strengths",
    reference=class_strengths,
    axes=("class",),
    groups=(
        Group(
            "a long tail",
            "lam_min for the largest class, 1 for the smallest, by logarithms between them",
            2,
            (about([5000, 900, 300, 50], 0.7), about([400, 60, 8], 0.6)),
            "compute (ln n_c - ln n_min) / (ln n_max - ln n_min) on paper for three classes.",
        ),
        Group(
            "classes that are not sorted by size",
            "every class keeps its place, whatever the order",
            1,
            (about([60, 400, 8, 150], 0.7), about([12, 12, 700], 0.5)),
            "use the smallest and the largest count, wherever they stand.",
        ),
        Group(
            "classes of equal size",
            "where nobody is major, nobody is weakened",
            1,
            (exactly([40, 40, 40], 0.7), exactly([9], 0.6)),
            "0/0 is NaN: decide what happens when all counts are equal before you divide.",
        ),
        Group(
            "two sizes and ten classes, in double precision",
            "a step profile and other numbers work as well",
            1,
            (
                exactly([300.0] * 5 + [15.0] * 5, 0.7, torch.float64),
                exactly([80.0, 1.0], 0.9, torch.float64),
            ),
            "avoid numbers that fix the number of classes, the counts or the precision.",
            hidden=True,
        ),
    ),
    properties=(
        Property("the smallest class must keep all of itself: 1.", smallest_keeps_all),
        Property("every share must lie between lam_min and 1.", in_range),
        Property("a rarer class must never keep less than a more frequent one.", rarer_keeps_more),
    ),
    mistakes=(
        Mistake(
            "turned_round",
            "the smallest class gets lam_min and the largest keeps all: the minor ones are "
            "weakened.",
            "start from 1 and take away (1 - lam_min) times the class's place.",
            (turned_round,),
        ),
        Mistake(
            "no_logarithm",
            "the places are measured in counts, so all but the largest classes keep nearly all.",
            "take the logarithm of the counts first.",
            (no_logarithm,),
        ),
        Mistake(
            "given_away",
            "this is the share that the partner gets, not the one that the example keeps.",
            "return 1 minus that.",
            (given_away,),
        ),
        Mistake(
            "to_zero",
            "lam_min is not used: the largest class keeps nothing of itself, and its examples "
            "become their partners under a wrong label.",
            "multiply the class's place by (1 - lam_min) before you subtract it from 1.",
            (to_zero,),
        ),
        Mistake(
            "place_alone",
            "this is the class's place, 0 for the smallest and 1 for the largest, not yet a share.",
            "the share is 1 minus (1 - lam_min) times the place.",
            (place_alone,),
        ),
        Mistake(
            "factor_wrong",
            "the place is multiplied by lam_min, so the largest class keeps 1 - lam_min.",
            "multiply the place by (1 - lam_min).",
            (factor_wrong,),
        ),
        Mistake(
            "of_the_example",
            "0.7, the lam_min of the example, is built in.",
            "use the argument lam_min, whatever it is.",
            (of_the_example,),
        ),
        Mistake(
            "powers",
            "lam_min is raised to the power of the place; the ends are right, and those between "
            "are not.",
            "go down in a straight line: 1 minus (1 - lam_min) times the place.",
            (powers,),
        ),
        Mistake(
            "count_ratio",
            "the smallest count over the class's own leaves next to nothing of a large class.",
            "the counts play a part through their logarithms only, and no share is below lam_min.",
            (count_ratio, count_ratio_floored),
        ),
        Mistake(
            "from_zero",
            "the logarithm of the smallest count is not subtracted, so the smallest class is "
            "weakened too.",
            "subtract ln n_min above and below the fraction bar.",
            (from_zero,),
        ),
        Mistake(
            "ends_of_the_list",
            "the first count is taken for the largest and the last for the smallest.",
            "use counts.max() and counts.min().",
            (ends_of_the_list,),
        ),
        Mistake(
            "two_sizes",
            "there are two shares only, lam_min and 1; those between are missing.",
            "let the share go down with the logarithm of the count.",
            (largest_only, two_halves, two_halves_by_median),
        ),
        Mistake(
            "shares_of_all",
            "each count was divided by the sum of all, so even the largest class keeps more than "
            "lam_min.",
            "the place is measured between the smallest and the largest count, in logarithms.",
            (shares_of_all,),
        ),
        Mistake(
            "in_order",
            "the shares are right, but sorted: they no longer stand at their classes.",
            "keep the order of counts.",
            (in_order,),
        ),
        Mistake(
            "unguarded",
            "with equal counts numerator and denominator are zero, and 0/0 is NaN.",
            "give every class 1 where the largest count equals the smallest.",
            (unguarded,),
        ),
        Mistake(
            "equal_are_major",
            "with equal counts every class is treated as the largest one.",
            "nobody is major then: give every class 1.",
            (equal_are_major,),
        ),
        Mistake(
            "equal_are_zero",
            "with equal counts every class keeps nothing of itself.",
            "nobody is major then: give every class 1.",
            (equal_are_zero,),
        ),
        Mistake(
            "one_number_if_equal",
            "where all counts are equal one number comes back, not one for each class.",
            "return as many ones as there are classes: torch.ones(len(counts)).",
            (one_number_if_equal,),
        ),
    ),
)
